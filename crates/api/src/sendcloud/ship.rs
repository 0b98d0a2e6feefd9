//! Ship an order: requests to make labels, and their answers.

use domain::document::{Dpi, Format, Paper};
use domain::measure::{Quantity, SentDimensions, WeightUnit};
use domain::order::ServiceWish;
use serde::Serialize;

use super::LENIENCY;
use super::decode::{dimension, ship_with};
use super::encode;
use super::error::{ErrorBody, Errors};
use super::order::{LARGEST_INTEGER, LONGEST_ORDER_ID, LONGEST_ORDER_NUMBER, LONGEST_TEXT, WEIGHT_UNITS};
use crate::json::fields::{Fault, Fields, Node, Notes, boolean, choice, integer, positive, text};
use crate::json::{self, Json};

/// Orders in one asynchronous request.
const MOST_ORDERS: usize = 20;
/// Parcels of one order.
const MOST_PARCELS: usize = 50;
/// Items in one parcel.
const MOST_PARCEL_ITEMS: usize = 1_000;
/// The resolutions a label may be asked in.
const RESOLUTIONS: &[i64] = &[72, 150, 203, 300, 600];

/// The body of `POST /orders/create-labels-async`.
#[derive(Clone, Debug, PartialEq)]
pub struct ShipOrders {
    /// What holds for all orders.
    pub head: ShipHead,
    /// 1 to 20 orders.
    pub orders: Vec<ShipOrder>,
}

/// The body of `POST /orders/create-label-sync`.
#[derive(Clone, Debug, PartialEq)]
pub struct ShipOneOrder {
    /// What holds for the order.
    pub head: ShipHead,
    /// The order.
    pub order: ShipOrder,
    /// How the label is wanted.
    pub label: LabelWish,
}

/// What holds for every order of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShipHead {
    /// The channel the orders are in.
    pub integration: i64,
    /// The client's id of the location that ships (an alias).
    pub sender_address: Option<i64>,
    /// The client's id of a brand.
    pub brand: Option<i64>,
    /// The service to book; else the orders' own wishes and the routing rules decide.
    pub service: Option<ServiceWish>,
}

/// An order to ship, named by at least one of id and number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShipOrder {
    /// The shop's id.
    pub order_id: Option<String>,
    /// The number people quote.
    pub order_number: Option<String>,
    /// Whether the routing rules apply.
    pub apply_shipping_rules: bool,
    /// The boxes; none: one parcel with everything.
    pub parcels: Vec<ShipParcel>,
}

/// A box of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct ShipParcel {
    /// Its size.
    pub dimensions: Option<SentDimensions>,
    /// Its weight.
    pub weight: Option<Quantity<WeightUnit>>,
    /// What is inside; empty when nobody said.
    pub items: Vec<ParcelItem>,
}

/// Pieces of one order line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelItem {
    /// The shop's id of the line.
    pub item_id: String,
    /// How many pieces.
    pub quantity: u64,
}

/// How a label is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LabelType {
    /// `application/pdf`, A6.
    #[default]
    Pdf,
    /// `application/zpl`.
    Zpl,
    /// `image/png`.
    Png,
}

const LABEL_TYPES: &[(&str, LabelType)] =
    &[("application/pdf", LabelType::Pdf), ("application/zpl", LabelType::Zpl), ("image/png", LabelType::Png)];

/// How a label is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabelWish {
    /// The medium.
    pub mime_type: LabelType,
    /// 72, 150, 203, 300 or 600.
    pub dpi: Option<u32>,
}

impl LabelWish {
    /// The format of ours that comes nearest: PDF has no resolution; ZPL and pictures are drawn for 203, 300 or
    /// 600 dots an inch, usually ZPL for 203 and pictures for 300.
    pub fn format(self) -> Format {
        match (self.mime_type, self.dpi) {
            (LabelType::Pdf, _) => Format::Pdf(Paper::A6),
            (LabelType::Zpl, Some(600..)) => Format::Zpl(Dpi::D600),
            (LabelType::Zpl, Some(300..)) => Format::Zpl(Dpi::D300),
            (LabelType::Zpl, _) => Format::Zpl(Dpi::D203),
            (LabelType::Png, Some(0..=203)) => Format::Png(Dpi::D203),
            (LabelType::Png, Some(600..)) => Format::Png(Dpi::D600),
            (LabelType::Png, _) => Format::Png(Dpi::D300),
        }
    }
}

