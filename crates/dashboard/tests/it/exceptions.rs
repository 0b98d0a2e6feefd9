//! What waits for a person: the reason stands beside each order, and goes with it.

use app::batches::BatchWish;
use domain::channel::Dialect;
use domain::order::OrderDetails;
use testkit::{on_both_engines, statements};

use crate::browser::{Browser, cups, desk, place};

/// An order that goes nowhere.
fn without_address(number: &str) -> OrderDetails {
    OrderDetails { shipping_address: None, ..cups(number) }
}

/// The row of an order on the page of exceptions.
fn row<'a>(page: &'a str, order: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("<tr><td><a href=\"/ui/orders/{order}\""))?;
    rest.split_once("</tr>").map(|(row, _)| row)
}

on_both_engines! {
    async fn an_order_that_a_batch_refused_shows_why_until_it_is_changed(engine: Engine) {
        let t = desk(engine).await;
        let acme = t.caller("sec-acme", Dialect::Native).await;
        let mut misspelt = cups("1002");
        misspelt.shipping_address.as_mut().unwrap().postal_code = Some("1".to_owned());
        let orders = place(&t, vec![without_address("1001"), misspelt]).await;
        t.app.label_orders(&acme, &orders[..1], BatchWish::default()).await.unwrap();
        t.app.check_address(&acme, orders[1]).await.unwrap();
        t.run_jobs().await;

        let (refused, misspelt) = (orders[0].to_string(), orders[1].to_string());
        let mut viewer = Browser::signed_in(&t, "sec-viewer").await;
        let page = viewer.get("/ui/exceptions").await.text();
        let why = "shipping_address";
        assert!(row(&page, &refused).unwrap().contains(why), "{page}");
        assert!(row(&page, &misspelt).unwrap().contains("is no postal code of DE"), "{page}");
        let order = viewer.get(&format!("/ui/orders/{refused}")).await.text();
        let notice = order.split_once("It could not be shipped:").unwrap().1.split_once("</div>").unwrap().0;
        assert!(notice.contains(why), "{order}");

        place(&t, vec![cups("1001")]).await;
        let page = viewer.get("/ui/exceptions").await.text();
        assert_eq!((row(&page, &refused), row(&page, &misspelt).is_some()), (None, true));
        assert!(!viewer.get(&format!("/ui/orders/{refused}")).await.text().contains("It could not be shipped"));
    }

    async fn the_page_costs_the_same_however_many_orders_were_refused(engine: Engine) {
        let t = desk(engine).await;
        let acme = t.caller("sec-acme", Dialect::Native).await;
        let mut viewer = Browser::signed_in(&t, "sec-viewer").await;
        let mut costs = Vec::new();
        for numbers in [1001..1002, 2001..2021] {
            let orders = place(&t, numbers.map(|number: i32| without_address(&number.to_string())).collect()).await;
            t.app.label_orders(&acme, &orders, BatchWish::default()).await.unwrap();
            t.run_jobs().await;
            let before = statements();
            let page = viewer.get("/ui/exceptions").await.text();
            costs.push(statements() - before);
            assert_eq!(page.matches("shipping_address").count(), if orders.len() == 1 { 1 } else { 21 }, "{page}");
        }
        assert_eq!(costs[0], costs[1], "statements a page");
    }
}
