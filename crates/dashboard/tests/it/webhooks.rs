//! The page of a webhook: it is headed by where it goes, and each delivery by what it tells.

use std::sync::Arc;

use app::webhooks::{EventBody, News};
use domain::channel::Dialect;
use testkit::on_both_engines;
use testkit::sink::Sink;

use crate::browser::{Browser, cups, desk_of, place, setup};

/// The native dialect in a word.
struct Words;

impl EventBody for Words {
    fn dialect(&self) -> Dialect {
        Dialect::Native
    }

    fn bodies(&self, news: &News, _variant: Option<&str>) -> Vec<Vec<u8>> {
        vec![news.event.kind.as_str().as_bytes().to_vec()]
    }
}

on_both_engines! {
    async fn a_delivery_is_headed_by_what_it_tells_and_leads_to_its_order(engine: Engine) {
        let sink = Sink::start().await;
        let endpoint = format!("[[tenant.webhook]]\nurl = \"{}\"\nsecret = \"s\"\ndialect = \"native\"\nevents = [\"order.*\"]\n\n[[tenant.integration]]", sink.url);
        let setup = setup().replacen("[[tenant.integration]]", &endpoint, 1);
        let t = desk_of(engine, |builder| builder.setup(setup).event_bodies(vec![Arc::new(Words)])).await;
        let order = place(&t, vec![cups("1001")]).await[0];
        t.run_jobs().await;
        let mut viewer = Browser::signed_in(&t, "sec-viewer").await;
        let list = viewer.get("/ui/webhooks").await.text();
        let path = list.split_once("href=\"/ui/webhooks/").unwrap().1.split_once('"').unwrap().0;
        let page = viewer.get(&format!("/ui/webhooks/{path}")).await.text();
        let host = sink.url.split('/').nth(2).unwrap().to_owned();
        assert!(page.contains(&format!("<h1>Webhook to {host}</h1>")), "{page}");
        let delivery = page.split_once("<article").unwrap().1;
        assert!(delivery.contains("<h2>Order created <span class=\"quiet code\">evt_"), "{page}");
        assert!(delivery.contains(&format!("About <a href=\"/ui/orders/{order}\">{order}</a>, made 2026-03-02 11:00")), "{page}");
    }
}
