//! Collections: whoever asks the carrier to come may be killed at any step, and the carrier may say nothing; it ends with
//! a carrier that comes once, or with one that surely does not.

use std::time::Duration;

use app::collections::{CollectionList, CollectionWish};
use domain::collection::{Collection, CollectionStatus};
use domain::event::EventKind;
use domain::{Error, Result};
use testkit::carrier::{Outcome, Scripted};
use testkit::on_both_engines;

use crate::fixture::{Shop, carrier_words, until};

fn wish() -> CollectionWish {
    CollectionWish {
        account: "house".to_owned(),
        location: None,
        day: "2026-03-02".parse().unwrap(),
        from: "14:00:00".parse().unwrap(),
        until: "17:00:00".parse().unwrap(),
        parcels: Some(3),
        note: None,
    }
}

async fn shop(engine: testkit::Engine) -> Shop {
    Shop::of(Scripted::collecting(), engine, |builder| builder).await
}

impl Shop {
    async fn ask_to_come(&self) -> Result<Collection> {
        self.app().request_collection(&self.acme, &wish()).await
    }

    async fn only_collection(&self) -> Collection {
        let found = self
            .app()
            .collections(&self.acme, CollectionList { limit: 10, ..CollectionList::default() })
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
        found.into_iter().next().unwrap()
    }

    /// What the carrier was asked so far, and how many collections it comes for.
    fn coming(&self) -> (usize, usize) {
        self.carrier.ledger(|ledger| (ledger.collections_asked, ledger.coming.len()))
    }

    /// Every event of a collection: what it says, who is behind it and why.
    async fn news(&self) -> Vec<(EventKind, Option<String>, Option<String>)> {
        self.t.run_jobs().await;
        let events = self.app().feed(&self.acme, 0, 50).await.unwrap();
        let of_collection = events.into_iter().map(|(_, event)| event).filter(|event| event.about.collection.is_some());
        of_collection.map(|event| (event.kind, event.about.by.map(|by| by.who), event.about.reason)).collect()
    }
}

fn by_shop(kind: EventKind) -> (EventKind, Option<String>, Option<String>) {
    (kind, Some("key:pub-acme".to_owned()), None)
}

