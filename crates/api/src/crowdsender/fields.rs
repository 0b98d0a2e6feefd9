//! What a query may ask for: the fields of orders and documents by their names on the wire, and what each is in ours.

use std::sync::LazyLock;
use std::time::Duration;

use app::queries::{DocumentField, OrderField};
use domain::address::AddressStatus;
use query::{Filter, Kind, Options, Patience, Projection, Query, Test, Value};

use super::envelope::Refusal;
use super::statuses;

/// What is answered when the query names no limit.
pub const USUAL: usize = 100;

/// What is answered at most; a larger limit becomes this.
pub const MOST: u64 = 1_000;

/// The fields that label queries and lists of orders may name, as published.
pub const ORDER_FIELDS: [(&str, OrderField); 30] = [
    ("addressValidationStatus", OrderField::AddressStatus),
    ("customField1", OrderField::CustomField(1)),
    ("customField2", OrderField::CustomField(2)),
    ("customField3", OrderField::CustomField(3)),
    ("customField4", OrderField::CustomField(4)),
    ("customField5", OrderField::CustomField(5)),
    ("customField6", OrderField::CustomField(6)),
    ("_id", OrderField::Id),
    ("orderNumber", OrderField::Number),
    ("seller", OrderField::Seller),
    ("shipment.boxes", OrderField::Boxes),
    ("shipment.boxes.customField1", OrderField::BoxField(1)),
    ("shipment.boxes.customField2", OrderField::BoxField(2)),
    ("shipment.boxes.customField3", OrderField::BoxField(3)),
    ("shipment.boxes.customField4", OrderField::BoxField(4)),
    ("shipment.boxes.customField5", OrderField::BoxField(5)),
    ("shipment.boxes.customField6", OrderField::BoxField(6)),
    ("shipment.boxes.scanDate", OrderField::BoxScannedAt),
    ("shipment.boxes.scanned", OrderField::BoxIsScanned),
    ("shipment.boxes._downloadableId", OrderField::BoxLabel),
    ("shipment.boxes.tracking.status", OrderField::BoxTracking),
    ("shipment.boxes.tracking.trackId", OrderField::BoxTrackingNumber),
    ("shipment.boxes.tracking.error", OrderField::BoxFailure),
    ("shipment.sendDate", OrderField::SendDate),
    ("shipment.shipFrom.companyName", OrderField::SenderCompany),
    ("shipment.shipTo.address.country", OrderField::Country),
    ("status", OrderField::Standing),
    ("store", OrderField::Store),
    ("tags", OrderField::Tags),
    ("_courierContract", OrderField::Contract),
];

/// The fields that lists of documents may name, as published, and their own id.
pub const DOCUMENT_FIELDS: [(&str, DocumentField); 18] = [
    ("_id", DocumentField::Id),
    ("grouped", DocumentField::IsGrouped),
    ("extensionType", DocumentField::Extension),
    ("directory", DocumentField::Kind),
    ("filename", DocumentField::FileName),
    ("type", DocumentField::Kind),
    ("url", DocumentField::Link),
    ("tags", DocumentField::Tags),
    ("createdAt", DocumentField::CreatedAt),
    ("createdBy", DocumentField::Creator),
    ("createdBy.name", DocumentField::CreatorId),
    ("createdBy._idUser", DocumentField::CreatorId),
    ("metadata.groupValues", DocumentField::GroupValues),
    ("metadata._batchId", DocumentField::Batch),
    ("metadata._boxId", DocumentField::Box),
    ("metadata._externalBoxId", DocumentField::ExternalBox),
    ("metadata._orderId", DocumentField::Order),
    ("metadata.orderNumber", DocumentField::OrderNumber),
];

/// How queries are read: only these fields, and each value as it was written until its field reads it.
fn options<F>(fields: &[(&str, F)]) -> Options {
    Options {
        whitelist: Some(fields.iter().map(|(name, _)| (*name).to_owned()).collect()),
        casters: vec![("written".to_owned(), query::cast::written)],
        cast_params: fields.iter().map(|(name, _)| ((*name).to_owned(), "written".to_owned())).collect(),
        limit_ceiling: Some(MOST),
        ..Options::default()
    }
}

static OF_ORDERS: LazyLock<Options> = LazyLock::new(|| options(&ORDER_FIELDS));
static OF_DOCUMENTS: LazyLock<Options> = LazyLock::new(|| options(&DOCUMENT_FIELDS));

