//! What this dialect's clients send → canonical orders and customers. Every problem of a batch is reported.

use std::collections::BTreeMap;

use app::orders::{Batch, OrderDraft, Presence};
use app::tenants::TenantSetup;
use domain::address::Contact;
use domain::channel::{ChannelNumber, Dialect};
use domain::customer::{CustomerDetails, CustomerKey};
use domain::money::{Decimal, Money};
use domain::order::{LineItem, OrderDetails, Payment, ShopStatus};
use domain::time::SentTime;
use jiff::tz::TimeZone;

use super::error::Refusal;
use super::order::{
    Attribute, Kept, LARGEST, LONGEST_EMAIL, LONGEST_ID, LONGEST_NAME, LONGEST_PHONE, LONGEST_TEXT, LONGEST_VALUE,
    LONGEST_ZONE, MOST_ENTRIES, MOST_PARTS, ProductRest, STATUSES, is_cancelled, lay, status_of,
};
use super::{LENIENCY, zones};
use crate::json::fields::{Fault, Fields, Node, Notes, currency, decimal, integer, not_negative, text, time};
use crate::json::{self, Json};

/// By what the customers of one request are known; a request may say otherwise than the tenant.
const MATCHINGS: [(&str, CustomerKey); 3] =
    [("email", CustomerKey::Email), ("phonenumber", CustomerKey::Phone), ("crmid", CustomerKey::CrmId)];

/// Customers of one POST.
#[derive(Clone, Debug, PartialEq)]
pub struct Customers {
    /// By what they are known.
    pub matching: Option<CustomerKey>,
    /// Whether they must be new.
    pub presence: Presence,
    /// What is said of each.
    pub customers: Vec<CustomerDetails>,
}

/// A status that is set by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusChange {
    /// The shop's id of the order.
    pub id: String,
    /// Its website, when one is named.
    pub website: Option<i32>,
    /// The status.
    pub status: ShopStatus,
}

/// Reads a body; a list of flaws is the refusal.
fn read<T>(body: &[u8], decode: impl FnOnce(Fields<'_>) -> Option<T>) -> Result<T, Refusal> {
    let json = json::parse(body).map_err(|error| Refusal::malformed(&error))?;
    let notes = Notes::new(LENIENCY);
    let decoded = notes.root(&json).fields().and_then(decode);
    match (decoded, notes.flaws()) {
        (Some(decoded), flaws) if flaws.is_empty() => Ok(decoded),
        (_, flaws) => Err(Refusal::of(&flaws, &json)),
    }
}

/// Reads the body of `POST /orders`.
pub fn orders(body: &[u8], setup: &TenantSetup) -> Result<Batch, Refusal> {
    read(body, |fields| {
        let presence = fields.needed("mode", |node| presence(node, "Replace", "AddOrReplace"));
        let matching = fields.optional("matchBy", matching);
        let reader = Reader { setup, matching: matching.unwrap_or(setup.tenant.customers.matching) };
        let orders = fields.needed("data", |node| entries(node, |node| reader.order(node)))?;
        let (drafts, customers) = orders.into_iter().unzip();
        Some(Batch { drafts, customers, matching, presence: presence?, lay, is_cancelled })
    })
}

/// Reads the body of `PUT /orders/status`.
pub fn status_change(body: &[u8]) -> Result<StatusChange, Refusal> {
    read(body, |fields| {
        let id = fields.needed("orderId", words(1, LONGEST_ID));
        let status = fields.needed("orderStatus", status);
        let website = fields.optional("websiteId", website);
        Some(StatusChange { id: id?, website, status: status? })
    })
}

/// Reads the body of `POST /customers`.
pub fn customers(body: &[u8], setup: &TenantSetup) -> Result<Customers, Refusal> {
    read(body, |fields| {
        let presence = fields.needed("mode", |node| presence(node, "Update", "AddOrUpdate"));
        let matching = fields.optional("matchBy", matching);
        let key = matching.unwrap_or(setup.tenant.customers.matching);
        let customers = fields.needed("data", |node| entries(node, |node| customer(node, key)));
        Some(Customers { matching, presence: presence?, customers: customers? })
    })
}

/// The elements of `data`.
fn entries<T>(node: Node<'_>, read: impl Fn(Node<'_>) -> Option<T>) -> Option<Vec<T>> {
    if let Json::List(list) = node.json()
        && list.is_empty()
    {
        return node.fault(Fault::TooFew(1, 0));
    }
    node.list(MOST_ENTRIES, read)
}

fn presence(node: Node<'_>, change: &'static str, either: &'static str) -> Option<Presence> {
    let is = |word: &str| node.json().as_text().is_some_and(|mode| mode.eq_ignore_ascii_case(word));
    match () {
        () if is("Add") => Some(Presence::MustBeNew),
        () if is(either) => Some(Presence::MayBeEither),
        () if is(change) => Some(Presence::MustExist),
        () => node.fault(Fault::NotOneOf(vec!["Add", either, change])),
    }
}

