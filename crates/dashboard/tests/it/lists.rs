//! What lists show, how they are searched, and what a page of them costs.

use http::StatusCode;
use testkit::{on_both_engines, statements};

use crate::browser::{Browser, cups, desk, place};

/// Numbers of the orders that a page lists, in its order.
fn listed(page: &str) -> Vec<String> {
    let rows = page.split("<td><a href=\"/ui/orders/").skip(1);
    rows.map(|row| row.split_once('>').unwrap().1.split_once('<').unwrap().0.to_owned()).collect()
}

/// The way to the next part.
fn older(page: &str) -> Option<String> {
    let (before, _) = page.split_once("rel=\"next\">")?;
    let path = before.rsplit_once("href=\"")?.1.split_once('"')?.0;
    Some(path.replace("&#38;", "&").replace("&amp;", "&"))
}

on_both_engines! {
    async fn every_order_is_on_exactly_one_part_of_the_list_and_each_part_costs_the_same(engine: Engine) {
        let t = desk(engine).await;
        place(&t, (1..=120).map(|number| cups(&format!("{number:04}"))).collect()).await;
        let mut person = Browser::signed_in(&t, "sec-viewer").await;
        let (mut path, mut seen, mut costs) = ("/ui/orders".to_owned(), Vec::new(), Vec::new());
        loop {
            let before = statements();
            let page = person.get(&path).await.text();
            costs.push(statements() - before);
            seen.extend(listed(&page));
            match older(&page) {
                Some(next) => path = next,
                None => break,
            }
        }
        let expected: Vec<_> = (1..=120).rev().map(|number| format!("#{number:04}")).collect();
        assert_eq!(seen, expected);
        assert!(costs.len() == 3 && costs.iter().all(|cost| *cost <= 9), "statements a page: {costs:?}");
        let of_few = {
            let before = statements();
            person.get("/ui/orders?q=0119").await;
            statements() - before
        };
        assert!(of_few <= 9, "a search takes {of_few} statements");
    }

    async fn orders_are_found_by_what_people_type_and_scanners_read(engine: Engine) {
        let t = desk(engine).await;
        let orders = place(&t, vec![cups("1001"), cups("1002"), cups("2001")]).await;
        let acme = t.caller("sec-acme", domain::channel::Dialect::Native).await;
        let shipment = t.app.ship(&acme, orders[1], &app::shipments::ShipWish::default()).await.unwrap();
        let mut person = Browser::signed_in(&t, "sec-viewer").await;
        for (typed, expected) in [("100", &["#1002", "#1001"][..]), ("#2", &["#2001"]), ("mustermann", &["#2001", "#1002", "#1001"]), ("BERLIN", &["#2001", "#1002", "#1001"]), ("nobody", &[])] {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", typed).finish();
            assert_eq!(listed(&person.get(&format!("/ui/orders?{query}")).await.text()), expected, "{typed}");
        }
        assert_eq!(listed(&person.get("/ui/orders?stage=labelled").await.text()), ["#1002"]);
        assert_eq!(listed(&person.get("/ui/orders?stage=open&country=de").await.text()), ["#2001", "#1001"]);
        assert_eq!(listed(&person.get("/ui/orders?stage=open&country=nl").await.text()), [""; 0]);
        let parcel = &shipment.parcels[0];
        let sscc = parcel.sscc.clone().unwrap();
        let number = parcel.tracking_number.clone().unwrap();
        let there = format!("/ui/orders/{}", orders[1]);
        for code in [number, sscc.clone(), format!("00{sscc}"), format!("(00){sscc}"), format!("]C100{sscc}"), "1002".to_owned(), "#1002".to_owned(), orders[1].to_string(), shipment.id.to_string()] {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("code", &code).finish();
            let answer = person.get(&format!("/ui/scan?{query}")).await;
            assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, there.as_str()), "{code}");
        }
    }

    async fn a_page_of_an_order_costs_the_same_however_much_happened(engine: Engine) {
        let t = desk(engine).await;
        let orders = place(&t, vec![cups("1001"), cups("1002")]).await;
        let acme = t.caller("sec-acme", domain::channel::Dialect::Native).await;
        t.app.ship(&acme, orders[1], &app::shipments::ShipWish::default()).await.unwrap();
        t.run_jobs().await;
        let mut person = Browser::signed_in(&t, "sec-viewer").await;
        for (order, most) in [(orders[0], 12), (orders[1], 12)] {
            let before = statements();
            let page = person.get(&format!("/ui/orders/{order}")).await;
            assert_eq!(page.status, StatusCode::OK);
            let cost = statements() - before;
            assert!(cost <= most, "{order} takes {cost} statements");
        }
    }
}