/// Words of the wire, each with one of ours.
type Words = Vec<(&'static str, &'static str)>;

/// What may be asked for of one kind of thing.
struct Names<F: 'static> {
    fields: &'static [(&'static str, F)],
    kind: fn(F) -> Kind,
    words: fn(&str) -> Option<Words>,
    options: &'static LazyLock<Options>,
}

static ORDERS: Names<OrderField> =
    Names { fields: &ORDER_FIELDS, kind: kind_of_order, words: words_of_orders, options: &OF_ORDERS };
static DOCUMENTS: Names<DocumentField> =
    Names { fields: &DOCUMENT_FIELDS, kind: kind_of_document, words: words_of_documents, options: &OF_DOCUMENTS };

impl<F: Copy> Names<F> {
    fn field(&self, name: &str) -> Option<F> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    }
}

/// A query, ready to be carried out.
#[derive(Clone, Debug)]
pub struct Asked<F> {
    /// Which ones.
    pub filter: Filter<F>,
    /// In which order.
    pub sort: Vec<(F, bool)>,
    /// How many to leave out.
    pub skip: u64,
    /// How many to answer.
    pub limit: usize,
    /// The limit that the query names, if it names one.
    pub named_limit: Option<usize>,
    /// Which of their fields.
    pub projection: Option<Vec<(String, bool)>>,
}

/// Whether a filter asks for anything: without one, or when every field it names was left out, it takes all there is.
pub fn narrows<F>(filter: &Filter<F>) -> bool {
    match filter {
        Filter::All(parts) => parts.iter().any(narrows),
        Filter::Any(parts) => !parts.is_empty() && parts.iter().all(narrows),
        Filter::Neither(parts) => !parts.is_empty(),
        Filter::Field(_, tests) => !tests.is_empty(),
    }
}

/// Reads the text of the `query` parameter of a list of orders.
pub fn orders(text: &str) -> Result<Asked<OrderField>, Refusal> {
    read(text, &ORDERS)
}

/// Reads the text of the `query` parameter of a list of documents. `linked` gives the id of the document behind a link.
pub fn documents(text: &str, linked: &dyn Fn(&str) -> Option<String>) -> Result<Asked<DocumentField>, Refusal> {
    read_with(text, &DOCUMENTS, &|name, value| match value {
        Value::Text(url) if name == "url" => Value::Text(linked(&url).unwrap_or_default()),
        other => other,
    })
}

fn read<F: Copy>(text: &str, names: &Names<F>) -> Result<Asked<F>, Refusal> {
    read_with(text, names, &|_, value| value)
}

fn read_with<F: Copy>(text: &str, names: &Names<F>, shape: &Shape<'_>) -> Result<Asked<F>, Refusal> {
    let read = Query::parse(text, names.options).map_err(Refusal::query)?;
    read.filter.check().map_err(Refusal::query)?;
    let mut problems = Vec::new();
    let filter =
        read.filter.try_map(&mut |name, tests| Ok::<_, Refusal>(field(names, &name, tests, shape, &mut problems)))?;
    let sort = read.sort.into_iter().filter_map(|(name, descends)| {
        let field = names.field(&name);
        if field.is_none() {
            problems.push(format!("sort: {name:?} is not a field that can be sorted by"));
        }
        Some((field?, descends))
    });
    let sort: Vec<_> = sort.collect();
    let projection = match read.projection {
        None => None,
        Some(Projection::Fields(fields)) => {
            let shown = |(name, shown): (String, query::Shown)| match shown {
                query::Shown::Yes => Some((name, true)),
                query::Shown::No => Some((name, false)),
                query::Shown::By(_) => None,
            };
            let count = fields.len();
            let fields: Vec<_> = fields.into_iter().filter_map(shown).collect();
            if fields.len() < count {
                problems.push("fields: expected names, each shown or left out".to_owned());
            }
            Some(fields)
        }
        Some(Projection::Other(_)) => {
            problems.push("fields: expected a list of names".to_owned());
            None
        }
    };
    if !problems.is_empty() {
        return Err(Refusal::query(problems.join("; ")));
    }
    let named_limit = read.limit.filter(|limit| *limit > 0).map(|limit| usize::try_from(limit).unwrap_or(1));
    let limit = named_limit.unwrap_or(USUAL);
    Ok(Asked { filter, sort, skip: read.skip.unwrap_or(0), limit, named_limit, projection })
}