/// Reads the body of `create-labels-async`; every problem is reported.
pub fn create_labels_async(body: &[u8]) -> Result<ShipOrders, Errors> {
    read(body, |fields| {
        let head = head(fields);
        let orders = fields.required("orders", |node| match node.list(MOST_ORDERS, order)? {
            orders if orders.is_empty() && *node.json() == Json::List(Vec::new()) => node.fault(Fault::TooFew(1, 0)),
            orders => Some(orders),
        });
        ShipOrders { head, orders }
    })
}

/// Reads the body of `create-label-sync`; every problem is reported. The specification's own examples also write the
/// order as a list of one, and call it `orders`; both are taken.
pub fn create_label_sync(body: &[u8]) -> Result<ShipOneOrder, Errors> {
    read(body, |fields| {
        let name = if fields.get("order").is_none() && fields.get("orders").is_some() { "orders" } else { "order" };
        let head = head(fields);
        let order = fields.required(name, |node| match node.json() {
            Json::List(list) if list.len() == 1 => node.list(1, order)?.pop(),
            Json::List(list) if !list.is_empty() => node.fault(Fault::TooMany(1, list.len())),
            _ => order(node),
        });
        let label = fields.optional("label_details", |node| {
            let fields = node.fields()?;
            Some(LabelWish {
                mime_type: fields.optional("mime_type", choice(LABEL_TYPES)).unwrap_or_default(),
                dpi: fields.optional("dpi", |node| match integer(i64::MIN, i64::MAX)(node)? {
                    dpi if RESOLUTIONS.contains(&dpi) => u32::try_from(dpi).ok(),
                    _ => node.fault(Fault::NotOneOfNumbers(RESOLUTIONS)),
                }),
            })
        });
        ShipOneOrder { head, order, label: label.unwrap_or_default() }
    })
}

fn read<T>(body: &[u8], decode: impl FnOnce(&Fields<'_>) -> T) -> Result<T, Errors> {
    let json = json::parse(body).map_err(|error| Errors::malformed(&error))?;
    if !matches!(json, Json::Object(_)) {
        return Err(Errors::not_an_object());
    }
    let notes = Notes::new(LENIENCY);
    let decoded = notes.root(&json).fields().map(|fields| decode(&fields));
    match (Errors::of(&notes.flaws()), decoded) {
        (None, Some(decoded)) => Ok(decoded),
        (errors, _) => Err(errors.unwrap_or_else(Errors::not_an_object)),
    }
}

fn head(fields: &Fields<'_>) -> ShipHead {
    ShipHead {
        integration: fields.required("integration_id", integer(-LARGEST_INTEGER, LARGEST_INTEGER)),
        sender_address: fields.optional("sender_address_id", integer(-LARGEST_INTEGER, LARGEST_INTEGER)),
        brand: fields.optional("brand_id", integer(1, LARGEST_INTEGER)),
        service: fields.optional("ship_with", ship_with),
    }
}

fn order(node: Node<'_>) -> Option<ShipOrder> {
    let fields = node.fields()?;
    if ["order_id", "order_number"].iter().all(|name| matches!(fields.get(name), None | Some(Json::Null))) {
        fields.fault::<()>("order_id", Fault::Missing);
    }
    let named = |name, most| match fields.get(name) {
        None | Some(Json::Null) => None,
        Some(_) => fields.needed(name, text(1, most)),
    };
    Some(ShipOrder {
        order_id: named("order_id", LONGEST_ORDER_ID),
        order_number: named("order_number", LONGEST_ORDER_NUMBER),
        apply_shipping_rules: fields.optional("apply_shipping_rules", boolean).unwrap_or(false),
        parcels: fields.optional("parcels", |node| node.list(MOST_PARCELS, parcel)).unwrap_or_default(),
    })
}

fn parcel(node: Node<'_>) -> Option<ShipParcel> {
    let fields = node.fields()?;
    Some(ShipParcel {
        dimensions: fields.optional("dimensions", dimension),
        weight: fields.optional("weight", |node| {
            let fields = node.fields()?;
            let (value, unit) = (fields.needed("value", positive), fields.needed("unit", choice(WEIGHT_UNITS)));
            Some(Quantity { value: value?, unit: unit? })
        }),
        items: fields.optional("parcel_items", |node| node.list(MOST_PARCEL_ITEMS, parcel_item)).unwrap_or_default(),
    })
}

fn parcel_item(node: Node<'_>) -> Option<ParcelItem> {
    let fields = node.fields()?;
    Some(ParcelItem {
        item_id: fields.required("item_id", text(1, LONGEST_TEXT)),
        quantity: u64::try_from(fields.required("quantity", integer(1, LARGEST_INTEGER))).unwrap_or_default(),
    })
}

/// The 202 answer of `create-labels-async`: the orders that were shipped, and why the others were not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LabelsAnswer<'a> {
    /// One entry an order that was shipped.
    pub data: Vec<ShippedOrder<'a>>,
    /// See [`ErrorBody::order_cannot_ship`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorBody>,
}

