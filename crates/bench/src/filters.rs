//! Filters: 20 orders, or documents, by every single field that an index serves, at a small table and at a large one.
//!
//! The server itself makes three orders with everything there is to ask for: one is booked, one is refused by the carrier and
//! one waits. What it wrote is copied, so that the columns that are searched, the bodies that are looked into and the rows
//! beside them agree as they do in use.

use anyhow::{Context as _, ensure};
use domain::ids::{BatchId, ShipmentId};
use reqwest::Url;
use serde_json::{Value as Json, json};
use store::Config;

use crate::client::{Client, request};
use crate::database::{Database, Engine, fresh};
use crate::growth::{self, Ask, Asked, START};
use crate::replicas::{self, DAY, STRIDE, Template};
use crate::server::Server;
use crate::table::Table;
use crate::{Bench, batches};

/// An account that refuses what is sent to a certain postal code.
const SETUP: &str = r#"
[[tenant.carrier_account]]
id = "sandbox"
carrier = "sandbox"
aliases = { crowdsender = "contract-@50@" }
settings = { quote = "ok" }
"#;

/// Of four copies two are booked, one is refused and one waits.
const TEMPLATES: [Template; 6] = [
    Template { table: "orders", condition: "id = case n % 4 when 0 then 3 when 1 then 2 else 1 end", columns: &[] },
    Template { table: "shipments", condition: OF_ORDER, columns: &[] },
    Template {
        table: "parcels",
        condition: OF_ORDER,
        columns: &[
            ("tracking_number", "tracking_number || '-' || n"),
            ("tracking_token", "tracking_token || '-' || n"),
            ("sscc", "sscc || '-' || n"),
        ],
    },
    // Labels for a printer that knows no PDF, and files of batches, are fewer.
    Template {
        table: "documents",
        condition: "order_id = case n % 4 when 0 then 3 when 1 then 2 else 1 end and (format like 'pdf%' or n % 100 = 2)",
        columns: &[],
    },
    Template { table: "documents", condition: "order_id = 0 and n % 100 = 0", columns: &[] },
    Template {
        table: "order_values",
        condition: OF_ORDER,
        columns: &[(
            "value",
            "case when field = 'box_scanned_at' then cast(cast(value as bigint) + n % 18 * 86400000 as text) else value end",
        )],
    },
];

const OF_ORDER: &str = "order_id = case n % 4 when 0 then 3 when 1 then 2 else 1 end";

/// A booked copy that is asked for; it is there when the table is small.
const N: usize = 4_006;

/// What the rows that are copied say that cannot be known before.
#[derive(Debug)]
struct Known {
    label: usize,
    batch: usize,
    /// The link to the label.
    link: String,
    tracking_number: String,
    /// Why the second order was refused.
    failure: String,
}

/// An order with everything there is to ask for.
fn order(name: &str, postal_code: &str) -> Json {
    let at = format!("{DAY}T00:00:00.000Z");
    let mut one = json!({ "_externalBoxId": "box-@n@", "weight": 1.5, "scanned": true, "scanDate": at });
    let mut order = json!({
        "orderNumber": "N-@n@",
        "_externalReferenceId": format!("{name}-@n@"),
        "_courierContract": "contract-@50@",
        "tags": ["tag-@50@", "all"],
        "seller": "seller-@50@",
        "store": "store-@50@",
    });
    for n in 1..=6 {
        order[format!("customField{n}")] = json!(format!("field{n}-@50@"));
        one[format!("customField{n}")] = json!(format!("box-field{n}-@50@"));
    }
    order["shipment"] = json!({
        "sendDate": at,
        "shipFrom": { "companyName": "company-@50@", "name": "Dispatch", "address": {
            "street1": "Havenweg 1", "postalCode": "5347AB", "city": "Oss", "country": "NL" } },
        "shipTo": { "name": "Erika", "address": {
            "street1": "Stadhuisplein 15", "postalCode": postal_code, "city": "Oss", "country": "NL" } },
        "boxes": [one],
    });
    order
}

/// `path?name=value`, encoded.
fn encoded(path: &str, name: &str, value: &str) -> anyhow::Result<String> {
    let url = Url::parse_with_params(&format!("http://127.0.0.1{path}"), [(name, value)])?;
    Ok(format!("{path}?{}", url.query().unwrap_or_default()))
}

fn get(client: &mut Client, path: &str) -> anyhow::Result<Json> {
    Ok(serde_json::from_slice(&client.send(&request("GET", path, ""))?)?)
}

fn text(json: &Json, pointer: &str) -> anyhow::Result<String> {
    Ok(json.pointer(pointer).and_then(Json::as_str).with_context(|| format!("no {pointer} in {json}"))?.to_owned())
}

