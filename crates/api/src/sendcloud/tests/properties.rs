//! For any order whatever: it is given back as written, and nothing makes the reader panic.

use proptest::prelude::*;

use super::super::encode;
use super::super::order::{DANGEROUS_GOODS, EXPORT_TYPES, SHIPMENT_TYPES};
use super::super::patch::patch;
use super::{FULL, UPLOAD, decoded, one, only, sorted, stored, without_what_we_add};
use crate::json::{Json, parse};

type Field = (&'static str, BoxedStrategy<Option<Json<'static>>>);

fn always(name: &'static str, value: impl Strategy<Value = Json<'static>> + 'static) -> Field {
    (name, value.prop_map(Some).boxed())
}

fn maybe(name: &'static str, value: impl Strategy<Value = Json<'static>> + 'static) -> Field {
    (name, prop_oneof![3 => Just(None), 1 => Just(Some(Json::Null)), 4 => value.prop_map(Some)].boxed())
}

fn object(fields: Vec<Field>) -> BoxedStrategy<Json<'static>> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let members = move |values: Vec<Option<Json<'static>>>| {
        names.iter().zip(values).filter_map(|(name, value)| Some(((*name).into(), value?))).collect()
    };
    values.prop_map(move |values| Json::Object(members(values))).boxed()
}

fn list(value: BoxedStrategy<Json<'static>>, length: std::ops::Range<usize>) -> BoxedStrategy<Json<'static>> {
    prop::collection::vec(value, length).prop_map(Json::List).boxed()
}

fn words() -> BoxedStrategy<Json<'static>> {
    "[^\0]{1,12}".prop_map(Json::from).boxed()
}

fn one_of(words: &'static [&'static str]) -> BoxedStrategy<Json<'static>> {
    prop::sample::select(words).prop_map(Json::from).boxed()
}

fn number() -> BoxedStrategy<Json<'static>> {
    prop_oneof!["0|[1-9][0-9]{0,13}", "(0|[1-9][0-9]{0,13})\\.[0-9]{1,14}", "-[1-9]\\.[0-9]{1,4}"]
        .prop_map(|digits| Json::Number(digits.into()))
        .boxed()
}

fn positive() -> BoxedStrategy<Json<'static>> {
    "[1-9][0-9]{0,9}(\\.[0-9]{1,9})?".prop_map(|digits| Json::Number(digits.into())).boxed()
}

fn time() -> BoxedStrategy<Json<'static>> {
    (1_i64..4_000_000_000_000_000, any::<bool>())
        .prop_map(|(micros, whole)| {
            let micros = if whole { micros / 1_000 * 1_000 } else { micros };
            Json::from(super::moment(domain::time::from_micros(micros)))
        })
        .boxed()
}

fn price() -> BoxedStrategy<Json<'static>> {
    object(vec![always("value", number()), always("currency", "[A-Za-z]{3}".prop_map(Json::from))])
}

fn cost() -> BoxedStrategy<Json<'static>> {
    object(vec![maybe("value", number()), maybe("currency", "[A-Z]{3}".prop_map(Json::from))])
}

fn free() -> BoxedStrategy<Json<'static>> {
    let leaf =
        prop_oneof![words(), number(), Just(Json::Null), any::<bool>().prop_map(Json::Bool), Just(Json::from(""))];
    object(vec![maybe("a", leaf.clone()), maybe("b", list(leaf.boxed(), 0..3)), maybe("c", Just(Json::Object(vec![])))])
}

fn status() -> BoxedStrategy<Json<'static>> {
    object(vec![always("code", words()), maybe("message", words())])
}

fn measurement() -> BoxedStrategy<Json<'static>> {
    let side = || "(0|[1-9][0-9]{0,5})(\\.[0-9]{1,3})?".prop_map(|digits| Json::Number(digits.into()));
    object(vec![
        maybe(
            "dimension",
            object(vec![
                always("length", side()),
                always("width", side()),
                always("height", side()),
                always("unit", one_of(&["cm", "mm", "m", "yd", "ft", "in"])),
            ]),
        ),
        maybe("weight", object(vec![always("value", positive()), always("unit", one_of(&["kg", "g", "lbs", "oz"]))])),
        maybe(
            "volume",
            object(vec![
                always("value", (0_i64..1 << 53).prop_map(Json::from)),
                always("unit", one_of(&["m3", "cm3", "l", "ml", "gal"])),
            ]),
        ),
    ])
}