fn matching(node: Node<'_>) -> Option<CustomerKey> {
    let word = text(0, LONGEST_NAME)(node)?;
    let known = MATCHINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&word));
    known.map(|(_, key)| *key).or_else(|| node.fault(Fault::NotOneOf(vec!["Email", "PhoneNumber", "CrmId"])))
}

/// Text; a number is taken for its digits, since PHP shops write ids either way.
fn words(least: usize, most: usize) -> impl Fn(Node<'_>) -> Option<String> {
    move |node| match node.json() {
        Json::Number(digits) if digits.len() <= most => Some(digits.to_string()),
        _ => text(least, most)(node),
    }
}

fn status(node: Node<'_>) -> Option<ShopStatus> {
    let word = text(1, LONGEST_VALUE)(node)?;
    match status_of(&word) {
        Some(code) => Some(ShopStatus { code: code.to_owned(), message: (code != word).then_some(word) }),
        None => node.fault(Fault::NotOneOf(STATUSES.to_vec())),
    }
}

fn website(node: Node<'_>) -> Option<i32> {
    integer(i32::MIN.into(), LARGEST)(node).and_then(|number| i32::try_from(number).ok())
}

struct Reader<'s> {
    setup: &'s TenantSetup,
    matching: CustomerKey,
}

impl Reader<'_> {
    /// One order, and what it says of its customer.
    fn order(&self, node: Node<'_>) -> Option<(OrderDraft, CustomerDetails)> {
        let fields = node.fields()?;
        let external_id = fields.needed("id", words(1, LONGEST_ID));
        let zone = fields.optional("timeZone", |node| {
            let name = text(0, LONGEST_ZONE)(node)?;
            let unknown = "expected a time zone such as \"Pacific Standard Time\" or \"Europe/Warsaw\"";
            let zone = zones::zone(&name);
            zone.map(|zone| (name, zone)).or_else(|| node.fault(Fault::Other(unknown.to_owned())))
        });
        let (time_zone, zone) = zone.map_or((None, TimeZone::UTC), |(name, zone)| (Some(name), zone));
        let placed_at = fields.needed("date", |node| date(node, &zone));
        let website = fields.optional("websiteId", website);
        let shop_status = fields.optional("status", status);
        let sent_currency = fields.optional("currency", currency);
        let money = |amount: Decimal| Money::new(amount, sent_currency.unwrap_or(self.setup.tenant.currency));
        let total = fields.needed("totalValue", not_negative).map(money);
        let returns_value = fields.optional("returnsValue", decimal);
        let said = fields.needed("customer", |node| customer_of_order(node, self.matching)).unwrap_or_default();
        let products = fields.needed("products", |node| node.list(MOST_PARTS, |node| product(node, &money)));
        let (items, products) = products.unwrap_or_default().into_iter().unzip();
        let contact = Contact { name: None, phone: said.phone.clone(), email: said.email.clone() };
        let mut details = OrderDetails {
            external_id,
            shop_status,
            placed_at,
            items,
            payment: Payment { total, ..Payment::default() },
            customer: Some(contact),
            ..OrderDetails::default()
        };
        let kept = Kept {
            time_zone,
            has_no_currency: sent_currency.is_none(),
            returns_value,
            crm_id: said.crm_id.clone(),
            attributes: fields.optional("orderAttributes", attributes),
            products,
        };
        kept.keep_in(&mut details);
        let channel = website.map_or_else(|| Dialect::Expertsender.default_channel(), ChannelNumber::of_website);
        Some((OrderDraft { id: None, channel, details }, said))
    }
}

/// A date and time; one without an offset is read in the order's zone.
fn date(node: Node<'_>, zone: &TimeZone) -> Option<SentTime> {
    let sent = match time(node)? {
        sent @ SentTime::Instant(..) => sent,
        local => {
            let at = local.instant_in(zone);
            SentTime::Instant(at, zone.to_offset(at))
        }
    };
    let year = jiff::tz::Offset::UTC.to_datetime(sent.instant_in(zone)).year();
    if (1..=9999).contains(&year) { Some(sent) } else { node.fault(Fault::NotTimeText("year is out of range")) }
}

/// One product line. WooCommerce sends an empty price for a product that has none, and `false` or a list for an image.
fn product(node: Node<'_>, money: &impl Fn(Decimal) -> Money) -> Option<(LineItem, ProductRest)> {
    let fields = node.fields()?;
    let words_or_nothing = |name| fields.optional(name, text(0, LONGEST_TEXT));
    let price = fields.needed("price", |node| match node.json() {
        Json::Text(text) if text.is_empty() => Some(None),
        _ => not_negative(node).map(Some),
    });
    let quantity = fields.needed("quantity", integer(0, LARGEST)).and_then(|count| u64::try_from(count).ok());
    let item = LineItem {
        product_id: fields.needed("id", words(1, LONGEST_ID)),
        name: fields.required("name", text(1, LONGEST_TEXT)),
        image_url: fields.optional("imageUrl", image),
        quantity: quantity.unwrap_or_default(),
        unit_price: price.flatten().map(money),
        ..LineItem::default()
    };
    let rest = ProductRest {
        url: words_or_nothing("url"),
        category: words_or_nothing("category"),
        returned: fields.optional("returned", integer(0, LARGEST)),
        attributes: fields.optional("productAttributes", attributes),
    };
    Some((item, rest))
}

