//! Documents found by a query: in one order, part by part, and never more of them looked through than is needed.

use domain::channel::ChannelNumber;
use domain::document::{Document, DocumentKind, Dpi, Format};
use domain::ids::{DocumentId, OrderId, ShipmentId};
use domain::tenant::TenantId;
use domain::{Error, Timestamp};
use jiff::tz::TimeZone;
use query::{Filter, Test, Value};
use serde_json::json;
use store::filter::{Ceiling, DocumentField as F, DocumentQuery, FoundDocuments};
use store::orders::OrderRow;
use store::testing::TestStore;
use store::{Store, on_both_engines};

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_second(1_772_445_600 + second as i64).unwrap()
}

fn document(id: u64, order: u64, kind: DocumentKind, format: Format) -> Document {
    Document {
        id: DocumentId::new(id).unwrap(),
        kind,
        format,
        order: OrderId::new(order),
        shipment: ShipmentId::new(order),
        parcel: None,
        sha256: format!("sum{id}"),
        size: 1,
        warnings: Vec::new(),
        of_batch: None,
        created_at: at(id),
    }
}

/// A hundred orders, the last one labelled first; some have a packing slip and some a label in ZPL too. Sixty more have
/// nothing but a tag.
async fn stocked(store: &Store) -> Vec<Document> {
    let order = |id: u64| {
        let tags =
            if id > 100 { json!(["bare"]) } else { json!(["all", if id.is_multiple_of(2) { "even" } else { "odd" }]) };
        let details = serde_json::from_value(json!({ "number": format!("N-{id}"), "tags": tags })).unwrap();
        OrderRow::new(OrderId::new(id).unwrap(), ChannelNumber(7), &details, &TimeZone::UTC, at(0)).unwrap()
    };
    let rows: Vec<_> = (1..=160).map(order).collect();
    let mut kept: Vec<_> = (1..=100).map(|id| document(id, 101 - id, DocumentKind::Label, Format::default())).collect();
    kept.extend((1..=20).map(|n| document(100 + n, n * 5, DocumentKind::PackingSlip, Format::default())));
    kept.extend((1..=14).map(|n| document(120 + n, n * 7, DocumentKind::Label, Format::Zpl(Dpi::D203))));
    let documents = kept.clone();
    let write = async move |tx: &mut store::Tx<'_>| {
        tx.upsert_orders(&acme(), &rows).await?;
        tx.add_documents(&acme(), &documents).await
    };
    store.write(write).await.unwrap();
    kept
}

fn one_of(field: F, texts: &[&str]) -> Filter<F> {
    let values = texts.iter().map(|text| Value::text(*text)).collect();
    Filter::Field(field, vec![Test::In(values)])
}

async fn find(store: &Store, query: DocumentQuery, ceiling: Ceiling) -> domain::Result<FoundDocuments> {
    store.read_list(async move |tx| tx.find_documents(&acme(), &query, ceiling).await).await
}

/// Every document that a query chooses, seven at a time.
async fn in_parts(store: &Store, filter: &Filter<F>, sort: &[(F, bool)]) -> Vec<u64> {
    let (mut ids, mut has_more) = (Vec::new(), true);
    while has_more {
        let (filter, sort) = (filter.clone(), sort.to_vec());
        let query = DocumentQuery { filter, sort, skip: ids.len() as u64, limit: 7 };
        let found = find(store, query, Ceiling::default()).await.unwrap();
        assert!(!found.has_more || found.documents.len() == 7);
        has_more = found.has_more;
        ids.extend(found.documents.iter().map(|found| found.document.id.number()));
    }
    ids
}

fn order(document: &Document) -> u64 {
    document.order.unwrap().number()
}

