//! Every decoder by its name: those of the wire, of files an operator writes, and of tokens in links.
//!
//! Shared by the fuzz targets and by the test that replays their corpus.

use std::sync::{Arc, LazyLock};

use api::fuzzing::Decoder;
use app::{Random, Vault};
use carriers::doordash_drive::stand_in::AUTHORIZATION;
use domain::Timestamp;
use domain::connector::{Connector, Push, PushError};
use domain::ids::{DocumentId, EventId, OrderId, ParcelId, ShipmentId};

/// Every decoder there is, by the name of its target.
pub fn all() -> Vec<(&'static str, Decoder)> {
    let mut all = api::fuzzing::decoders();
    all.extend([("ids", ids as Decoder), ("setup_file", setup_file), ("rate_sheet", rate_sheet), ("link", link)]);
    all.push(("query", query as Decoder));
    all.extend([("carrier_answer", carriers::testing::read_answers as Decoder), ("carrier_push", carrier_push)]);
    all
}

/// An id that is read is written as it was.
fn ids(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(id) = OrderId::from_native(&text) {
        assert_eq!(OrderId::from_native(&id.to_string()), Some(id));
    }
    if let Some(id) = OrderId::from_decimal(&text) {
        assert_eq!(id.number().to_string(), text);
    }
    if let Some((id, _)) = OrderId::from_hex24(&text) {
        assert_eq!(OrderId::new(id.number()), Some(id));
    }
    let _ = ShipmentId::from_native(&text);
    let _ = ParcelId::from_native(&text);
    let _ = DocumentId::from_native(&text);
    let _ = EventId::from_native(&text);
}

/// Every connector; none is asked for anything.
fn connectors() -> Vec<Arc<dyn Connector>> {
    static HTTP: LazyLock<carriers::Http> =
        LazyLock::new(|| carriers::testing::handed(carriers::testing::standing(Timestamp::UNIX_EPOCH)));
    carriers::all(&HTTP)
}

const SHEET: &str = "service,zone,countries,postal_prefixes,min_weight_kg,max_weight_kg,price,currency,transit_days\n\
    standard,home,NL,,0,31.5,4.90,EUR,2\n";

fn setup_file(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let files = |_: &str| Ok(SHEET.as_bytes().to_vec());
        drop(app::setup::file::read(text, &files, &|_| Some("value".to_owned()), &connectors()));
    }
}

fn rate_sheet(bytes: &[u8]) {
    const SETUP: &str = "[[tenant]]\nid = \"a\"\nname = \"A\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\n\
        [[tenant.carrier_account]]\nid = \"house\"\ncarrier = \"local\"\n\
        settings = { rate_sheet = \"rates.csv\", sscc_prefix = \"4012345\", carrier_name = \"House\" }\n";
    if let Ok(sheet) = std::str::from_utf8(bytes) {
        let files = |_: &str| Ok(sheet.as_bytes().to_vec());
        drop(app::setup::file::read(SETUP, &files, &|_| None, &connectors()));
    }
}

/// Whoever shows what was agreed is read; nobody else is.
fn carrier_push(bytes: &[u8]) {
    let account = carriers::doordash_drive::stand_in::account();
    let is_it = |known: &&Arc<dyn Connector>| known.profile().carrier == account.carrier;
    let connection = connectors().iter().find(is_it).and_then(|connector| connector.connect(&account).ok());
    let connection = connection.expect("an account that works");
    let push = |authorization| Push { authorization, body: bytes, now: Timestamp::UNIX_EPOCH };
    for pushed in connection.read_push(&push(Some(AUTHORIZATION))).unwrap_or_default() {
        assert_eq!(connection.read_code(&pushed.report.code).0, pushed.report.status);
    }
    assert_eq!(connection.read_push(&push(None)), Err(PushError::Forged));
}

fn link(bytes: &[u8]) {
    if let Ok(vault) = Vault::new(&[7; 32], Random::default()) {
        let token = String::from_utf8_lossy(bytes);
        assert_eq!(vault.open_link(&token), None, "nobody else signs links");
        assert_eq!(vault.open_link(&vault.seal_link(&token)).as_deref(), Some(token.as_ref()));
    }
}

/// A query that is read can be tried, within bounds, on a document that has a bit of everything.
fn query(bytes: &[u8]) {
    use query::{Options, Patience, Query, Value};
    let text = String::from_utf8_lossy(bytes);
    let Ok(read) = Query::parse(&text, &Options::default()) else { return };
    assert!(!read.to_string().is_empty());
    drop(read.filter.check());
    let boxes = vec![Value::Object(vec![("a".to_owned(), Value::text("x"))]), Value::Null];
    let document = Value::Object(vec![("a".to_owned(), Value::List(boxes)), ("b".to_owned(), Value::Number(5.0))]);
    drop(read.filter.matches(&document, Patience::of(std::time::Duration::from_secs(1))));
}
