//! A shop's own order statuses and what they stand for.

use http::Method;
use serde_json::{Value as Json, json};
use testkit::on_both_engines;

use crate::fixture::serving;

const PATH: &str = "/api/v3/shop-order-statuses";
const MAPPING: &str = "/api/v3/shop-order-statuses/mapping";

fn status(external_id: &str, english: &str, german: &str) -> Json {
    json!({ "external_id": external_id, "translations": [
        { "status": english, "language": "en-gb" },
        { "status": german, "language": "de-de" },
    ] })
}

fn shown(external_id: &str, english: &str, german: &str, is_german: bool, deleted_at: Json) -> Json {
    let mut view = status(external_id, english, german);
    view["status"] = json!(if is_german { german } else { english });
    view["deleted_at"] = deleted_at;
    view
}

fn ok(data: Json) -> Json {
    json!({ "status": 200, "body": { "data": data } })
}

fn unknown_integration() -> Json {
    json!({ "status": 404, "body": { "errors": [{
        "status": 404,
        "code": "not_found",
        "title": "Not Found",
        "detail": "The Integration could not be found with the search criteria given",
    }] } })
}

on_both_engines! {
    async fn statuses_are_kept_and_the_missing_ones_marked_deleted(engine: Engine) {
        let t = serving(engine).await;
        assert_eq!(t.get(&format!("{PATH}?integration_id=7")).await.story(), ok(json!([])));
        let (open, done) = (status("1", "Open", "Offen"), status("2", "Done", "Fertig"));
        let kept = t.post(PATH, &json!({ "integration_id": 7, "statuses": [open, done] })).await;
        let plain = |id, english, german| shown(id, english, german, false, Json::Null);
        assert_eq!(kept.story(), ok(json!([plain("1", "Open", "Offen"), plain("2", "Done", "Fertig")])));

        t.clock.advance(std::time::Duration::from_mins(1));
        let kept = t.post(&format!("{PATH}/"), &json!({ "integration_id": 7, "statuses": [done] })).await;
        assert_eq!(kept.story(), ok(json!([plain("2", "Done", "Fertig")])));
        let german = t.get(&format!("{PATH}?integration_id=7&language=de-de&show_deleted=true")).await;
        assert_eq!(
            german.story(),
            ok(json!([
                shown("2", "Done", "Fertig", true, Json::Null),
                shown("1", "Open", "Offen", true, json!("2026-03-02T10:01:00.000Z")),
            ]))
        );
        assert_eq!(t.get(&format!("{PATH}?integration_id=8&show_deleted=1")).await.story(), ok(json!([])));
    }

    async fn a_mapping_is_kept_and_says_what_is_still_valid(engine: Engine) {
        let t = serving(engine).await;
        let entry = |category: &str, id: Json| json!({ "status_category": category, "external_id": id });
        let seen = |category: &str, id: Json, is_valid: bool| {
            json!({
                "status_category": category, "external_id": id, "is_valid": is_valid,
            })
        };
        let categories = ["READY_TO_SEND", "IN_TRANSIT", "DELIVERED", "CANCEL"];
        let nothing: Json = categories.iter().map(|category| seen(category, Json::Null, true)).collect();
        let empty = ok(json!({ "integration_id": 7, "mapping": nothing }));
        assert_eq!(t.get(&format!("{MAPPING}?integration_id=7")).await.story(), empty);

        t.post(PATH, &json!({ "integration_id": 7, "statuses": [status("2", "Done", "Fertig")] })).await;
        let sent = json!({ "integration_id": 7, "mapping": [
            entry("DELIVERED", json!("2")),
            entry("READY_TO_SEND", Json::Null),
            entry("IN_TRANSIT", json!("9")),
            entry("CANCEL", Json::Null),
        ] });
        let answer = ok(json!({ "integration_id": 7, "mapping": [
            seen("READY_TO_SEND", Json::Null, true),
            seen("IN_TRANSIT", json!("9"), false),
            seen("DELIVERED", json!("2"), true),
            seen("CANCEL", Json::Null, true),
        ] }));
        assert_eq!(t.post(MAPPING, &sent).await.story(), answer);
        assert_eq!(t.get(&format!("{MAPPING}?integration_id=7")).await.story(), answer);
        let statuses = t.get(&format!("{PATH}?integration_id=7")).await.json();
        assert_eq!(statuses["data"].as_array().unwrap().len(), 1, "the statuses stay");

        // Changing the integration keeps both.
        crate::fixture::patch(&t, "/api/v3/integrations/7", &json!({ "shop_name": "X" })).await;
        assert_eq!(t.get(&format!("{MAPPING}?integration_id=7")).await.story(), answer);
    }

    async fn an_integration_must_be_named_and_known(engine: Engine) {
        let t = serving(engine).await;
        let missing = json!({ "status": 400, "body": { "errors": [{
            "status": "400",
            "code": "non_field_errors",
            "title": "integration ID",
            "detail": "Integration ID is a required GET parameter",
        }] } });
        let entry = |category: &str| json!({ "status_category": category, "external_id": null });
        let entries = ["READY_TO_SEND", "IN_TRANSIT", "DELIVERED", "CANCEL"].map(entry);
        let mapping = json!({ "integration_id": 9, "mapping": entries });
        for path in [PATH, MAPPING] {
            assert_eq!(t.get(path).await.story(), missing);
            assert_eq!(t.get(&format!("{path}?integration_id=")).await.story(), missing);
            assert_eq!(t.get(&format!("{path}?integration_id=9")).await.story(), unknown_integration());
            let wrong = t.get(&format!("{path}?integration_id=shop")).await;
            assert_eq!(wrong.json()["errors"][0]["code"], "invalid_choice");
            assert_eq!(t.call(Method::POST, path, "{").await.status, 400);
        }
        let statuses = json!({ "integration_id": 9, "statuses": [] });
        assert_eq!(t.post(PATH, &statuses).await.story(), unknown_integration());
        assert_eq!(t.post(MAPPING, &mapping).await.story(), unknown_integration());
    }

    async fn statuses_and_mappings_that_cannot_be_read_are_refused(engine: Engine) {
        let t = serving(engine).await;
        let invalid = |field: &str, detail: &str| {
            json!({
                "status": "400",
                "code": "invalid",
                "detail": detail,
                "source": { "pointer": format!("/data/attributes/{field}") },
            })
        };
        let statuses = t
            .post(
                PATH,
                &json!({ "statuses": [
            { "external_id": "", "translations": [] },
            { "external_id": "1", "translations": [{ "status": "X", "language": "xx" }] },
        ] }),
            )
            .await;
        let languages = "Input should be 'en-us', 'en-gb', 'fr-fr', 'de-de', 'nl-nl', 'es-es' or 'it-it'";
        assert_eq!(
            statuses.story(),
            json!({ "status": 400, "body": { "errors": [
            invalid("integration_id", "Field required"),
            invalid("statuses/0/translations", "List should have at least 1 item after validation, not 0"),
            invalid("statuses/0/external_id", "String should have at least 1 character"),
            invalid("statuses/1/translations/0/language", languages),
        ] } })
        );
        let mapping = t
            .post(
                MAPPING,
                &json!({ "integration_id": 7, "mapping": [
            { "status_category": "LOST" },
        ] }),
            )
            .await;
        let categories = "Input should be 'READY_TO_SEND', 'IN_TRANSIT', 'DELIVERED' or 'CANCEL'";
        assert_eq!(
            mapping.story(),
            json!({ "status": 400, "body": { "errors": [
            invalid("mapping/0/external_id", "Field required"),
            invalid("mapping/0/status_category", categories),
            invalid("mapping", "List should have at least 4 items after validation, not 1"),
        ] } })
        );
    }
}