fn item() -> BoxedStrategy<Json<'static>> {
    let goods = DANGEROUS_GOODS.iter().map(|(name, allowed)| match allowed {
        [] => maybe(name, words()),
        allowed => always(name, one_of(allowed)),
    });
    object(vec![
        maybe("item_id", words()),
        maybe("product_id", words()),
        maybe("variant_id", words()),
        maybe("image_url", "https://[a-z]{1,8}\\.example/[a-z]{0,8}".prop_map(Json::from)),
        always("name", words()),
        maybe("description", words()),
        always("quantity", (1_i64..1 << 53).prop_map(Json::from)),
        maybe("sku", words()),
        maybe("hs_code", words()),
        maybe("country_of_origin", "[A-Z]{2}".prop_map(Json::from)),
        maybe("properties", free()),
        maybe("unit_price", price()),
        always("total_price", price()),
        maybe("measurement", measurement()),
        maybe("ean", words()),
        maybe("delivery_dates", object(vec![maybe("handover_at", time()), maybe("deliver_at", time())])),
        maybe("mid_code", words()),
        maybe("material_content", words()),
        maybe("intended_use", words()),
        maybe("dangerous_goods", object(goods.collect())),
    ])
}

fn address() -> BoxedStrategy<Json<'static>> {
    object(vec![
        always("name", words()),
        maybe("company_name", words()),
        always("address_line_1", words()),
        maybe("house_number", words()),
        maybe("address_line_2", words()),
        always("postal_code", words()),
        always("city", words()),
        maybe("po_box", words()),
        maybe("state_province_code", words()),
        always("country_code", words()),
        maybe("email", "[a-z]{1,8}@[a-z]{1,8}\\.example".prop_map(Json::from)),
        maybe("phone_number", words()),
    ])
}

fn customs() -> BoxedStrategy<Json<'static>> {
    let number = || object(vec![maybe("name", words()), maybe("country_code", words()), maybe("value", words())]);
    object(vec![
        maybe("commercial_invoice_number", words()),
        maybe("shipment_type", one_of(SHIPMENT_TYPES)),
        maybe("export_type", one_of(EXPORT_TYPES)),
        maybe(
            "tax_numbers",
            object(vec![
                always("sender", list(number(), 0..3)),
                always("receiver", list(number(), 0..3)),
                always("importer_of_record", list(number(), 0..3)),
            ]),
        ),
    ])
}

fn shipping_details() -> BoxedStrategy<Json<'static>> {
    object(vec![
        maybe("is_local_pickup", any::<bool>().prop_map(Json::Bool)),
        maybe("delivery_indicator", words()),
        maybe("measurement", measurement()),
        maybe(
            "ship_with",
            object(vec![
                always("type", Just(Json::from("shipping_option_code"))),
                always(
                    "properties",
                    object(vec![
                        always("shipping_option_code", prop_oneof![words(), Just(Json::Null)]),
                        maybe("contract_id", (1_i64..1 << 53).prop_map(Json::from)),
                    ]),
                ),
            ]),
        ),
    ])
}

