//! Quotes are taken in time, and nothing is ordered twice whatever becomes of the answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::connector::{BookRequest, Booking, CancelRequest, Connection, Trace};
use domain::rate::Rate;
use domain::{CarrierError, Timestamp};
use serde_json::json;

use super::super::stand_in::{self, DoorDash};
use super::{account, at, quoted};
use crate::Now;
use crate::testing::{Server, Trouble, handed};

/// A courier whose clock the test moves, by the second.
struct Scene {
    server: Server<DoorDash>,
    connection: Arc<dyn Connection>,
    second: Arc<AtomicI64>,
}

impl Scene {
    async fn open() -> Self {
        let second = Arc::new(AtomicI64::new(0));
        let read = Arc::clone(&second);
        let now: Arc<Now> = Arc::new(move || Timestamp::from_second(read.load(Ordering::SeqCst)).unwrap());
        let server = stand_in::start(Arc::clone(&now)).await;
        let connection = super::super::connector(&handed(now)).connect(&account(&server.url)).ok().unwrap();
        Self { server, connection, second }
    }

    async fn book(&self, rate: Option<Rate>) -> Result<Booking, CarrierError> {
        let now = Timestamp::from_second(self.second.load(Ordering::SeqCst)).unwrap();
        self.connection.book(&BookRequest { now, ..at(rate) }, &Trace::default()).await
    }

    fn live(&self) -> usize {
        self.server.with(|doordash| doordash.live().len())
    }
}

#[tokio::test]
async fn a_quote_is_taken_in_time_and_ordered_under_our_reference_when_it_is_over() {
    let scene = Scene::open().await;
    let rate = quoted(&scene.connection).await;
    let taken = scene.book(Some(rate.clone())).await.unwrap();
    assert_eq!(taken.carrier_reference, rate.offer);
    assert_eq!(scene.book(Some(rate.clone())).await.unwrap(), taken, "taken twice is the same");
    // Long after its end it is still the one that was taken.
    scene.second.store(3600, Ordering::SeqCst);
    assert_eq!(scene.book(Some(rate.clone())).await.unwrap(), taken);
    assert_eq!(scene.live(), 1);

    let scene = Scene::open().await;
    let rate = quoted(&scene.connection).await;
    scene.second.store(271, Ordering::SeqCst);
    let late = scene.book(Some(rate)).await.unwrap();
    assert_eq!(late.carrier_reference.as_deref(), Some("reference-7"));
    assert_eq!((scene.live(), scene.server.calls("accept")), (1, 0));
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_nothing_is_ordered_twice() {
    for rate in [true, false] {
        let scene = Scene::open().await;
        let rate = if rate { Some(quoted(&scene.connection).await) } else { None };
        let name = if rate.is_some() { "accept" } else { "create" };
        for trouble in [Trouble::DropsAfter, Trouble::DropsBefore, Trouble::Garbles, Trouble::Says(500, json!({}))] {
            scene.server.trouble(name, trouble);
            let lost = scene.book(rate.clone()).await;
            assert!(lost.is_ok() || lost.unwrap_err().is_unsure());
        }
        let found = scene.connection.find(&at(rate.clone()), &Trace::default()).await.unwrap().unwrap();
        assert_eq!(scene.book(rate).await.unwrap(), found);
        assert_eq!(scene.live(), 1);
    }
}

#[tokio::test]
async fn a_quote_that_nobody_took_is_no_booking() {
    let scene = Scene::open().await;
    let rate = quoted(&scene.connection).await;
    let found = scene.connection.find(&at(Some(rate)), &Trace::default()).await;
    assert_eq!(found, Ok(None));
}

#[tokio::test]
async fn a_cancellation_is_carried_out_once_and_refused_when_the_goods_are_gone() {
    let scene = Scene::open().await;
    scene.book(None).await.unwrap();
    let ask =
        CancelRequest { reference: "reference-7".to_owned(), carrier_reference: None, tracking_numbers: Vec::new() };
    let cancel = async || scene.connection.cancel(&ask, &Trace::default()).await;
    scene.server.with(|doordash| doordash.advance("reference-7", "picked_up"));
    assert_eq!(
        cancel().await.unwrap_err().to_string(),
        "The delivery cannot be cancelled (DoorDash cancel_not_allowed, delivery_picked_up)"
    );
    scene.server.with(|doordash| doordash.advance("reference-7", "created"));
    let busy = json!({ "code": "cancel_not_allowed", "reason": "delivery_creation_in_progress" });
    scene.server.trouble("cancel", Trouble::Says(409, busy));
    assert!(cancel().await.unwrap_err().is_unsure());
    scene.server.trouble("cancel", Trouble::DropsAfter);
    assert!(cancel().await.unwrap_err().is_unsure());
    assert_eq!(cancel().await, Ok(()), "it was carried out before");
    assert_eq!(scene.live(), 0);
}
