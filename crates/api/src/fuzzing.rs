//! Every decoder of the wire by its name, for feeding them what no client would send.
//!
//! A decoder takes any bytes and neither panics nor takes long; some check more. Used by the targets in `fuzz/` and by
//! the test that replays their corpus.

use domain::channel::ChannelNumber;
use domain::ids::OrderId;
use domain::order::{Order, OrderDetails};
use domain::time::Timestamp;
use http::Request;
use http::header::AUTHORIZATION;

use crate::{crowdsender, delivery_solutions, dialect, expertsender, json, native, sendcloud, seven_senders};

/// Takes any bytes and does not panic.
pub type Decoder = fn(&[u8]);

/// The decoders of the JSON reader, of request heads and of every dialect.
pub fn decoders() -> Vec<(&'static str, Decoder)> {
    vec![
        ("json", read_json),
        ("authorization", authorization),
        ("native_order", native::fuzzing::order),
        ("native_shipment", native::fuzzing::shipment),
        ("native_tracking", native::fuzzing::tracking),
        ("native_place", native::fuzzing::place),
        ("sendcloud_orders", |bytes| drop(sendcloud::decode::orders(bytes, &|_| true))),
        ("sendcloud_patch", patch),
        ("sendcloud_label_now", |bytes| drop(sendcloud::ship::create_label_sync(bytes))),
        ("sendcloud_labels_soon", |bytes| drop(sendcloud::ship::create_labels_async(bytes))),
        ("sendcloud_integration", |bytes| drop(sendcloud::integrations::IntegrationPatch::decode(bytes))),
        ("sendcloud_log", |bytes| drop(sendcloud::integrations::LogLine::decode(bytes))),
        ("sendcloud_statuses", |bytes| drop(sendcloud::statuses::StatusList::decode(bytes))),
        ("sendcloud_mapping", |bytes| drop(sendcloud::statuses::Mapping::decode(bytes))),
        ("sendcloud_queries", queries),
        ("delivery_solutions_order", delivery_solutions::fuzzing::order),
        ("delivery_solutions_v2", delivery_solutions::fuzzing::v2),
        ("delivery_solutions_list", delivery_solutions::fuzzing::list),
        ("crowdsender_order", crowdsender::fuzzing::order),
        ("crowdsender_query", crowdsender::fuzzing::query),
        ("expertsender_orders", expertsender::fuzzing::orders),
        ("expertsender_customers", expertsender::fuzzing::customers),
        ("expertsender_status", expertsender::fuzzing::status),
        ("seven_senders_order", seven_senders::fuzzing::order),
        ("seven_senders_shipment", seven_senders::fuzzing::shipment),
        ("seven_senders_query", seven_senders::fuzzing::query),
    ]
}

/// What is read is written as it was understood.
fn read_json(bytes: &[u8]) {
    if let Ok(read) = json::parse(bytes) {
        let written = read.to_string();
        assert_eq!(json::parse(written.as_bytes()).as_ref(), Ok(&read), "{written}");
    }
}

fn authorization(bytes: &[u8]) {
    if let Ok(request) = Request::builder().header(AUTHORIZATION, bytes).body(()) {
        drop(dialect::authorization(&request.into_parts().0));
    }
}

/// Lays any change over an order, and the same change over what came of it.
fn patch(bytes: &[u8]) {
    let Some(id) = OrderId::new(1) else { return };
    let (channel, at) = (ChannelNumber(7), Timestamp::UNIX_EPOCH);
    let stored = br#"[{"order_id":"A","order_number":"N-A","order_details":{"integration":{"id":7},"status":{"code":"open"},
        "order_created_at":"2026-03-01","order_items":[{"name":"Orange","quantity":2}]},"shipping_address":{"city":"Oss"},
        "payment_details":{"total_price":{"value":3.5,"currency":"EUR"},"status":{"code":"paid"}}}]"#;
    let read = sendcloud::decode::orders(stored, &|_| true).ok().and_then(|orders| orders.into_iter().next());
    let order = |details: OrderDetails| Order {
        id,
        channel,
        version: 1,
        created_at: at,
        modified_at: at,
        cancelled_at: None,
        standing: domain::stage::Stage::Open,
        checked: None,
        details,
    };
    if let Some(read) = read
        && let Ok(once) = sendcloud::patch::patch(&order(read.details), bytes)
    {
        drop(sendcloud::patch::patch(&order(once), bytes));
    }
}

/// Everything that reads the part behind the `?`, with the cursors in it.
fn queries(bytes: &[u8]) {
    let query = String::from_utf8_lossy(bytes);
    if let Ok(asked) = sendcloud::list::ListQuery::parse(&query)
        && let Some(cursor) = &asked.cursor
    {
        drop(sendcloud::list::Cursor::decode(&cursor.encode(), &asked.sort));
    }
    drop(sendcloud::integrations::LogQuery::parse(&query));
    drop(sendcloud::statuses::StatusQuery::parse(&query));
}
