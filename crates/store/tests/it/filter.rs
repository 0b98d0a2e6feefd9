//! Filters: what SQL finds is what the matcher takes, whatever was stored and asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::address::{AddressCheck, AddressStatus};
use domain::channel::ChannelNumber;
use domain::document::{Document, DocumentKind, Format};
use domain::ids::{DocumentId, OrderId, ParcelId, ShipmentId};
use domain::order::{Order, OrderDetails};
use domain::parcel::Parcel;
use domain::shipment::{Shipment, ShipmentStatus};
use domain::stage::Stage;
use domain::tenant::TenantId;
use domain::tracking::TrackingStatus;
use domain::{Error, Timestamp};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use query::pattern::Flags;
use query::{Filter, Patience, Pattern, Test, Value};
use serde_json::json;
use store::filter::{Ceiling, FoundOrders, OrderField, OrderQuery, View, WAITING};
use store::orders::OrderRow;
use store::testing::TestStore;
use store::{Store, on_both_engines};

use OrderField as F;

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn now() -> Timestamp {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

fn details(json: serde_json::Value) -> OrderDetails {
    serde_json::from_value(json).unwrap()
}

fn row(id: u64, details: &OrderDetails, standing: Option<Stage>) -> OrderRow {
    let at = Timestamp::from_second(now().as_second() + id as i64 / 3).unwrap();
    let row = OrderRow::new(OrderId::new(id).unwrap(), ChannelNumber(7), details, &TimeZone::UTC, at).unwrap();
    row.standing(standing)
}

async fn place(store: &Store, tenant: TenantId, rows: Vec<OrderRow>) {
    store.write(async move |tx| tx.upsert_orders(&tenant, &rows).await).await.unwrap();
}

fn parcel(id: u64, position: u32, number: Option<&str>, tracking: TrackingStatus) -> Parcel {
    Parcel {
        id: ParcelId::new(id).unwrap(),
        position,
        parcel: serde_json::from_value(json!({ "weight": 1_000_000 })).unwrap(),
        tracking_number: number.map(str::to_owned),
        sscc: None,
        tracking,
        tracking_token: format!("token-{id}"),
        has_label: number.is_some(),
    }
}

fn shipment(id: u64, order: u64, status: ShipmentStatus, failure: Option<&str>, parcels: Vec<Parcel>) -> Shipment {
    let failure = failure.map(|text| json!({ "refused": [{ "path": "", "message": text }] }));
    let booked_at = (status == ShipmentStatus::Booked).then_some("2026-03-02T10:00:00Z");
    let details = json!({
        "service": "house:standard", "service_name": "Standard", "location": "oss",
        "reference": format!("R{id}"), "order_reference": null, "rate": null, "serials": [], "sender": {}, "recipient": {},
        "failure": failure, "booked_at": booked_at,
    });
    Shipment {
        id: ShipmentId::new(id).unwrap(),
        order: OrderId::new(order).unwrap(),
        status,
        version: 1,
        created_at: now(),
        modified_at: now(),
        lease_until: None,
        details: serde_json::from_value(details).unwrap(),
        parcels,
    }
}

async fn ship(store: &Store, shipment: Shipment) {
    store
        .write(async move |tx| {
            let mut booking = shipment.clone();
            booking.status = ShipmentStatus::Booking;
            tx.add_shipment(&acme(), &booking).await?;
            tx.save_shipment(&acme(), &shipment).await
        })
        .await
        .unwrap();
}

/// Random orders: few words, so that conditions meet them.
fn any_order() -> impl Strategy<Value = serde_json::Value> {
    let word = prop::sample::select(vec![
        json!(null),
        json!("a"),
        json!("B"),
        json!("b c"),
        json!("ñ"),
        json!("10"),
        json!(""),
        json!("x".repeat(250)),
        json!(format!("{}y", "x".repeat(220))),
    ]);
    let date = prop::sample::select(vec![
        json!(null),
        json!("2022-02-24"),
        json!("2022-02-24T00:00:00.0005Z"),
        json!("2022-03-01T10:00:00+01:00"),
    ]);
    let flag = prop::sample::select(vec![json!(null), json!(true), json!(false)]);
    let one_box = (word.clone(), date.clone(), flag).prop_map(|(field, scanned_at, is_scanned)| {
        let fields = if field.is_null() { json!({}) } else { json!({ "1": field, "6": "end" }) };
        json!({ "custom_fields": fields, "scanned_at": scanned_at, "is_scanned": is_scanned })
    });
    let boxes = prop::option::of(prop::collection::vec(one_box, 0..3));
    let tags = prop::option::of(prop::collection::vec(word.clone().prop_filter("text", |word| !word.is_null()), 0..3));
    (prop::collection::vec(word, 8), date, boxes, tags).prop_map(|(words, date, boxes, tags)| {
        let fields = if words[0].is_null() { json!({}) } else { json!({ "1": words[0] }) };
        json!({
            "number": words[1], "seller": words[2], "store": words[3], "custom_fields": fields, "send_date": date,
            "boxes": boxes, "tags": tags,
            "delivery": { "service": { "contract": words[4] } }, "shipping_address": { "country": words[5] },
            "sender": { "company": words[6] },
        })
    })
}

fn any_field() -> impl Strategy<Value = F> {
    prop::sample::select(vec![
        F::Id,
        F::Number,
        F::AddressStatus,
        F::CustomField(1),
        F::CustomField(2),
        F::Seller,
        F::Store,
        F::Standing,
        F::Tags,
        F::Contract,
        F::SendDate,
        F::SenderCompany,
        F::Country,
        F::Boxes,
        F::BoxField(1),
        F::BoxField(6),
        F::BoxScannedAt,
        F::BoxIsScanned,
        F::BoxLabel,
        F::BoxTracking,
        F::BoxTrackingNumber,
        F::BoxFailure,
    ])
}

fn any_value(field: F) -> BoxedStrategy<Value> {
    let id = |n: u64| {
        Value::Text(
            OrderId::new(n).unwrap().to_hex24(Timestamp::from_second(now().as_second() + n as i64 / 3).unwrap()),
        )
    };
    let own: Vec<Value> = match field {
        F::Id => (1..40).map(id).collect(),
        F::BoxLabel => (1..6).map(|n| Value::Text(DocumentId::new(n).unwrap().to_hex24(now()))).collect(),
        F::SendDate | F::BoxScannedAt => ["2022-02-24T00:00:00Z", "2022-03-01T09:00:00Z", "2020-01-01T00:00:00Z"]
            .map(|at| Value::Date(at.parse().unwrap()))
            .to_vec(),
        F::BoxIsScanned => vec![Value::Bool(true), Value::Bool(false)],
        F::Standing => Stage::ALL.map(|stage| Value::text(stage.as_str())).to_vec(),
        F::AddressStatus => ["unverified", "verified", "proposed", "failed"].map(Value::text).to_vec(),
        F::BoxTracking => [WAITING, "announced", "in_transit", "delivered", "lost"].map(Value::text).to_vec(),
        F::BoxTrackingNumber => ["T1", "T2", "T3", "T"].map(Value::text).to_vec(),
        F::BoxFailure => ["no such street", "a"].map(Value::text).to_vec(),
        _ => vec!["a", "B", "b c", "ñ", "10", "", "b"]
            .into_iter()
            .map(Value::text)
            .chain([
                Value::Text("x".repeat(250)),
                Value::Text("x".repeat(200)),
                Value::Text(format!("{}y", "x".repeat(220))),
            ])
            .collect(),
    };
    let odd = vec![
        Value::Null,
        Value::Number(5.0),
        Value::text("a\0b"),
        Value::InvalidDate,
        Value::List(vec![Value::text("a")]),
    ];
    prop_oneof![8 => prop::sample::select(own), 2 => prop::sample::select(odd)].boxed()
}

fn any_test(field: F) -> BoxedStrategy<Test<F>> {
    let value = any_value(field);
    let plain = value.clone().prop_filter("no list", |value| !matches!(value, Value::List(_)));
    let pattern = prop::sample::select(vec!["^a", "^x", "b", "^B", "o$", "^T", "[^a]", "^b c"])
        .prop_map(|source| Pattern::new(source, Flags::default()).unwrap());
    let list =
        prop::collection::vec(prop_oneof![9 => value.clone(), 1 => pattern.clone().prop_map(Value::Regex)], 0..4);
    prop_oneof![
        4 => value.clone().prop_map(Test::Eq),
        2 => value.clone().prop_map(Test::Ne),
        1 => plain.clone().prop_map(Test::Gt),
        1 => plain.clone().prop_map(Test::Gte),
        1 => plain.clone().prop_map(Test::Lt),
        1 => plain.prop_map(Test::Lte),
        2 => list.clone().prop_map(Test::In),
        2 => list.clone().prop_map(Test::Nin),
        1 => any::<bool>().prop_map(Test::Exists),
        1 => pattern.clone().prop_map(Test::Matches),
        1 => pattern.prop_map(|pattern| Test::Not(vec![Test::Matches(pattern)])),
        1 => list.prop_map(Test::All),
        1 => (0..3_u64).prop_map(Test::Size),
        1 => value.prop_map(|value| Test::Elem(vec![Test::Eq(value)])),
    ]
    .boxed()
}

fn any_filter() -> impl Strategy<Value = Filter<F>> {
    let field = any_field().prop_flat_map(|field| {
        prop::collection::vec(any_test(field), 1..3).prop_map(move |tests| Filter::Field(field, tests))
    });
    let of_box = prop::sample::select(vec![F::BoxField(1), F::BoxIsScanned, F::BoxScannedAt])
        .prop_flat_map(|field| any_test(field).prop_map(move |test| Filter::Field(field, vec![test])));
    let element = prop::collection::vec(of_box, 1..3)
        .prop_map(|parts| Filter::Field(F::Boxes, vec![Test::ElemFilter(Box::new(Filter::All(parts)))]));
    let leaf = prop_oneof![9 => field, 1 => element];
    leaf.prop_recursive(2, 6, 3, |inner| {
        let parts = prop::collection::vec(inner, 1..3);
        prop_oneof![3 => parts.clone().prop_map(Filter::All), 1 => parts.clone().prop_map(Filter::Any), 1 => parts.prop_map(Filter::Neither)]
    })
}

fn ids(found: &FoundOrders) -> Vec<u64> {
    found.orders.iter().map(|order| order.id.number()).collect()
}

async fn find(store: &Store, query: OrderQuery, ceiling: Ceiling) -> domain::Result<FoundOrders> {
    store.read_list(async move |tx| tx.find_orders(&acme(), &query, ceiling).await).await
}

async fn label(store: &Store, id: u64, order: u64, shipment: u64, parcel: u64) {
    let document = Document {
        id: DocumentId::new(id).unwrap(),
        kind: DocumentKind::Label,
        format: Format::default(),
        order: OrderId::new(order),
        shipment: ShipmentId::new(shipment),
        parcel: ParcelId::new(parcel),
        sha256: format!("sum{id}"),
        size: 1,
        warnings: Vec::new(),
        of_batch: None,
        created_at: now(),
    };
    store.write(async move |tx| tx.add_documents(&acme(), std::slice::from_ref(&document)).await).await.unwrap();
}

/// Sixty random orders, some of them shipped, another tenant's, and a deleted one.
/// Keeps that somebody looked at an order's address.
async fn look_at(store: &Store, id: u64, status: AddressStatus) {
    let look = async move |tx: &mut store::Tx<'_>| {
        let order = tx.order(&acme(), OrderId::new(id).unwrap()).await?.unwrap();
        let mut check = AddressCheck::new(order.details.shipping_address.clone().unwrap(), now());
        check.finding = serde_json::from_value(json!({ "status": status, "by": "rules" })).unwrap();
        tx.save_address_check(&acme(), order.id, &check, now()).await
    };
    store.write(look).await.unwrap();
}