/// An order that was shipped.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShippedOrder<'a> {
    /// The first of [`Self::parcels_ids`]; deprecated there, read by older clients.
    pub parcel_id: u64,
    /// Our ids of its parcels.
    pub parcels_ids: Vec<u64>,
    /// Our id of the shipment, decimal.
    pub shipment_id: String,
    /// The shop's id of the order.
    pub order_id: String,
    /// The number people quote.
    pub order_number: String,
    /// The service that was asked for, as it was; see [`service`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ship_with: Option<Json<'a>>,
}

/// The `data` of the 201 answer of `create-label-sync`, an object as the schema says (the specification's example
/// shows a list, which the one client seen to call this reads as nothing).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShippedWithLabel<'a> {
    /// What the asynchronous answer says too.
    #[serde(flatten)]
    pub order: ShippedOrder<'a>,
    /// The carrier's number of the first parcel.
    pub tracking_number: String,
    /// Where the consumer follows it.
    pub tracking_url: String,
    /// The label, under the example's name.
    pub label: LabelFile,
    /// The label, under the schema's name.
    pub label_details: LabelFile,
    /// Where to fetch the documents.
    pub documents: Vec<DocumentLink>,
}

/// The service in an answer, as `ship_with`.
pub fn service(wish: &ServiceWish) -> Json<'_> {
    encode::ship_with(wish, None)
}

/// A label inside an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelFile {
    /// The bytes in base64.
    pub file: String,
    /// The medium.
    pub mime_type: &'static str,
    /// Dots an inch; 72 for PDF.
    pub dpi: u32,
}

impl LabelFile {
    /// A label's bytes.
    pub fn new(bytes: &[u8], format: Format) -> Self {
        use base64::Engine;
        let dpi = match format {
            Format::Pdf(_) => 72,
            Format::Zpl(dpi) | Format::Png(dpi) => dpi.number(),
        };
        let file = base64::engine::general_purpose::STANDARD.encode(bytes);
        Self { file, mime_type: format.media_type(), dpi }
    }
}

/// Where a document is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DocumentLink {
    /// `label`, `air-waybill`, …; deprecated there, read by older clients.
    pub r#type: &'static str,
    /// `label`, `customs-declaration` or `air-waybill`.
    pub document_type: &'static str,
    /// `a6` or `a4`.
    pub size: &'static str,
    /// Its address.
    pub link: String,
}