/// The orders that are copied: 1 is booked and has labels and a packing slip, 2 is refused, 3 waits.
fn stock(bench: &Bench, config: &Config, database: &mut Database) -> anyhow::Result<Known> {
    let server = Server::start(bench, config, SETUP)?;
    let mut client = Client::connect(server.port)?;
    let place = |client: &mut Client, id: &str, body: &Json| {
        let answer = client.send(&request("POST", "/api/v1/orders", &body.to_string()))?;
        let made = text(&serde_json::from_slice(&answer)?, "/data/_id")?;
        ensure!(made.ends_with(id), "the order {made} should have had the id {id}");
        Ok::<_, anyhow::Error>(made)
    };
    let booked = place(&mut client, "01", &order("booked", "5341AB"))?;
    let refused = place(&mut client, "02", &order("refused", "TEST-422"))?;
    let body = json!({ "grouped": true, "groupValues": ["seller"] }).to_string();
    let path = encoded("/api/v1/labels", "query", "status=REGISTERED")?;
    let begun: Json = serde_json::from_slice(&client.send(&request("POST", &path, &body))?)?;
    let batch: usize = text(&begun, "/data/_batchId")?.parse()?;
    let id = BatchId::new(batch as u64).context("a batch without an id")?;
    let done = batches::finished(&mut client, &id.to_string())?;
    ensure!(
        (&done["counts"]["labelled"], &done["counts"]["failed"]) == (&json!(1), &json!(1)),
        "not one was booked and one refused: {done}"
    );
    place(&mut client, "03", &order("waiting", "5341AB"))?;
    let shipments = database.texts("select id from shipments where order_id = 1")?;
    let shipment = shipments.first().and_then(|id| ShipmentId::new(id.parse().ok()?)).context("no shipment")?;
    client.send(&request("GET", &format!("/v1/shipments/{shipment}/packing-slip"), ""))?;
    let shipped = get(&mut client, &format!("/v1/shipments/{shipment}"))?;
    let parcel = text(&shipped, "/parcels/0/id")?;
    client.send(&request("GET", &format!("/v1/parcels/{parcel}/label?format=zpl_203"), ""))?;

    let booked = get(&mut client, &format!("/api/v1/orders/{booked}"))?;
    let refused = get(&mut client, &format!("/api/v1/orders/{refused}"))?;
    let label = text(&booked, "/data/shipment/boxes/0/_downloadableId")?;
    let listed = get(&mut client, &encoded("/api/v1/documents", "query", &format!("_id={label}"))?)?;
    Ok(Known {
        label: usize::from_str_radix(&label[8..], 16)?,
        batch,
        link: text(&listed, "/data/documents/0/url")?,
        tracking_number: text(&booked, "/data/shipment/boxes/0/tracking/trackId")?,
        failure: text(&refused, "/data/shipment/boxes/0/tracking/error")?,
    })
}

/// The spelling in 24 hexadecimal digits of what was made with the `n`th copy.
fn hex24(n: usize, template: usize) -> String {
    format!("{:08x}{:016x}", START + n as i64, n * STRIDE + template)
}

/// What orders are asked for: a name, the query, and how many orders it finds.
fn of_orders(known: &Known) -> anyhow::Result<Vec<(String, String, usize)>> {
    let (order, label) = (hex24(N, 1), hex24(N, known.label));
    let day = "2022-02-20T00:00:00.000Z";
    let own = |field: &str| format!("{field}-{}", N % 50);
    let mut equal: Vec<(String, String, usize)> = [
        ("addressValidationStatus", "UNVERIFIED".to_owned(), 20),
        ("_id", order, 1),
        ("orderNumber", format!("N-{N}"), 1),
        ("seller", own("seller"), 20),
        ("shipment.boxes.scanDate", day.to_owned(), 20),
        ("shipment.boxes.scanned", "true".to_owned(), 20),
        ("shipment.boxes._downloadableId", label, 1),
        ("shipment.boxes.tracking.status", "generated label".to_owned(), 20),
        ("shipment.boxes.tracking.status", "waiting".to_owned(), 20),
        ("shipment.boxes.tracking.trackId", format!("{}-{N}", known.tracking_number), 1),
        ("shipment.sendDate", day.to_owned(), 20),
        ("shipment.shipFrom.companyName", own("company"), 20),
        ("shipment.shipTo.address.country", "NL".to_owned(), 20),
        ("status", "REGISTERED".to_owned(), 20),
        ("status", "PENDING_TO_SHIP".to_owned(), 20),
        ("store", own("store"), 20),
        ("tags", own("tag"), 20),
        ("tags", "all".to_owned(), 20),
        ("_courierContract", own("contract"), 20),
    ]
    .into_iter()
    .map(|(field, value, rows)| (field.to_owned(), value, rows))
    .collect();
    for n in 1..=6 {
        equal.push((format!("customField{n}"), own(&format!("field{n}")), 20));
        equal.push((format!("shipment.boxes.customField{n}"), own(&format!("box-field{n}")), 20));
    }
    let mut asked: Vec<_> = equal
        .into_iter()
        .map(|(field, value, rows)| {
            let query = format!("{field}={value}");
            let name = if matches!(field.as_str(), "status" | "tags" | "shipment.boxes.tracking.status") {
                query.clone()
            } else {
                field
            };
            (name, query, rows)
        })
        .collect();
    let numbers: Vec<_> = (0..20).map(|n| format!("N-{}", N + n)).collect();
    let others = [
        ("orderNumber, a list of 20", format!("orderNumber={}", numbers.join(",")), 20),
        ("seller, a list", "seller=seller-2,seller-3,seller-4".to_owned(), 20),
        ("tags, a list", "tags=tag-2,tag-3,tag-4".to_owned(), 20),
        ("orderNumber, a range", "orderNumber>=N-40&orderNumber<N-41".to_owned(), 20),
        ("shipment.sendDate, a range", "shipment.sendDate>=2022-02-20&shipment.sendDate<2022-02-22".to_owned(), 20),
        (
            "shipment.boxes.scanDate, a range",
            "shipment.boxes.scanDate>=2022-02-20&shipment.boxes.scanDate<2022-02-22".to_owned(),
            20,
        ),
        ("customField1, a range", "customField1>=field1-2&customField1<field1-3".to_owned(), 20),
        ("orderNumber, a prefix", "orderNumber=/^N-40/".to_owned(), 20),
    ];
    asked.extend(others.map(|(name, query, rows)| (name.to_owned(), query, rows)));
    // In JSON: a comma in a value would part two of them.
    for (name, filter) in [
        ("shipment.boxes.tracking.error", json!({ "shipment.boxes.tracking.error": known.failure })),
        ("shipment.boxes", json!({ "shipment.boxes": { "$elemMatch": { "customField1": own("box-field1") } } })),
    ] {
        let query = encoded("/", "filter", &filter.to_string())?;
        asked.push((name.to_owned(), query["/?".len()..].to_owned(), 20));
    }
    Ok(asked)
}