async fn stored(store: &Store, runner: &mut TestRunner) -> Vec<(Order, Vec<Shipment>, BTreeMap<u64, Document>)> {
    let mut rows = Vec::new();
    for id in 1..=60 {
        let order = details(any_order().new_tree(runner).unwrap().current());
        let standing = (id % 11 == 0).then_some(Stage::Review);
        rows.push(row(id, &order, standing));
    }
    place(store, acme(), rows.clone()).await;
    place(store, TenantId::new("other").unwrap(), rows).await;
    store.write(async |tx| tx.delete_order(&acme(), OrderId::new(60).unwrap(), now()).await).await.unwrap();
    use ShipmentStatus::{Booked, Booking, Failed};
    use TrackingStatus::{Delivered, InTransit, Lost, Unknown};
    ship(store, shipment(1, 1, Booked, None, vec![parcel(1, 1, Some("T1"), Unknown)])).await;
    ship(
        store,
        shipment(2, 2, Booked, None, vec![parcel(2, 1, Some("T2"), InTransit), parcel(3, 2, Some("T3"), Unknown)]),
    )
    .await;
    ship(store, shipment(3, 3, Booked, None, vec![parcel(4, 1, Some("T4"), Delivered)])).await;
    ship(store, shipment(4, 4, Failed, Some("no such street"), vec![parcel(5, 1, None, Unknown)])).await;
    ship(store, shipment(5, 5, Booked, None, vec![parcel(6, 2, Some("T"), Lost)])).await;
    ship(store, shipment(6, 6, Booking, None, vec![parcel(7, 1, None, Unknown)])).await;
    label(store, 1, 1, 1, 1).await;
    label(store, 2, 2, 2, 3).await;
    let cancel = async |tx: &mut store::Tx<'_>| tx.mark_order_cancelled(&acme(), OrderId::new(7).unwrap(), now()).await;
    store.write(cancel).await.unwrap();
    for id in 9..=40 {
        look_at(store, id, AddressStatus::ALL[id as usize % 4]).await;
    }
    // What was known of an address that is another now counts no longer; another number changes nothing.
    for (id, change) in [(15, json!({ "shipping_address": { "country": "ES" } })), (19, json!({ "number": "other" }))] {
        let replace = async move |tx: &mut store::Tx<'_>| {
            let order = tx.order(&acme(), OrderId::new(id).unwrap()).await?.unwrap();
            let mut changed = serde_json::to_value(&order.details).unwrap();
            changed.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            tx.replace_order(&acme(), order.id, &row(id, &details(changed), None)).await
        };
        store.write(replace).await.unwrap();
    }
    let read = async |tx: &mut store::Tx<'_>| {
        let ids: Vec<_> = (1..60).map(|id| OrderId::new(id).unwrap()).collect();
        let shipments = tx.shipments_of_orders(&acme(), &ids).await?;
        let orders = tx.orders_ever(&acme(), &ids).await?;
        let documents =
            tx.documents_of_shipments(&acme(), &[ShipmentId::new(1).unwrap(), ShipmentId::new(2).unwrap()]).await?;
        let of_parcel = |document: Document| document.parcel.map(|parcel| (parcel.number(), document));
        let labels: BTreeMap<_, _> = documents.into_iter().flatten().filter_map(of_parcel).collect();
        Ok(orders
            .into_iter()
            .zip(shipments)
            .map(|(order, shipments)| (order.unwrap(), shipments, labels.clone()))
            .collect())
    };
    store.read_list(read).await.unwrap()
}