on_both_engines! {
    async fn a_carrier_is_asked_again_by_itself_when_whoever_asked_was_killed(engine: Engine) {
        let shop = shop(engine).await;
        shop.carrier.next_collection(Outcome::Slow(60_000));
        tokio::select! {
            answer = shop.ask_to_come() => panic!("the carrier had not answered: {answer:?}"),
            () = until(|| shop.coming().0 == 1) => {}
        }
        let left = shop.only_collection().await;
        assert_eq!((left.status, left.details.failure.clone()), (CollectionStatus::Requesting, None));
        // As long as whoever asked may be alive, nobody else does.
        assert_eq!(shop.ask_to_come().await.unwrap(), left);
        let early = shop.app().cancel_collection(&shop.acme, left.id).await;
        let words = "the carrier is just being asked to come: try again in a moment";
        assert_eq!(early, Err(Error::Conflict(words.to_owned())));
        shop.later(59).await;
        assert_eq!(shop.coming().0, 1);
        shop.later(2).await;
        let settled = shop.only_collection().await;
        assert_eq!((settled.status, settled.due_at), (CollectionStatus::Requested, None));
        assert_eq!(settled.details.confirmation, Some(format!("C-{}", settled.id)));
        assert_eq!(shop.coming(), (2, 1), "asked twice under one reference: it comes once");
        assert_eq!(shop.news().await, [by_shop(EventKind::CollectionRequested)]);
        assert_eq!(shop.ask_to_come().await.unwrap(), settled);
        shop.later(3600).await;
        assert_eq!(shop.coming().0, 2);
    }

    async fn a_lost_answer_is_asked_for_until_there_is_one(engine: Engine) {
        let shop = shop(engine).await;
        for outcome in [Outcome::LostAnswer, Outcome::Silent, Outcome::Busy(300), Outcome::Gibberish] {
            shop.carrier.next_collection(outcome);
        }
        assert_eq!(carrier_words(shop.ask_to_come().await), "the carrier did not answer: no answer");
        // Whoever asks again need not wait.
        assert_eq!(carrier_words(shop.ask_to_come().await), "the carrier did not answer: no answer");
        assert_eq!(shop.coming(), (2, 1));
        shop.later(61).await;
        assert_eq!(shop.coming(), (3, 1));
        shop.later(299).await;
        assert_eq!(shop.coming(), (3, 1), "it asked for five minutes");
        shop.later(2).await;
        assert_eq!(shop.coming(), (4, 1));
        shop.later(61).await;
        assert_eq!(shop.coming(), (5, 1));
        assert_eq!(shop.only_collection().await.status, CollectionStatus::Requested);
        assert_eq!(shop.news().await, [by_shop(EventKind::CollectionRequested)]);
    }

    async fn a_no_that_comes_late_is_told(engine: Engine) {
        let shop = shop(engine).await;
        shop.carrier.next_collection(Outcome::Silent);
        shop.carrier.next_collection(Outcome::No("no driver is free"));
        drop(shop.ask_to_come().await);
        shop.later(61).await;
        assert_eq!(shop.only_collection().await.status, CollectionStatus::Refused);
        let (_, by, _) = by_shop(EventKind::CollectionRefused);
        let told = (EventKind::CollectionRefused, by, Some("no driver is free".to_owned()));
        assert_eq!(shop.news().await, [told]);
        // The day is free again.
        assert_eq!(shop.ask_to_come().await.unwrap().status, CollectionStatus::Requested);
    }

    async fn a_cancellation_goes_on_by_itself_too(engine: Engine) {
        let shop = shop(engine).await;
        let id = shop.ask_to_come().await.unwrap().id;
        shop.carrier.next_collection(Outcome::Slow(60_000));
        tokio::select! {
            answer = shop.app().cancel_collection(&shop.acme, id) => panic!("the carrier had not answered: {answer:?}"),
            () = until(|| shop.coming().0 == 2) => {}
        }
        assert_eq!(shop.only_collection().await.status, CollectionStatus::Cancelling);
        let words = format!("the carrier is being told not to come ({id}): ask again later");
        assert_eq!(shop.ask_to_come().await, Err(Error::Conflict(words)));
        shop.carrier.next_collection(Outcome::Silent);
        shop.later(61).await;
        assert_eq!((shop.only_collection().await.status, shop.coming()), (CollectionStatus::Cancelling, (3, 0)));
        shop.later(61).await;
        let cancelled = shop.only_collection().await;
        assert_eq!((cancelled.status, cancelled.due_at), (CollectionStatus::Cancelled, None));
        assert_eq!(shop.app().cancel_collection(&shop.acme, id).await.unwrap(), cancelled);
        let told = [EventKind::CollectionRequested, EventKind::CollectionCancelled].map(by_shop);
        assert_eq!((shop.news().await, shop.coming()), (told.to_vec(), (4, 0)));
    }

    async fn a_carrier_that_does_not_let_itself_be_cancelled_comes(engine: Engine) {
        let shop = shop(engine).await;
        let id = shop.ask_to_come().await.unwrap().id;
        shop.carrier.next_collection(Outcome::No("the driver is on the way"));
        let refused = shop.app().cancel_collection(&shop.acme, id).await;
        assert_eq!(carrier_words(refused), "the driver is on the way");
        let stands = shop.only_collection().await;
        assert_eq!((stands.status, stands.due_at), (CollectionStatus::Requested, None));
        // Cancelled before anybody knew whether it comes, and the carrier knows of nothing: a person must look.
        let other = CollectionWish { day: "2026-03-03".parse().unwrap(), ..wish() };
        shop.carrier.next_collection(Outcome::Silent);
        drop(shop.app().request_collection(&shop.acme, &other).await);
        let open = shop.app().collections(&shop.acme, CollectionList { limit: 1, ..CollectionList::default() }).await.unwrap().remove(0);
        shop.carrier.next_collection(Outcome::No("no such collection"));
        drop(shop.app().cancel_collection(&shop.acme, open.id).await);
        shop.later(3600).await;
        assert_eq!(shop.coming().0, 4, "nobody is asked any more");
        let (_, by, _) = by_shop(EventKind::CollectionUnsettled);
        let unsettled = (EventKind::CollectionUnsettled, by, Some("no such collection".to_owned()));
        assert_eq!(shop.news().await, [by_shop(EventKind::CollectionRequested), unsettled]);
        // Its day is not lost: asked again, the carrier comes under the same reference.
        let again = shop.app().request_collection(&shop.acme, &other).await.unwrap();
        assert_eq!((again.id, again.status), (open.id, CollectionStatus::Requested));
    }

    async fn when_the_window_is_over_a_person_is_told(engine: Engine) {
        let shop = shop(engine).await;
        shop.carrier.next_collection(Outcome::Silent);
        drop(shop.ask_to_come().await);
        // From eleven in the morning there to after five.
        shop.t.clock.advance(Duration::from_hours(6));
        shop.later(1).await;
        let left = shop.only_collection().await;
        assert_eq!((left.status, left.due_at, shop.coming().0), (CollectionStatus::Requesting, None, 1));
        let (_, by, _) = by_shop(EventKind::CollectionUnsettled);
        let why = Some("the window was over before the carrier answered".to_owned());
        assert_eq!(shop.news().await, [(EventKind::CollectionUnsettled, by, why)]);
    }
}
