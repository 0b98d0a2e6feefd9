//! Checks: what a look at an account found is kept, and what is news is told once.

use domain::CarrierError;
use domain::account::AccountHealth;
use domain::connector::Checked;
use domain::event::Event;
use testkit::carrier::Scripted;
use testkit::on_both_engines;

use crate::fixture::Shop;

/// What was told of the account so far: kind and reason.
async fn told(shop: &Shop) -> Vec<String> {
    // Once to look, once to number what is news.
    shop.t.run_jobs().await;
    shop.t.run_jobs().await;
    let events = shop.app().feed(&shop.acme, 0, 200).await.unwrap();
    let line = |event: &Event| {
        assert_eq!(event.about.account.as_deref(), Some("house"));
        format!("{}: {}", event.kind.as_str(), event.about.reason.as_deref().unwrap_or("-"))
    };
    events.iter().map(|(_, event)| line(event)).collect()
}

fn finds(shop: &Shop, found: Result<Checked, CarrierError>) {
    shop.carrier.ledger(|ledger| ledger.check = Some(found));
}

async fn health(shop: &Shop) -> AccountHealth {
    let views = shop.app().carrier_accounts(&shop.acme).await.unwrap();
    views[0].check.as_ref().unwrap().health()
}

const DAY: u64 = 24 * 3600;

on_both_engines! {
    async fn m2_the_end_of_credentials_is_told_in_time_and_not_every_day(engine: Engine) {
        let shop = Shop::open(engine).await;
        // Forty days from the beginning of the story.
        let ends = "2026-04-11T10:00:00Z".parse().unwrap();
        finds(&shop, Ok(Checked { expires_at: Some(ends), ..Checked::default() }));
        assert_eq!((told(&shop).await, health(&shop).await), (Vec::new(), AccountHealth::Good));
        for _ in 0..42 {
            shop.later(DAY).await;
        }
        let text = "carrier_account.expiring: the credentials end at 2026-04-11T10:00:00Z";
        assert_eq!(told(&shop).await, [text; 4], "30, 14, 7 days before, and one");
        assert_eq!(health(&shop).await, AccountHealth::Ending);
        // Whoever gives it new ones begins anew.
        let ends = "2027-04-11T10:00:00Z".parse().unwrap();
        finds(&shop, Ok(Checked { expires_at: Some(ends), ..Checked::default() }));
        shop.later(DAY).await;
        assert_eq!((told(&shop).await.len(), health(&shop).await), (4, AccountHealth::Good));
    }

    async fn m2_a_trouble_is_told_once_named_and_told_when_it_is_over(engine: Engine) {
        let shop = Shop::open(engine).await;
        finds(&shop, Err(CarrierError::Credentials("the secret was revoked".to_owned())));
        assert_eq!(told(&shop).await.len(), 1);
        shop.later(DAY).await;
        let missing = vec!["Labels (booking)".to_owned()];
        finds(&shop, Ok(Checked { missing, ..Checked::default() }));
        shop.later(DAY).await;
        assert_eq!(health(&shop).await, AccountHealth::Limited);
        // A carrier that does not answer neither ends a trouble nor makes one.
        finds(&shop, Err(CarrierError::unavailable("no answer")));
        shop.later(DAY).await;
        assert_eq!(health(&shop).await, AccountHealth::Unknown);
        finds(&shop, Ok(Checked::default()));
        shop.later(3600).await;
        assert_eq!(told(&shop).await, [
            "carrier_account.failing: the carrier does not accept the account's credentials: the secret was revoked",
            "carrier_account.failing: the account lacks a permission: Labels (booking)",
            "carrier_account.recovered: -",
        ]);
        assert_eq!(shop.asked(), (0, 0, 0), "nothing was bought");
    }

    async fn m2_an_account_is_looked_at_once_a_day_also_after_a_restart(engine: Engine) {
        let shop = Shop::open(engine).await;
        let looks = || shop.carrier.ledger(|ledger| ledger.checks_asked);
        for _ in 0..3 {
            shop.t.run_jobs().await;
        }
        let other = shop.t.another(shop.app().connectors().to_vec()).await;
        other.run_jobs_until_idle().await.unwrap();
        assert_eq!(looks(), 1);
        shop.later(DAY - 1).await;
        assert_eq!(looks(), 1);
        shop.later(1).await;
        other.run_jobs_until_idle().await.unwrap();
        assert_eq!(looks(), 2);
    }

    async fn an_account_that_is_changed_is_looked_at_again_at_once(engine: Engine) {
        let shop = Shop::of(Scripted::new(), engine, |builder| builder).await;
        shop.t.run_jobs().await;
        let setup = testkit::scripted_setup().replace("settings = {}", "settings = { token = \"another\" }");
        let files = |_: &str| Ok(String::new());
        let setup = app::setup::file::read(&setup, &files, &|_| None, shop.app().connectors()).unwrap();
        shop.app().apply(setup).await.unwrap();
        shop.t.run_jobs().await;
        assert_eq!(shop.carrier.ledger(|ledger| ledger.checks_asked), 2);
    }

    async fn m5_the_end_of_a_carriers_interface_is_told_from_ninety_days_before(engine: Engine) {
        let shop = Shop::of(Scripted::ending(), engine, |builder| builder).await;
        // It ends with 10 June; the story begins on 2 March, a hundred days before.
        let interface = async || shop.app().carrier_accounts(&shop.acme).await.unwrap()[0].account.profile.map(|profile| &profile.interface).unwrap();
        assert_eq!((told(&shop).await, interface().await.warning(shop.app().now())), (Vec::new(), None));
        for _ in 0..9 { shop.later(DAY).await; }
        assert_eq!(told(&shop).await, [""; 0], "91 and a half days before its last moment");
        // A carrier that does not answer is no reason to keep silent about it.
        finds(&shop, Err(CarrierError::unavailable("no answer")));
        for _ in 0..2 { shop.later(DAY).await; }
        let text = "carrier_account.interface_ending: the carrier's interface script 1 ends on 2026-06-10: install a newer Waybill that speaks the next one before";
        assert_eq!(told(&shop).await, [text], "once, and not every day");
        assert_eq!(health(&shop).await, AccountHealth::Unknown);
        finds(&shop, Ok(Checked::default()));
        for _ in 0..91 { shop.later(DAY).await; }
        let over = "the carrier's interface script 1 ended on 2026-06-10: install a newer Waybill that speaks the next one";
        assert_eq!(told(&shop).await, [text; 5], "90, 60, 30 and 7 days before, and one");
        assert_eq!(interface().await.warning(shop.app().now()).as_deref(), Some(over));
    }
}