on_both_engines! {
    async fn the_parts_of_a_query_fit_each_other(engine: Engine) {
        let t = TestStore::new(engine).await;
        let store = &t.store;
        let all = stocked(store).await;
        let chosen = |fits: &dyn Fn(&Document) -> bool, key: &dyn Fn(&Document) -> (u64, u64)| {
            let mut fitting: Vec<_> = all.iter().filter(|one| fits(one)).collect();
            fitting.sort_by_key(|one| (key(one), one.id));
            fitting.iter().map(|one| one.id.number()).collect::<Vec<_>>()
        };
        let by_id = |_: &Document| (0, 0);
        let by_order = |one: &Document| (0, order(one));
        let is_slip = |one: &Document| one.kind == DocumentKind::PackingSlip;
        let cases = [
            (one_of(F::Tags, &["all"]), chosen(&|_| true, &by_order)),
            (one_of(F::Tags, &["odd", "even", "all"]), chosen(&|_| true, &by_order)),
            (one_of(F::Tags, &["odd", "even"]), chosen(&|_| true, &|one| (order(one) % 2, order(one)))),
            (one_of(F::OrderNumber, &["N-70", "N-9", "N-35"]), {
                let mut ids = chosen(&|one| order(one) == 35, &by_id);
                ids.extend(chosen(&|one| order(one) == 70, &by_id));
                ids.extend(chosen(&|one| order(one) == 9, &by_id));
                ids
            }),
            (one_of(F::Kind, &["packing_slip"]), chosen(&is_slip, &by_id)),
            (one_of(F::Kind, &["packing_slip", "manifest"]), chosen(&is_slip, &by_id)),
            (one_of(F::Kind, &["packing_slip", "label"]), chosen(&|_| true, &by_id)),
            (one_of(F::Extension, &["zpl", "png"]), chosen(&|one| matches!(one.format, Format::Zpl(_)), &by_id)),
            (one_of(F::Extension, &["zpl", "pdf"]), chosen(&|_| true, &by_id)),
            (one_of(F::Extension, &["png"]), Vec::new()),
            (one_of(F::Kind, &["invoice"]), Vec::new()),
            (Filter::All(vec![one_of(F::Kind, &["label", "packing_slip"]), one_of(F::Extension, &["zpl"])]),
                chosen(&|one| matches!(one.format, Format::Zpl(_)), &by_id)),
            (Filter::All(vec![one_of(F::Kind, &["label", "manifest"]), one_of(F::Extension, &["pdf"])]),
                chosen(&|one| !is_slip(one) && one.format == Format::default(), &by_id)),
            (Filter::All(vec![one_of(F::Tags, &["even"]), one_of(F::Kind, &["packing_slip"])]),
                chosen(&|one| is_slip(one) && order(one).is_multiple_of(2), &by_order)),
            (Filter::default(), chosen(&|_| true, &by_id)),
        ];
        for (filter, expected) in &cases {
            assert_eq!(in_parts(store, filter, &[]).await, *expected, "{filter:?}");
            // The newest first: one order, whichever way they are found.
            let mut latest = expected.clone();
            latest.sort_by_key(|id| std::cmp::Reverse(*id));
            assert_eq!(in_parts(store, filter, &[(F::CreatedAt, true)]).await, latest, "{filter:?}, newest first");
        }
    }

    async fn a_part_costs_what_it_answers_and_what_would_cost_more_is_refused(engine: Engine) {
        let t = TestStore::new(engine).await;
        let store = &t.store;
        stocked(store).await;
        let ceiling = Ceiling { read: 50, ..Ceiling::default() };
        let ask = |filter: &Filter<F>, sort: &[(F, bool)]| {
            find(store, DocumentQuery { filter: filter.clone(), sort: sort.to_vec(), skip: 0, limit: 20 }, ceiling)
        };
        for filter in [Filter::default(), one_of(F::Tags, &["all"]), one_of(F::Kind, &["label", "packing_slip"])] {
            let found = ask(&filter, &[]).await.unwrap();
            assert_eq!((found.documents.len(), found.has_more), (20, true), "{filter:?}");
        }
        let nothing = Filter::All(vec![one_of(F::Tags, &["all"]), one_of(F::Kind, &["manifest"])]);
        for (filter, sort, what) in [
            (&one_of(F::Tags, &["all"]), &[(F::Kind, false)][..], "documents"),
            (&nothing, &[], "documents"),
            (&one_of(F::Tags, &["bare"]), &[], "orders"),
        ] {
            let refused = ask(filter, sort).await.unwrap_err();
            let Error::Invalid(problems) = refused else { panic!("{refused:?}") };
            let told = problems[0].message.clone();
            assert!(told.starts_with(&format!("more than 50 {what} would have to be looked through")), "{told}");
        }
    }
}