/// A picture's address. WordPress answers `false` when there is none, or a list that begins with it.
fn image(node: Node<'_>) -> Option<String> {
    match node.json() {
        Json::Bool(false) => None,
        Json::List(list) => {
            let address = list.first().and_then(Json::as_text);
            address.filter(|text| text.len() <= LONGEST_TEXT && !text.contains('\0')).map(str::to_owned)
        }
        _ => text(0, LONGEST_TEXT)(node),
    }
}

fn attributes(node: Node<'_>) -> Option<Vec<Attribute>> {
    node.list(MOST_PARTS, |node| {
        let fields = node.fields()?;
        let value = match fields.get("value") {
            Some(Json::Text(text)) if text.is_empty() => Some(String::new()),
            _ => fields.optional("value", words(0, LONGEST_VALUE)),
        };
        Some((fields.needed("name", text(1, LONGEST_NAME))?, value))
    })
}

/// E-mail address, phone number and CRM id; the one customers are known by must be there.
fn keys(fields: &Fields<'_>, matching: CustomerKey) -> CustomerDetails {
    let said = CustomerDetails {
        email: fields.optional("email", text(0, LONGEST_EMAIL)),
        phone: fields.optional("phone", text(0, LONGEST_PHONE)),
        crm_id: fields.optional("crmId", words(0, LONGEST_ID)),
        ..CustomerDetails::default()
    };
    let name = match matching {
        CustomerKey::Email => "email",
        CustomerKey::Phone => "phone",
        CustomerKey::CrmId => "crmId",
    };
    // What came and is wrong has been noted.
    let is_empty = |json: &Json<'_>| match json {
        Json::Null => true,
        Json::Text(text) => text.trim().is_empty(),
        _ => false,
    };
    if said.key(matching).is_none() && fields.get(name).is_none_or(is_empty) {
        fields.fault::<()>(name, Fault::Missing);
    }
    said
}

fn customer_of_order(node: Node<'_>, matching: CustomerKey) -> Option<CustomerDetails> {
    let fields = node.fields()?;
    let mut said = keys(&fields, matching);
    said.consents = fields.optional("consentsData", consents).unwrap_or_default();
    Some(said)
}

fn customer(node: Node<'_>, matching: CustomerKey) -> Option<CustomerDetails> {
    let fields = node.fields()?;
    let said = keys(&fields, matching);
    let attributes = fields.optional("customAttributes", attributes).unwrap_or_default();
    Some(CustomerDetails {
        first_name: fields.optional("firstName", text(0, LONGEST_NAME)),
        last_name: fields.optional("lastName", text(0, LONGEST_NAME)),
        gender: fields.optional("gender", |node| {
            const GENDERS: [&str; 3] = ["Male", "Female", "NotSpecified"];
            let word = text(0, LONGEST_NAME)(node)?;
            let known = GENDERS.iter().find(|known| known.eq_ignore_ascii_case(&word));
            known.map(|known| (*known).to_owned()).or_else(|| node.fault(Fault::NotOneOf(GENDERS.to_vec())))
        }),
        date_of_birth: fields.optional("dateOfBirth", |node| {
            time(node)?;
            text(0, LONGEST_NAME)(node)
        }),
        attributes: attributes.into_iter().collect(),
        consents: fields.optional("consentsData", consents).unwrap_or_default(),
        ..said
    })
}

/// `consentsData`: an object with `consents`, or the list itself, as the WooCommerce plugin puts it into orders.
fn consents(node: Node<'_>) -> Option<BTreeMap<String, String>> {
    match node.json() {
        Json::List(_) => consent_list(node),
        _ => node.fields()?.optional("consents", consent_list),
    }
}

fn consent_list(node: Node<'_>) -> Option<BTreeMap<String, String>> {
    const VALUES: [&str; 3] = ["True", "False", "AwaitingConfirmation"];
    let list = node.list(MOST_PARTS, |node| {
        let fields = node.fields()?;
        let value = fields.needed("value", |node| {
            let word = match node.json() {
                Json::Bool(true) => "True",
                Json::Bool(false) => "False",
                json => json.as_text().unwrap_or_default(),
            };
            let known = VALUES.iter().find(|known| known.eq_ignore_ascii_case(word));
            known.map(|known| (*known).to_owned()).or_else(|| node.fault(Fault::NotOneOf(VALUES.to_vec())))
        });
        Some((fields.needed("id", words(1, LONGEST_ID))?, value?))
    });
    list.map(|list| list.into_iter().collect())
}