fn kind_of_order(field: OrderField) -> Kind {
    match field {
        OrderField::Id | OrderField::BoxLabel => Kind::Id,
        OrderField::SendDate | OrderField::BoxScannedAt => Kind::Date,
        OrderField::BoxIsScanned => Kind::Bool,
        _ => Kind::Text,
    }
}

fn kind_of_document(field: DocumentField) -> Kind {
    match field {
        DocumentField::CreatedAt => Kind::Date,
        DocumentField::IsGrouped => Kind::Bool,
        _ => Kind::Text,
    }
}

fn words_of_orders(name: &str) -> Option<Words> {
    Some(match name {
        "status" => statuses::ORDERS.iter().map(|(word, stage)| (*word, stage.as_str())).collect(),
        "addressValidationStatus" => {
            AddressStatus::ALL.map(|status| (statuses::address_word(status), status.as_str())).to_vec()
        }
        "shipment.boxes.tracking.status" => statuses::BOXES.to_vec(),
        _ => return None,
    })
}

fn words_of_documents(name: &str) -> Option<Words> {
    let words = statuses::DOCUMENTS.iter();
    match name {
        "type" => Some(words.map(|(word, _, kind)| (*word, kind.as_str())).collect()),
        "directory" => Some(words.map(|(_, directory, kind)| (*directory, kind.as_str())).collect()),
        _ => None,
    }
}

/// What a value of a field becomes once it has the field's type.
type Shape<'s> = dyn Fn(&str, Value) -> Value + 's;

/// A field's tests over our field; what its type cannot be compared with is a problem.
fn field<F: Copy>(
    names: &Names<F>,
    name: &str,
    tests: Vec<Test>,
    shape: &Shape<'_>,
    problems: &mut Vec<String>,
) -> Filter<F> {
    let Some(field) = names.field(name) else {
        // The white list lets nothing else through.
        problems.push(format!("{name:?} is not a field that can be asked for"));
        return Filter::default();
    };
    let kind = (names.kind)(field);
    let mut cast = Vec::with_capacity(tests.len());
    for test in tests {
        let found = test.to_string();
        match typed(names, (name, kind), test, shape, problems) {
            Some(test) => cast.push(test),
            None => problems.push(format!("{name}: expected {}, found {{{found}}}", kind.expected())),
        }
    }
    let tests = match (names.words)(name) {
        Some(words) => cast.into_iter().flat_map(|test| translated(test, &words)).collect(),
        None => cast,
    };
    Filter::Field(field, tests)
}

/// A test whose values are of the field's type; `None` when they cannot be.
fn typed<F: Copy>(
    names: &Names<F>,
    (name, kind): (&str, Kind),
    test: Test,
    shape: &Shape<'_>,
    problems: &mut Vec<String>,
) -> Option<Test<F>> {
    let one = |value: Value| Some(shape(name, kind.cast(value).ok()?));
    let list = |values: Vec<Value>| values.into_iter().map(one).collect::<Option<Vec<_>>>();
    let mut each = |tests: Vec<Test>| {
        tests.into_iter().map(|test| typed(names, (name, kind), test, shape, problems)).collect::<Option<Vec<_>>>()
    };
    Some(match test {
        Test::Eq(value) => Test::Eq(one(value)?),
        Test::Ne(value) => Test::Ne(one(value)?),
        Test::Gt(value) => Test::Gt(one(value)?),
        Test::Gte(value) => Test::Gte(one(value)?),
        Test::Lt(value) => Test::Lt(one(value)?),
        Test::Lte(value) => Test::Lte(one(value)?),
        Test::In(values) => Test::In(list(values)?),
        Test::Nin(values) => Test::Nin(list(values)?),
        Test::All(values) => Test::All(list(values)?),
        Test::Exists(flag) => Test::Exists(flag),
        Test::Size(size) => Test::Size(size),
        Test::Matches(pattern) if kind == Kind::Text => Test::Matches(pattern),
        Test::Matches(_) => return None,
        Test::Not(tests) => Test::Not(each(tests)?),
        Test::Elem(tests) => Test::Elem(each(tests)?),
        Test::ElemFilter(filter) => {
            let mut below = |name: String, tests| Ok::<_, ()>(field(names, &name, tests, shape, problems));
            Test::ElemFilter(Box::new(filter.try_map(&mut below).ok()?))
        }
    })
}