fn order() -> BoxedStrategy<Json<'static>> {
    let service_point = object(vec![
        always("id", words()),
        maybe("carrier_service_point_id", words()),
        maybe("post_number", words()),
        maybe("latitude", words()),
        maybe("longitude", words()),
        maybe("type", words()),
        maybe("extra_data", free()),
    ]);
    object(vec![
        always("order_id", words()),
        always("order_number", words()),
        always(
            "order_details",
            object(vec![
                always("integration", object(vec![always("id", (1_i64..1 << 53).prop_map(Json::from))])),
                always("status", status()),
                always("order_created_at", time()),
                maybe("order_updated_at", time()),
                always("order_items", list(item(), 0..3)),
                maybe("notes", words()),
                maybe("tags", list(words(), 0..3)),
            ]),
        ),
        always(
            "payment_details",
            object(vec![
                always("total_price", price()),
                always("status", status()),
                maybe("is_cash_on_delivery", any::<bool>().prop_map(Json::Bool)),
                maybe("subtotal_price", price()),
                maybe("estimated_shipping_price", price()),
                maybe("estimated_tax_price", price()),
                maybe("invoice_date", words()),
                maybe("discount_granted", cost()),
                maybe("insurance_costs", cost()),
                maybe("freight_costs", cost()),
                maybe("other_costs", cost()),
            ]),
        ),
        maybe("customs_details", customs()),
        maybe(
            "customer_details",
            object(vec![always("name", words()), maybe("phone_number", words()), maybe("email", words())]),
        ),
        maybe("billing_address", address()),
        maybe("shipping_address", address()),
        maybe("shipping_details", shipping_details()),
        maybe("service_point_details", service_point),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_order_is_given_back_as_written(sent in order()) {
        let order = stored(one(&sent.to_string()));
        let read = encode::order(&order);
        let body = format!("[{read}]");
        prop_assert_eq!(&only(&body).details, &order.details);
        prop_assert_eq!(&patch(&order, read.to_string().as_bytes()).unwrap(), &order.details);
        prop_assert_eq!(sorted(without_what_we_add(read)).to_string(), sorted(sent).to_string());
    }

    #[test]
    fn a_patch_with_another_orders_fields_gives_that_order(before in order(), after in order()) {
        let (before, mut change) = (stored(one(&before.to_string())), after);
        change.remove("order_id");
        for name in ["integration", "order_items"] {
            change.get_mut("order_details").unwrap().remove(name);
        }
        let changed = patch(&before, change.to_string().as_bytes());
        if let Ok(changed) = changed {
            let wanted = change.get("order_number").and_then(Json::as_text);
            prop_assert_eq!(changed.number.as_deref(), wanted);
            prop_assert_eq!(changed.items, before.details.items);
        }
    }

    #[test]
    fn a_damaged_order_never_panics(at in 0..FULL.len(), junk in "\\PC{0,4}", length in 0_usize..40) {
        let from = (0..=at).rev().find(|&at| FULL.is_char_boundary(at)).unwrap();
        let to = (from + length..=FULL.len()).find(|&at| FULL.is_char_boundary(at)).unwrap_or(FULL.len());
        let damaged = format!("{}{junk}{}", &FULL[..from], &FULL[to..]);
        if let Ok(orders) = decoded(format!("[{damaged}]").as_bytes()) {
            for decoded in orders {
                let order = stored(decoded);
                prop_assert!(parse(encode::order(&order).to_string().as_bytes()).is_ok());
            }
        }
        let _ = patch(&stored(only(UPLOAD)), damaged.as_bytes());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decoded(&bytes);
        let _ = patch(&stored(only(UPLOAD)), &bytes);
    }
}

#[test]
fn extremes_never_panic() {
    let huge_text = "x".repeat(1_000_000);
    let digits = "9".repeat(1_000_000);
    for value in [
        "[".repeat(100_000),
        format!("{}{}", "{\"a\":".repeat(60), "1") + &"}".repeat(60),
        format!("\"{huge_text}\""),
        digits.clone(),
        format!("0.{digits}"),
        format!("1e{digits}"),
        format!("-1e-{digits}"),
        "null".to_owned(),
        "[[]]".to_owned(),
        "\"2018-02-27T10:00:00.55\u{2028}Z€\"".to_owned(),
    ] {
        for place in ["\"555413\"", "1,", "3.5,", "\"2018-02-27T10:00:00.555Z\"", "{\"id\":7}", "\"John Doe\""] {
            let end = if place.ends_with(',') { "," } else { "" };
            let body = UPLOAD.replacen(place, &format!("{value}{end}"), 1);
            let _ = decoded(body.as_bytes());
            let _ = patch(&stored(only(UPLOAD)), &body.as_bytes()[1..body.len() - 1]);
        }
    }
}