impl DocumentLink {
    /// A label on A6.
    pub fn label(link: String) -> Self {
        Self { r#type: "label", document_type: "label", size: "a6", link }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::tests::shown;

    #[test]
    fn the_specifications_example_is_read() {
        let body = br#"{"integration_id":70,"brand_id":42,"sender_address_id":17,
            "ship_with":{"type":"shipping_option_code","properties":{"contract_id":517,
            "shipping_option_code":"postnl:standard"}},
            "orders":[{"order_number":"ORDER-25763","apply_shipping_rules":true,"parcels":[{
                "parcel_items":[{"item_id":"5552","quantity":1}],
                "dimensions":{"length":"5.00","width":"15.00","height":"20.00","unit":"cm"},
                "weight":{"value":"1.320","unit":"kg"}}]},{"order_id":"d59e"}]}"#;
        let asked = create_labels_async(body).unwrap();
        let wish = asked.head.service.clone().unwrap();
        assert_eq!((wish.code.as_deref(), wish.contract.as_deref()), (Some("postnl:standard"), Some("517")));
        assert_eq!(asked.orders[0].parcels[0].weight.unwrap().value.to_string(), "1.320");
        assert_eq!(asked.orders[1].order_id.as_deref(), Some("d59e"));
    }

    #[test]
    fn every_problem_is_reported_and_indexes_are_bare() {
        let body = br#"{"sender_address_id":"x","orders":[{"order_id":1},{},{"order_number":""}]}"#;
        let refused = create_labels_async(body).unwrap_err();
        insta::assert_snapshot!(shown(&refused), @r#"
        {"errors":[{"status":"400","code":"invalid","detail":"Field required",
        "source":{"pointer":"/data/attributes/integration_id"}},{"status":"400","code":"invalid",
        "detail":"Input should be a valid integer, unable to parse string as an integer",
        "source":{"pointer":"/data/attributes/sender_address_id"}},{"status":"400","code":"invalid",
        "detail":"Input should be a valid string",
        "source":{"pointer":"/data/attributes/orders/0/order_id"}},{"status":"400","code":"invalid",
        "detail":"Field required","source":{"pointer":"/data/attributes/orders/1/order_id"}},
        {"status":"400","code":"invalid","detail":"String should have at least 1 character",
        "source":{"pointer":"/data/attributes/orders/2/order_number"}}]}
        "#);
        let none = create_labels_async(br#"{"integration_id":7,"orders":[]}"#).unwrap_err();
        assert_eq!(none.errors[0].detail, "List should have at least 1 item after validation, not 0");
    }

    #[test]
    fn a_single_label_is_asked_for_in_every_form_of_the_examples() {
        for body in [
            r#"{"integration_id":7,"order":{"order_number":"A"},"label_details":{"mime_type":"image/png","dpi":150}}"#,
            r#"{"integration_id":7,"order":[{"order_number":"A"}],"label_details":{"mime_type":"image/png",
            "dpi":150}}"#,
            r#"{"integration_id":7,"orders":[{"order_number":"A"}],"label_details":{"mime_type":"image/png",
            "dpi":150}}"#,
        ] {
            let asked = create_label_sync(body.as_bytes()).unwrap();
            assert_eq!(asked.order.order_number.as_deref(), Some("A"));
            assert_eq!(asked.label.format(), Format::Png(Dpi::D203));
        }
        let refused = create_label_sync(br#"{"integration_id":7,"order":{"order_id":5},"label_details":{"dpi":100}}"#);
        let details: Vec<_> = refused.unwrap_err().errors.into_iter().map(|error| error.detail).collect();
        assert_eq!(details, ["Input should be a valid string", "Input should be 72, 150, 203, 300 or 600"]);
    }

    #[test]
    fn the_label_stands_under_both_names_inside_an_object() {
        let wish = ServiceWish { code: Some("house:standard".to_owned()), contract: Some("517".to_owned()) };
        let order = ShippedOrder {
            parcel_id: 420,
            parcels_ids: vec![420],
            shipment_id: "511".to_owned(),
            order_id: "555413".to_owned(),
            order_number: "OX-12".to_owned(),
            ship_with: Some(service(&wish)),
        };
        let label = LabelFile::new(b"%PDF", Format::Pdf(Paper::A6));
        let answer = super::super::order::Data {
            data: ShippedWithLabel {
                order,
                tracking_number: "T1".to_owned(),
                tracking_url: "https://x.example/t/1".to_owned(),
                label_details: label.clone(),
                label,
                documents: vec![DocumentLink::label("https://x.example/l".to_owned())],
            },
        };
        insta::assert_snapshot!(shown(&answer), @r#"
        {"data":{"parcel_id":420,"parcels_ids":[420],"shipment_id":"511","order_id":"555413",
        "order_number":"OX-12","ship_with":{"type":"shipping_option_code",
        "properties":{"shipping_option_code":"house:standard","contract_id":517}},"tracking_number":"T1",
        "tracking_url":"https://x.example/t/1","label":{"file":"JVBERg==","mime_type":"application/pdf",
        "dpi":72},"label_details":{"file":"JVBERg==","mime_type":"application/pdf","dpi":72},
        "documents":[{"type":"label","document_type":"label","size":"a6","link":"https://x.example/l"}]}}
        "#);
    }
}