on_both_engines! {
    async fn what_sql_finds_is_what_the_matcher_takes(engine: Engine) {
        let t = TestStore::new(engine).await;
        let mut runner = TestRunner::deterministic();
        let all = stored(&t.store, &mut runner).await;
        let patience = Patience::of(Duration::from_mins(10));
        let (mut some, mut none) = (0, 0);
        for round in 0..700_usize {
            let filter = any_filter().new_tree(&mut runner).unwrap().current();
            let expected: BTreeSet<u64> = all.iter()
                .filter(|(order, shipments, labels)| filter.matches(&View::new(order, shipments, labels), patience).unwrap())
                .map(|(order, ..)| order.id.number())
                .collect();
            let whole = find(&t.store, OrderQuery { filter: filter.clone(), limit: 100, ..OrderQuery::default() }, Ceiling::default()).await.unwrap();
            let found = ids(&whole);
            assert_eq!(found.iter().copied().collect::<BTreeSet<_>>(), expected, "{filter:?}");
            assert_eq!((found.len(), whole.has_more), (expected.len(), false), "each once: {filter:?}");
            if expected.is_empty() { none += 1 } else { some += 1 }
            // Any part is that part of the whole, in the same order.
            let (skip, limit) = (round % 5, 1 + round % 3);
            let part = OrderQuery { filter: filter.clone(), skip: skip as u64, limit, sort: Vec::new() };
            let part = find(&t.store, part, Ceiling::default()).await.unwrap();
            let rest = &found[skip.min(found.len())..];
            assert_eq!(ids(&part), rest[..limit.min(rest.len())], "{filter:?}");
            assert_eq!(part.has_more, rest.len() > limit, "{filter:?}");
            // A sort has the same orders, and its parts fit too.
            let field = any_field().new_tree(&mut runner).unwrap().current();
            let sort = vec![(field, round % 2 == 0)];
            let sorted = |skip: usize, limit| OrderQuery { filter: filter.clone(), sort: sort.clone(), skip: skip as u64, limit };
            let whole = ids(&find(&t.store, sorted(0, 100), Ceiling::default()).await.unwrap());
            assert_eq!(whole.iter().copied().collect::<BTreeSet<_>>(), expected, "{sort:?} {filter:?}");
            let part = ids(&find(&t.store, sorted(skip, limit), Ceiling::default()).await.unwrap());
            let rest = &whole[skip.min(whole.len())..];
            assert_eq!(part, rest[..limit.min(rest.len())], "{sort:?} {filter:?}");
        }
        assert!(some > 200 && none > 50, "{some} filters found something, {none} nothing");
    }

    async fn the_stage_in_its_column_is_the_one_the_domain_derives(engine: Engine) {
        let t = TestStore::new(engine).await;
        let all = stored(&t.store, &mut TestRunner::deterministic()).await;
        let mut told = Vec::new();
        for (order, shipments, _) in &all {
            let derived = Stage::of(shipments, order.cancelled_at.is_some(), order.address_status());
            let said = (order.id.number() % 11 == 0).then_some(Stage::Review);
            assert_eq!(order.standing, said.unwrap_or(derived), "{}", order.id);
            told.push(order.standing.as_str());
        }
        assert_eq!(told[..8], ["labelled", "shipped", "delivered", "review", "troubled", "open", "cancelled", "open"]);
        // The address of the fifteenth had failed and is another now; that of the nineteenth still fails.
        assert_eq!((told[14], told[18]), ("open", "review"));
    }

    async fn what_a_client_says_stands_until_the_stage_is_another(engine: Engine) {
        let t = TestStore::new(engine).await;
        let order = details(json!({ "external_id": "A", "number": "1" }));
        place(&t.store, acme(), vec![row(1, &order, Some(Stage::Shipped))]).await;
        let standing = async || {
            t.store.read(async |tx| tx.order(&acme(), OrderId::new(1).unwrap()).await).await.unwrap().unwrap().standing
        };
        assert_eq!(standing().await, Stage::Shipped);
        // Placed again without a word about it, it stands as it did.
        place(&t.store, acme(), vec![row(9, &order, None)]).await;
        assert_eq!(standing().await, Stage::Shipped);
        // A booking that is only asked for changes nothing; one that is made does.
        ship(&t.store, shipment(1, 1, ShipmentStatus::Booking, None, vec![parcel(1, 1, None, TrackingStatus::Unknown)])).await;
        assert_eq!(standing().await, Stage::Shipped);
        let mut booked = shipment(1, 1, ShipmentStatus::Booked, None, vec![parcel(1, 1, Some("T1"), TrackingStatus::Unknown)]);
        booked.version = 2;
        t.store.write(async move |tx| tx.save_shipment(&acme(), &booked).await).await.unwrap();
        assert_eq!(standing().await, Stage::Labelled);
        place(&t.store, acme(), vec![row(9, &order, Some(Stage::Review))]).await;
        assert_eq!(standing().await, Stage::Review);
    }

    async fn lists_and_columns_follow_a_change(engine: Engine) {
        let t = TestStore::new(engine).await;
        let order = |tag: &str, seller: &str| details(json!({
            "external_id": "A", "tags": [tag, "both", "both"], "seller": seller, "boxes": [{ "custom_fields": { "1": tag } }],
        }));
        let found = async |field: F, value: &str| {
            let filter = Filter::Field(field, vec![Test::Eq(Value::text(value))]);
            ids(&find(&t.store, OrderQuery { filter, limit: 9, ..OrderQuery::default() }, Ceiling::default()).await.unwrap())
        };
        // The same order twice in one list, the last one wins; then changed by a list of its own.
        place(&t.store, acme(), vec![row(1, &order("red", "x"), None), row(2, &order("blue", "y"), None)]).await;
        assert_eq!((found(F::Tags, "red").await, found(F::Tags, "blue").await), (vec![], vec![1]));
        place(&t.store, acme(), vec![row(3, &order("green", "z"), None)]).await;
        assert_eq!((found(F::Tags, "blue").await, found(F::Tags, "green").await), (vec![], vec![1]));
        assert_eq!((found(F::BoxField(1), "green").await, found(F::Tags, "both").await), (vec![1], vec![1]));
        assert_eq!((found(F::Seller, "x").await, found(F::Seller, "z").await), (vec![], vec![1]));
    }

    async fn what_would_read_too_much_is_refused_and_never_cut_short(engine: Engine) {
        let t = TestStore::new(engine).await;
        let rows: Vec<_> = (1..=900).map(|id| {
            let seller = if id % 300 == 0 { "rare" } else { "usual" };
            row(id, &details(json!({ "seller": seller, "number": format!("N{id:04}"), "notes": "n" })), None)
        }).collect();
        place(&t.store, acme(), rows).await;
        let ceiling = Ceiling { walked: 600, read: 600, patterns: Duration::from_mins(1) };
        let ask = async |field: F, test: Test<F>, limit: usize| {
            let query = OrderQuery { filter: Filter::Field(field, vec![test]), limit, ..OrderQuery::default() };
            find(&t.store, query, ceiling).await.map(|found| (found.orders.len(), found.has_more))
        };
        let refused = |answer: domain::Result<(usize, bool)>| match answer.unwrap_err() {
            Error::Invalid(problems) => (problems[0].path.clone(), problems[0].message.split(':').next().unwrap().to_owned()),
            other => panic!("{other}"),
        };
        let too_much = ("query".to_owned(), "more than 600 index entries would have to be looked through".to_owned());
        // A negation, an absence and a pattern that fit soon are answered; when they do not, nothing is.
        assert_eq!(ask(F::Seller, Test::Ne(Value::text("rare")), 20).await.unwrap(), (20, true));
        assert_eq!(refused(ask(F::Seller, Test::Ne(Value::text("usual")), 20).await), too_much);
        assert_eq!(refused(ask(F::Store, Test::Exists(true), 20).await), too_much);
        assert_eq!(ask(F::Store, Test::Exists(false), 20).await.unwrap(), (20, true));
        let pattern = |source| Test::Matches(Pattern::new(source, Flags::default()).unwrap());
        assert_eq!(ask(F::Number, pattern("1$"), 20).await.unwrap(), (20, true));
        let too_many = ("query".to_owned(), "more than 600 orders would have to be looked through".to_owned());
        assert_eq!(refused(ask(F::Number, pattern("NONE"), 20).await), too_many);
        // What an index serves is not held up by what lies beside it.
        assert_eq!(ask(F::Seller, Test::Eq(Value::text("rare")), 20).await.unwrap(), (3, false));
        assert_eq!(ask(F::Number, pattern("^N0899"), 20).await.unwrap(), (1, false));
        let costly = Ceiling { patterns: Duration::ZERO, ..ceiling };
        let query = OrderQuery { filter: Filter::Field(F::Number, vec![pattern("1$")]), limit: 20, ..OrderQuery::default() };
        assert_eq!(refused(find(&t.store, query, costly).await.map(|_| (0, false))).1, "the regular expressions take too long");
    }

    async fn an_index_serves_equality_lists_and_ranges_on_every_field(engine: Engine) {
        let t = TestStore::new(engine).await;
        let mut runner = TestRunner::deterministic();
        stored(&t.store, &mut runner).await;
        let rows: Vec<_> = (1_000..1_600).map(|id| {
            let order = any_order().new_tree(&mut runner).unwrap().current();
            row(id, &details(order), None)
        }).collect();
        place(&t.store, acme(), rows).await;
        if engine == store::testing::Engine::Postgres {
            t.store.write(async |tx| tx.execute("analyze", &[]).await).await.unwrap();
        }
        let id = Value::Text(OrderId::new(1).unwrap().to_hex24(now()));
        let label = Value::Text(DocumentId::new(1).unwrap().to_hex24(now()));
        let date = Value::Date("2030-01-01T00:00:00Z".parse().unwrap());
        let (word, flag) = (Value::text("zz"), Value::Bool(true));
        let is_sqlite = engine == store::testing::Engine::Sqlite;
        let key = |table: &str| if is_sqlite { format!("sqlite_autoindex_{table}_1") } else { format!("{table}_pkey") };
        let name = str::to_owned;
        // A field, a value, the index of equality and lists, and that of ranges where they have a meaning.
        let fields = [
            (F::Id, id, key("orders"), name("orders_by_creation")),
            (F::Number, word.clone(), name("orders_by_exact_number"), name("orders_by_exact_number")),
            (F::AddressStatus, Value::text("proposed"), name("orders_by_address_status"), String::new()),
            (F::CustomField(1), word.clone(), name("orders_by_field1"), name("orders_by_field1")),
            (F::CustomField(2), word.clone(), name("orders_by_field2"), name("orders_by_field2")),
            (F::CustomField(3), word.clone(), name("orders_by_field3"), name("orders_by_field3")),
            (F::CustomField(4), word.clone(), name("orders_by_field4"), name("orders_by_field4")),
            (F::CustomField(5), word.clone(), name("orders_by_field5"), name("orders_by_field5")),
            (F::CustomField(6), word.clone(), name("orders_by_field6"), name("orders_by_field6")),
            (F::Seller, word.clone(), name("orders_by_seller"), name("orders_by_seller")),
            (F::Store, word.clone(), name("orders_by_store"), name("orders_by_store")),
            (F::Standing, Value::text("shipped"), name("orders_by_standing"), String::new()),
            (F::Tags, word.clone(), key("order_values"), key("order_values")),
            (F::Contract, word.clone(), name("orders_by_contract"), name("orders_by_contract")),
            (F::SendDate, date.clone(), name("orders_by_send_date"), name("orders_by_send_date")),
            (F::SenderCompany, word.clone(), name("orders_by_sender_company"), name("orders_by_sender_company")),
            (F::Country, word.clone(), name("orders_by_country"), name("orders_by_country")),
            (F::BoxField(1), word.clone(), key("order_values"), key("order_values")),
            (F::BoxScannedAt, date, key("order_values"), key("order_values")),
            (F::BoxIsScanned, flag, key("order_values"), String::new()),
            (F::BoxLabel, label, key("documents"), String::new()),
            (F::BoxTracking, Value::text("in_transit"), name("parcels_by_tracking"), String::new()),
            (F::BoxTrackingNumber, word.clone(), name("parcels_by_tracking_number"), name("parcels_by_tracking_number")),
            (F::BoxFailure, word, name("shipments_by_failure"), name("shipments_by_failure")),
        ];
        for (field, value, of_points, of_ranges) in fields {
            let mut tests = vec![(Test::Eq(value.clone()), &of_points), (Test::In(vec![value.clone(), value.clone()]), &of_points)];
            if !of_ranges.is_empty() {
                tests.extend([(Test::Gte(value.clone()), &of_ranges), (Test::Lt(value), &of_ranges)]);
            }
            for (test, index) in tests {
                let query = OrderQuery { filter: Filter::Field(field, vec![test.clone()]), limit: 20, ..OrderQuery::default() };
                let plan = t.store.read_list(async move |tx| {
                    // A small table is read whole unless that is forbidden: what matters is that the index can serve.
                    if !tx.is_sqlite() {
                        tx.execute("set local enable_seqscan = off", &[]).await?;
                        tx.execute("set local enable_bitmapscan = off", &[]).await?;
                    }
                    tx.explain_orders(&acme(), &query).await
                }).await.unwrap();
                let uses = |line: &String| line.contains(&format!("INDEX {index} (tenant_id=? AND ")) || line.contains(&format!(" using {index} on "))
                    || line.contains(&format!("Scan using {index} "));
                assert!(plan.iter().any(uses), "{field:?} {test:?} {index}\n{}", plan.join("\n"));
                let whole = |line: &String| line.contains("Seq Scan") || line.contains("SCAN o") || line.contains("TEMP B-TREE FOR ORDER BY") && line.contains("SCAN");
                assert!(!plan.iter().any(whole), "{field:?} {test:?}\n{}", plan.join("\n"));
            }
        }
    }

    async fn placing_a_hundred_orders_takes_a_few_statements(engine: Engine) {
        let t = TestStore::new(engine).await;
        let rows = |from: u64, seller: &str| -> Vec<OrderRow> {
            let order = |id: u64| details(json!({
                "external_id": format!("E{}", id % 1_000), "seller": seller, "tags": ["a", "b"], "send_date": "2022-02-24",
                "custom_fields": { "1": "x" }, "boxes": [{ "is_scanned": false }],
            }));
            (from..from + 100).map(|id| row(id, &order(id), None)).collect()
        };
        let plain: Vec<_> = (5_000..5_100).map(|id| row(id, &details(json!({ "number": format!("{id}") })), None)).collect();
        let counted = async |rows: Vec<OrderRow>| {
            let before = store::testing::statements();
            place(&t.store, acme(), rows).await;
            store::testing::statements() - before
        };
        // New orders without lists, new ones with three values each, and the same ones changed.
        let told = [counted(plain).await, counted(rows(1, "x")).await, counted(rows(2_001, "y")).await];
        assert_eq!(told, [1, 2, 5]);
    }
}