/// A test over words of the wire as tests over ours: those words that pass are tried on it here, so that patterns and
/// ranges see what the client sees.
fn translated<F: Clone>(test: Test<F>, words: &[(&'static str, &'static str)]) -> Vec<Test<F>> {
    let patience = Patience::of(Duration::from_secs(1));
    let passing = |test: &Test<F>| {
        let takes = |value: Option<&Value>| test.takes(value, patience).unwrap_or(false);
        let passing = words.iter().filter(|(word, _)| takes(Some(&Value::text(*word))));
        let mut passing: Vec<_> = passing.map(|(_, ours)| Value::text(*ours)).collect();
        if takes(None) {
            passing.push(Value::Null);
        }
        passing
    };
    match test {
        Test::Ne(value) => vec![Test::Nin(passing(&Test::Eq(value)))],
        Test::Nin(values) => vec![Test::Nin(passing(&Test::In(values)))],
        Test::Not(tests) => vec![Test::Not(tests.into_iter().flat_map(|test| translated(test, words)).collect())],
        Test::Elem(tests) => vec![Test::Elem(tests.into_iter().flat_map(|test| translated(test, words)).collect())],
        Test::All(values) if values.is_empty() => vec![Test::In(Vec::new())],
        Test::All(values) => values.into_iter().map(|value| Test::In(passing(&Test::Eq(value)))).collect(),
        Test::Exists(_) | Test::Size(_) | Test::ElemFilter(_) => vec![test],
        positive => vec![Test::In(passing(&positive))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match orders(text) {
            Ok(asked) => format!("{:?}", asked.filter),
            Err(refusal) => refusal.info,
        }
    }

    #[test]
    fn words_shapeours_whatever_the_operator() {
        let parts = |text: &str| match orders(text).unwrap().filter {
            Filter::All(parts) => parts,
            other => vec![other],
        };
        let one = |test| vec![Filter::Field(OrderField::Standing, vec![test])];
        let list = |words: &[&str]| words.iter().map(|word| Value::text(*word)).collect::<Vec<_>>();
        assert_eq!(parts("status=REGISTERED"), one(Test::In(list(&["open"]))));
        assert_eq!(parts("status!=SHIPPED,CANCELED"), one(Test::Nin(list(&["shipped", "cancelled"]))));
        assert_eq!(parts("status=/^SHIP/"), one(Test::In(list(&["shipped", "troubled"]))));
        assert_eq!(parts("status>SHIPPED"), one(Test::In(list(&["review"]))));
        assert_eq!(parts("status=registered"), one(Test::In(Vec::new())));
        assert_eq!(
            parts("shipment.boxes.tracking.status=incident,null"),
            vec![Filter::Field(
                OrderField::BoxTracking,
                vec![Test::In(vec![Value::text("undeliverable"), Value::text("lost"), Value::Null])]
            )]
        );
    }

    #[test]
    fn values_are_read_by_their_fields_type() {
        assert_eq!(read("orderNumber=12.50"), r#"All([Field(Number, [Eq(Text("12.50"))])])"#);
        assert_eq!(read("customField1=null"), "All([Field(CustomField(1), [Eq(Null)])])");
        assert_eq!(read("shipment.boxes.scanned=1"), "All([Field(BoxIsScanned, [Eq(Bool(true))])])");
        assert_eq!(read("shipment.sendDate>=2022-02-24"), "All([Field(SendDate, [Gte(Date(2022-02-24T00:00:00Z))])])");
        assert_eq!(
            read("_id=5&shipment.sendDate=soon"),
            "query: _id: expected an id of 24 hexadecimal digits, found {\"$eq\":\"5\"}; shipment.sendDate: expected a date \
             such as 2022-02-24 or 2022-02-24T00:00:00.000Z, found {\"$eq\":\"soon\"}"
        );
        assert_eq!(
            read("shipment.boxes.scanned=/x/"),
            "query: shipment.boxes.scanned: expected true or false, found {\"$regex\":/x/}"
        );
    }

    #[test]
    fn fields_that_nobody_may_name_are_left_out_and_refused_in_json() {
        assert_eq!(read("password=x&$where=1"), "All([])");
        assert_eq!(
            read(r#"filter={"password":"x"}"#),
            "query: filter: \"password\" is not a field that can be asked for"
        );
        assert_eq!(read("sort=password"), "query: sort: \"password\" is not a field that can be sorted by");
        assert_eq!(read("limit=-5"), "query: limit is \"-5\": expected a whole number from 0 on");
        assert_eq!(orders("limit=100000").unwrap().limit, 1_000);
        assert_eq!(orders("").unwrap().limit, 100);
    }
}
