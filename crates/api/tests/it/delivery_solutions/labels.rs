//! Links to labels: they name the order, expire, and lead to no label that is not good any more.

use std::time::Duration;

use domain::channel::Dialect;
use http::Method;
use serde_json::{Value as Json, json};
use testkit::{Answer, TestApp, on_both_engines};

use super::fixture::{created, delete, order, path, put, refusal, serving, shown};
use crate::fixture::{bare, kind_of};
use crate::openapi::conforms;

/// Opens a link as anybody would, and holds the answer against the document.
async fn open(t: &TestApp, link: &str) -> Answer {
    let path = link.strip_prefix("http://127.0.0.1:8080").unwrap();
    let answer = bare(t, &[], Method::GET, path, "").await;
    conforms(Dialect::DeliverySolutions, "GET /api/v2/label", &answer);
    answer
}

fn link(order: &Json) -> String {
    assert_eq!(order["label"]["url"], order["referenceLinks"]["labelLink"]);
    order["label"]["url"].as_str().unwrap().to_owned()
}

on_both_engines! {
    async fn a_link_leads_to_the_label_of_its_order_until_it_expires(engine: Engine) {
        let t = serving(engine).await;
        let (first, second) = (created(&t, &order("A")).await, created(&t, &order("B")).await);
        let label = open(&t, &link(&first)).await;
        assert_eq!((label.status.as_u16(), kind_of(&label.bytes)), (200, "<PDF>"));
        let denied = json!({ "status": 403, "body": { "Message": "User is not authorized to access this resource with an explicit deny" } });
        let token = link(&first).split_once("&token=").unwrap().1.to_owned();
        let of = |id: &Json| format!("http://127.0.0.1:8080/api/v2/label?orderId={}&token={token}", id.as_str().unwrap());
        assert_eq!(link(&first), of(&first["id"]));
        for wrong in [of(&second["id"]), of(&json!("x")), of(&json!("")), link(&first) + "x", link(&first).replace(&token, "never")] {
            assert_eq!(open(&t, &wrong).await.story(), denied, "{wrong}");
        }
        for without in ["http://127.0.0.1:8080/api/v2/label", "http://127.0.0.1:8080/api/v2/label?orderId=1&token="] {
            assert_eq!(open(&t, without).await.story(), json!({ "status": 401, "body": { "message": "Unauthorized" } }));
        }
        t.clock.advance(Duration::from_hours(8 * 24));
        assert_eq!(open(&t, &link(&first)).await.story(), denied);
    }

    async fn e1_a_link_that_was_given_out_before_does_not_print_what_is_out_of_date(engine: Engine) {
        let t = serving(engine).await;
        let before = link(&created(&t, &order("A")).await);
        let moved = json!({ "deliveryAddress": { "street1": "727 Albany Street" } });
        assert_eq!(put(&t, &path("A"), &moved).await.status, 200);
        let refused = open(&t, &before).await;
        let (status, kind, text) = refusal(&refused);
        assert_eq!((status, kind.as_str()), (409, "INVALID_OPERATION"));
        assert!(text.contains("out of date"), "{text}");
        assert_eq!(put(&t, &format!("{}?forceUpdate=true", path("A")), &moved).await.status, 200);
        assert_eq!(open(&t, &before).await.status, 409, "the old one was voided");
        assert_eq!(open(&t, &link(&shown(&t, "A").await)).await.status, 200);
    }

    async fn e2_the_link_of_a_cancelled_order_prints_nothing(engine: Engine) {
        let t = serving(engine).await;
        let before = link(&created(&t, &order("A")).await);
        assert_eq!(delete(&t, "A").await.status, 200);
        assert_eq!(refusal(&open(&t, &before).await).0, 409);
    }
}
