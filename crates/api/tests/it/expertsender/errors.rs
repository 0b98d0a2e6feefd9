//! Refusals: what stands in them, and that everything wrong is told at once and nothing is stored.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use super::{batch, get, order, post, refusal};
use crate::fixture::{MOST_BYTES, bare, events, key, serving, serving_setup, setup_with};

on_both_engines! {
    async fn every_problem_of_a_batch_is_listed_with_its_place(engine: Engine) {
        let t = serving(engine).await;
        let wrong = json!({
            "id": "", "date": "yesterday", "timeZone": "Mars Standard Time", "websiteId": 2_147_483_648_i64, "status": "open",
            "currency": "EURO", "totalValue": -1, "returnsValue": "much", "customer": { "email": 5, "phone": "1".repeat(21) },
            "products": [
                { "id": "x".repeat(129), "name": "", "price": "a lot", "quantity": 2_147_483_648_i64, "returned": -1, "url": "u".repeat(2049), "category": 1, "imageUrl": 7, "productAttributes": [{ "name": "", "value": {} }] },
                {},
            ],
            "orderAttributes": {},
        });
        let refused = post(&t, "/orders", &batch("Add", [order("A"), wrong, json!({})])).await;
        let (status, errors) = refusal(&refused);
        assert_eq!(status, 400);
        insta::allow_duplicates! {
        insta::assert_snapshot!(errors.join("\n"), @r#"
        data[1].id: expected at least 1 character(s), found ""
        data[1].timeZone: expected a time zone such as "Pacific Standard Time" or "Europe/Warsaw", found "Mars Standard Time"
        data[1].date: expected a date and time such as "2024-11-06T10:10:00.055Z" (input is too short), found "yesterday"
        data[1].websiteId: expected 2147483647 or less, found 2147483648
        data[1].status: expected one of placed, paid, completed, canceled, found "open"
        data[1].currency: expected at most 3 characters, found "EURO"
        data[1].totalValue: expected 0 or more, found -1
        data[1].returnsValue: expected a number, found "much"
        data[1].customer.email: expected a text, found 5
        data[1].customer.phone: expected at most 20 characters, found "111111111111111111111"
        data[1].products[0].price: expected a number, found "a lot"
        data[1].products[0].quantity: expected 2147483647 or less, found 2147483648
        data[1].products[0].id: expected at most 128 characters, found "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
        data[1].products[0].name: expected at least 1 character(s), found ""
        data[1].products[0].imageUrl: expected a text, found 7
        data[1].products[0].url: expected at most 2048 characters, found "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu…
        data[1].products[0].category: expected a text, found 1
        data[1].products[0].returned: expected 0 or more, found -1
        data[1].products[0].productAttributes[0].value: expected a text, found an object
        data[1].products[0].productAttributes[0].name: expected at least 1 character(s), found ""
        data[1].products[1].price: is required
        data[1].products[1].quantity: is required
        data[1].products[1].id: is required
        data[1].products[1].name: is required
        data[1].orderAttributes: expected a list, found an object
        data[2].id: is required
        data[2].date: is required
        data[2].totalValue: is required
        data[2].customer: is required
        data[2].products: is required
        "#);
        }
        let body = refused.json();
        assert_eq!(body["detail"], "Nothing was stored: see the errors.");
        assert_eq!(get(&t, "/orders/A").await.status, 404, "nothing is stored");
        assert_eq!(get(&t, "/customers/email/ann@example.com").await.status, 404);
        assert_eq!(events(&t).await, [""; 0]);
    }

    async fn a_body_that_is_no_batch_is_refused_in_the_published_shape(engine: Engine) {
        let t = serving(engine).await;
        let problem = |errors: Json| json!({ "status": 400, "body": {
            "type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
            "title": "One or more validation errors occurred.",
            "status": 400,
            "substatus": "CustomerInvalidModelState",
            "detail": errors[0],
            "instance": "",
            "errors": errors,
        } });
        for (body, error) in [
            ("[]", "body: expected an object, found a list of 0"),
            ("{", "the body is no JSON: EOF while parsing an object: line 1 column 1"),
            (r#"{"mode":"Add","data":{}}"#, "data: expected a list, found an object"),
            (r#"{"mode":"Upsert","data":[{"id":"A","date":"2026-03-01T09:00:00Z","totalValue":1,"customer":{"email":"a@example.com"},"products":[]}]}"#, "mode: expected one of Add, AddOrReplace, Replace, found \"Upsert\""),
        ] {
            let answer = bare(&t, &[("x-api-key", "sec-acme")], Method::POST, "/orders", body).await;
            assert_eq!(answer.story(), problem(json!([error])), "{body}");
        }
    }

    async fn only_401_and_500_have_no_errors(engine: Engine) {
        let t = serving_setup(engine, &setup_with(&key("reader", "[\"read\"]"))).await;
        for headers in [&[][..], &[("x-api-key", "wrong")], &[("x-api-key", "")]] {
            let nobody = bare(&t, headers, Method::POST, "/orders", "{}").await;
            assert_eq!((nobody.status.as_u16(), nobody.header("content-type")), (401, "application/problem+json"));
            let body = nobody.json();
            assert!(body.get("errors").is_none() && body["substatus"] == "Unauthorized", "{body}");
        }
        let reader = [("x-api-key", "sec-reader")];
        let body = batch("Add", [order("A")]).to_string();
        let denied = bare(&t, &reader, Method::POST, "/orders", &body).await;
        assert_eq!(denied.story(), json!({ "status": 401, "body": {
            "type": "https://tools.ietf.org/html/rfc7235#section-3.1",
            "title": "Unauthorized",
            "status": 401,
            "substatus": "Forbidden",
            "detail": "The key may not do this: it lacks the scope write.",
            "instance": "",
        } }));
        assert_eq!(refusal(&bare(&t, &reader, Method::DELETE, "/orders", "").await).0, 405);
        assert_eq!(refusal(&bare(&t, &reader, Method::GET, "/orders/a/b", "").await).0, 404);
        assert_eq!(refusal(&bare(&t, &reader, Method::GET, "/expertsender/customers/a/b/c", "").await).0, 404);
        let large = " ".repeat(MOST_BYTES + 1);
        assert_eq!(refusal(&bare(&t, &[("x-api-key", "sec-acme")], Method::POST, "/orders", &large).await).0, 413);
    }
}