/// What documents are asked for.
fn of_documents(known: &Known) -> Vec<(String, String, usize)> {
    let (order, label) = (hex24(N, 1), hex24(N, known.label));
    // A box's place stands between the second of its order and the number.
    let box_id = format!("{}01{}", &order[..8], &order[10..]);
    let batch = N / 100 * 100 * STRIDE + known.batch;
    let asked = [
        ("_id", format!("_id={label}"), 1),
        ("url", format!("url={}", known.link), 1),
        ("filename", format!("filename={label}.pdf"), 1),
        ("metadata._orderId", format!("metadata._orderId={order}"), 2),
        ("metadata.orderNumber", format!("metadata.orderNumber=N-{N}"), 2),
        ("metadata._boxId", format!("metadata._boxId={box_id}"), 1),
        ("metadata._externalBoxId", format!("metadata._externalBoxId=box-{N}"), 1),
        ("metadata._batchId", format!("metadata._batchId={batch}"), 1),
        ("tags", format!("tags=tag-{}", N % 50), 20),
        ("createdAt, a range", "createdAt>=2026-01-01T00:30:00Z&createdAt<2026-01-01T00:31:00Z".to_owned(), 20),
        ("extensionType=pdf", "extensionType=pdf".to_owned(), 20),
        ("extensionType=zpl", "extensionType=zpl".to_owned(), 20),
        ("type=label", "type=label".to_owned(), 20),
        ("type=packingSlip", "type=packingSlip".to_owned(), 20),
        ("type=labels", "type=labels".to_owned(), 20),
        ("type, a list", "type=packingSlip,labels".to_owned(), 20),
        ("directory=packing-slips", "directory=packing-slips".to_owned(), 20),
    ];
    asked.map(|(name, query, rows)| (name.to_owned(), query, rows)).to_vec()
}

/// A table with the rows that are copied, and the questions.
fn asked(bench: &Bench, engine: Engine) -> anyhow::Result<Asked> {
    let (config, mut database) = fresh(bench, engine)?;
    let known = stock(bench, &config, &mut database)?;
    let copying = replicas::prepare(&mut database, &TEMPLATES)?;
    let mut asks = Vec::new();
    for (what, path, list, asked) in [
        ("filter", "/api/v1/orders", "/data/orders", of_orders(&known)?),
        ("filter of documents,", "/api/v1/documents", "/data/documents", of_documents(&known)),
    ] {
        for (name, query, rows) in asked {
            let path = encoded(path, "query", &format!("{query}&limit=20"))?;
            asks.push(Ask { name: format!("{what} {name}"), path, list, rows });
        }
    }
    let fill = move |database: &mut Database, from, to| replicas::insert(database, &copying, from, to);
    Ok(Asked { config, database, fill: Box::new(fill), asks })
}

pub(crate) fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> anyhow::Result<()> {
    growth::measure(bench, [asked(bench, engine)?, asked(bench, engine)?], SETUP, (engine, table))
}
