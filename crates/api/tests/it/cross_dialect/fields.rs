//! What each field becomes: the same value in every dialect that has a place for it.

use serde_json::Value as Json;
use testkit::on_both_engines;

use super::shipped;
use super::spoken::{SPOKEN, serving};

/// A field, and where it stands in each dialect, in the order of [`SPOKEN`].
type Field = (&'static str, [Option<&'static str>; SPOKEN.len()]);

const NOWHERE: Option<&str> = None;

const FIELDS: [Field; 12] = [
    (
        "external id",
        [Some("/order_id"), Some("/orderExternalId"), Some("/id"), Some("/order_id"), Some("/_externalReferenceId")],
    ),
    (
        "placed at",
        [Some("/order_details/order_created_at"), Some("/createdDate"), Some("/date"), Some("/order_date"), NOWHERE],
    ),
    ("total", [Some("/payment_details/total_price/value"), Some("/orderValue"), Some("/totalValue"), NOWHERE, NOWHERE]),
    (
        "currency",
        [Some("/payment_details/total_price/currency"), Some("/currencyCode"), Some("/currency"), NOWHERE, NOWHERE],
    ),
    (
        "name of a line",
        [
            Some("/order_details/order_items/0/name"),
            Some("/itemList/0/title"),
            Some("/products/0/name"),
            NOWHERE,
            NOWHERE,
        ],
    ),
    (
        "quantity",
        [
            Some("/order_details/order_items/0/quantity"),
            Some("/itemList/0/quantity"),
            Some("/products/0/quantity"),
            NOWHERE,
            NOWHERE,
        ],
    ),
    (
        "price",
        [
            Some("/order_details/order_items/0/unit_price/value"),
            Some("/itemList/0/price"),
            Some("/products/0/price"),
            NOWHERE,
            NOWHERE,
        ],
    ),
    ("SKU", [Some("/order_details/order_items/0/sku"), Some("/itemList/0/sku"), NOWHERE, NOWHERE, NOWHERE]),
    (
        "recipient",
        [
            Some("/shipping_address/name"),
            Some("/deliveryContact/name"),
            NOWHERE,
            NOWHERE,
            Some("/shipment/shipTo/name"),
        ],
    ),
    (
        "city",
        [
            Some("/shipping_address/city"),
            Some("/deliveryAddress/city"),
            NOWHERE,
            Some("/shipments/0/recipient_city"),
            Some("/shipment/shipTo/address/city"),
        ],
    ),
    (
        "postal code",
        [
            Some("/shipping_address/postal_code"),
            Some("/deliveryAddress/postalCode"),
            NOWHERE,
            Some("/shipments/0/recipient_zip"),
            Some("/shipment/shipTo/address/postalCode"),
        ],
    ),
    ("notes", [Some("/order_details/notes"), Some("/deliveryInstructions"), NOWHERE, NOWHERE, NOWHERE]),
];

/// A value without the spelling of one dialect: instants are seconds, numbers are numbers.
fn plain(value: &Json) -> Json {
    match value {
        Json::String(text) => {
            let text = text.strip_suffix("+0000").map_or_else(|| text.clone(), |utc| format!("{utc}Z"));
            text.parse::<domain::Timestamp>().map_or_else(|_| Json::from(text), |at| Json::from(at.as_second()))
        }
        Json::Number(number) => {
            let number = number.as_f64().unwrap();
            // An instant in milliseconds.
            if number > 1e12 && number < 1e13 {
                Json::from((number / 1000.0).floor() as i64)
            } else {
                Json::from(number)
            }
        }
        value => value.clone(),
    }
}

on_both_engines! {
    async fn a_field_of_one_dialect_is_the_same_in_every_other_that_has_it(engine: Engine) {
        let mut compared = 0;
        for (mine, first) in SPOKEN.iter().enumerate() {
            let t = serving(engine).await;
            first.placed(&t, "A").await;
            shipped(&t, "ord_1").await;
            let mut shown = Vec::new();
            for spoken in &SPOKEN {
                shown.push(spoken.order(&t, "A").await.unwrap());
            }
            for (name, places) in FIELDS {
                let Some(written) = places[mine].and_then(|place| shown[mine].pointer(place)) else { continue };
                for (other, place) in places.iter().enumerate() {
                    let Some(place) = place else { continue };
                    let read = shown[other].pointer(place).cloned().unwrap_or_default();
                    assert_eq!(plain(&read), plain(written), "{name} of {} in {}", first.name, SPOKEN[other].name);
                    compared += 1;
                }
            }
        }
        assert!(compared > 80, "{compared} places were compared");
    }
}
