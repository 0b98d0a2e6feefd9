//! Orders from files: JSON Lines of the bodies of `POST /v1/orders`, and CSV with a row for each line item.
//!
//! Both are read by the decoder of the native API, so that a file is held to what a request is held to.

use std::collections::VecDeque;
use std::io::Read;

use app::import::ReadOrder;
use csv::StringRecord;
use domain::Problem;
use domain::order::OrderDetails;
use serde_json::{Map, Value, json};

use super::export::unguarded;
use super::orders::{ADDRESS, ITEM, details, problems_of};
use crate::json;
use crate::json::fields::{Leniency, Notes};

/// Columns of an order, and where each stands in a native body.
const ORDER: [(&str, &str); 11] = [
    ("external_id", "/external_id"),
    ("number", "/number"),
    ("status", "/status"),
    ("placed_at", "/placed_at"),
    ("notes", "/notes"),
    ("tags", "/tags"),
    ("total", "/total/amount"),
    ("currency", "/total/currency"),
    ("cash_on_delivery", "/cash_on_delivery"),
    ("service", "/service"),
    ("weight_kg", "/weight_kg"),
];

/// What a rejected row says; ignored when the file of rejects is mended and read again.
pub const REASON: &str = "reason";

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    /// Nothing for us.
    Ignored,
    /// A field of the order: its pointer in a body.
    Order(String),
    /// A field of the row's line item.
    Item(&'static str),
}

/// The columns of a CSV file.
#[derive(Clone, Debug)]
pub struct Columns {
    names: Vec<String>,
    columns: Vec<Column>,
    /// Whether `1,5` is one and a half, as in files whose columns are parted by semicolons.
    has_decimal_commas: bool,
}

/// Every name of a column, in the order of the documentation.
pub fn column_names() -> Vec<String> {
    let order = ORDER.iter().map(|(name, _)| (*name).to_owned());
    let address = |prefix: &str| ADDRESS.map(|name| format!("{prefix}{name}"));
    order.chain(address("")).chain(address("billing_")).chain(ITEM.map(|name| format!("item_{name}"))).collect()
}

fn column(name: &str) -> Option<Column> {
    if name == REASON {
        return Some(Column::Ignored);
    }
    if let Some((_, pointer)) = ORDER.iter().find(|(known, _)| *known == name) {
        return Some(Column::Order((*pointer).to_owned()));
    }
    if let Some(found) = name.strip_prefix("item_").and_then(|rest| ITEM.into_iter().find(|known| *known == rest)) {
        return Some(Column::Item(found));
    }
    let (of, rest) = match name.strip_prefix("billing_") {
        Some(rest) => ("billing_address", rest),
        None => ("shipping_address", name),
    };
    ADDRESS.contains(&rest).then(|| Column::Order(format!("/{of}/{rest}")))
}

impl Columns {
    /// Reads a header. `named` says which of our columns a column of the file is, as (theirs, ours); ours is empty when it
    /// is to be ignored. Letter case and blanks count for nothing. Every column that is not known is a problem.
    pub fn read(header: &StringRecord, named: &[(String, String)], delimiter: u8) -> Result<Self, Vec<Problem>> {
        let plain = |name: &str| name.trim().trim_start_matches('\u{feff}').to_lowercase().replace([' ', '-'], "_");
        let mut problems = Vec::new();
        let (mut names, mut columns) = (Vec::new(), Vec::new());
        for typed in header {
            let ours = named.iter().find(|(theirs, _)| plain(theirs) == plain(typed)).map(|(_, ours)| ours.as_str());
            let name = ours.map_or_else(|| plain(typed), plain);
            let found = if ours == Some("") { Some(Column::Ignored) } else { column(&name) };
            if names.contains(&name) && found != Some(Column::Ignored) {
                problems.push(Problem::new(typed, format!("there are two columns {name}")));
            }
            if let Some(found) = found {
                columns.push(found);
            } else {
                let message = format!(
                    "unknown column {typed:?}: rename it as one of ours or take it out (on the command line: \
                     --map {typed:?}=OURS or --map {typed:?}=)"
                );
                problems.push(Problem::new(typed, message));
                columns.push(Column::Ignored);
            }
            names.push(name);
        }
        for (theirs, ours) in named {
            if !header.iter().any(|typed| plain(typed) == plain(theirs)) {
                problems.push(Problem::new(theirs, format!("the file has no column {theirs:?}")));
            } else if !ours.is_empty() && column(&plain(ours)).is_none() {
                let known = column_names().join(", ");
                problems.push(Problem::new(
                    theirs,
                    format!("there is no column {ours:?} of ours: expected one of {known}"),
                ));
            }
        }
        for needed in ["external_id", "item_name"] {
            if !names.iter().any(|name| name == needed) {
                let message = format!(
                    "the file has no column {needed}: rename the one that is (on the command line: --map THEIRS={needed})"
                );
                problems.push(Problem::new(needed, message));
            }
        }
        let has_decimal_commas = delimiter == b';';
        if problems.is_empty() { Ok(Self { names, columns, has_decimal_commas }) } else { Err(problems) }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// The shop's id of the order that a row belongs to.
    pub fn external_id<'a>(&self, row: &'a StringRecord) -> &'a str {
        self.place("external_id")
            .and_then(|place| row.get(place))
            .map(|text| unguarded(text.trim()))
            .unwrap_or_default()
    }

    /// The value of a field as JSON.
    fn value(&self, name: &str, text: &str) -> Value {
        let is_number = ["total", "quantity", "unit_price", "total_price", "weight_kg"].contains(&name);
        match name {
            "tags" => text.split(';').map(str::trim).filter(|tag| !tag.is_empty()).collect(),
            "cash_on_delivery" => match text.to_lowercase().as_str() {
                "true" | "yes" | "1" => json!(true),
                "false" | "no" | "0" => json!(false),
                _ => json!(text),
            },
            _ if is_number && self.has_decimal_commas && text.matches(',').count() == 1 && !text.contains('.') => {
                json!(text.replace(',', "."))
            }
            _ => json!(text),
        }
    }

    /// The order of rows that belong together: a line item each, and everything else as in the first; a later row repeats
    /// it or leaves it empty. Problems are named by column, with the row from 1 for those of an item.
    pub fn order(&self, rows: &[StringRecord]) -> Result<OrderDetails, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut body = json!({});
        let mut items = Vec::new();
        let currency = self.place("currency").and_then(|place| rows.first()?.get(place)).unwrap_or_default().trim();
        for (number, row) in rows.iter().enumerate() {
            let mut item = Map::new();
            if row.len() > self.columns.len() {
                let message = format!("row {}: {} values for {} columns", number + 1, row.len(), self.columns.len());
                problems.push(Problem::new("", message));
            }
            for ((column, name), text) in self.columns.iter().zip(&self.names).zip(row) {
                let text = unguarded(text.trim());
                if text.is_empty() {
                    continue;
                }
                match column {
                    Column::Ignored => {}
                    Column::Item(field) => {
                        let value = self.value(field, text);
                        let is_money = field.ends_with("_price");
                        let value = if is_money { json!({ "amount": value, "currency": currency }) } else { value };
                        item.insert((*field).to_owned(), value);
                    }
                    Column::Order(pointer) => {
                        let value = self.value(name, text);
                        if number == 0 {
                            put(&mut body, pointer, value);
                        } else if body.pointer(pointer) != Some(&value) {
                            let message =
                                format!("row {}: {text:?} is not what the order's first row says", number + 1);
                            problems.push(Problem::new(name, message));
                        }
                    }
                }
            }
            if !item.is_empty() {
                item.entry("quantity").or_insert(json!(1));
                items.push(Value::Object(item));
            }
        }
        // A currency alone is no total.
        if body["total"]["amount"].is_null()
            && let Some(members) = body.as_object_mut()
        {
            members.remove("total");
        }
        body["items"] = items.into();
        let read = one(body.to_string().as_bytes()).map_err(|flaws| {
            let mut named: Vec<Problem> = Vec::with_capacity(flaws.len());
            for flaw in flaws {
                let flaw = Problem { path: self.named(&flaw.path), ..flaw };
                // Every amount of the order has its currency.
                if !named.contains(&flaw) {
                    named.push(flaw);
                }
            }
            named
        });
        match read {
            Ok(details) if problems.is_empty() => Ok(details),
            Ok(_) => Err(problems),
            Err(flaws) => Err([problems, flaws].concat()),
        }
    }

    /// What the column of a pointer is called.
    fn named(&self, path: &str) -> String {
        if path.ends_with("/currency") {
            return "currency".to_owned();
        }
        let mut steps = path.split('/');
        if steps.next() == Some("items") {
            let row = steps.next().and_then(|row| row.parse::<usize>().ok()).map(|row| row + 1);
            return match (row, steps.next()) {
                (Some(row), Some(field)) => format!("item_{field} (row {row})"),
                _ => "item_name".to_owned(),
            };
        }
        let pointer = format!("/{path}");
        let place = self.columns.iter().position(|column| *column == Column::Order(pointer.clone()));
        match (place, path.split_once('/')) {
            (Some(place), _) => self.names[place].clone(),
            (None, Some(("shipping_address", field))) => field.to_owned(),
            (None, Some(("billing_address", field))) => format!("billing_{field}"),
            (None, _) => path.to_owned(),
        }
    }
}

/// Rows of one order at most.
const MOST_ROWS: usize = 1_000;

/// An order as it stands in a CSV file.
#[derive(Debug)]
pub struct CsvOrder {
    /// The line it begins on, from 1.
    pub line: u64,
    /// The byte of the file behind it.
    pub end: u64,
    /// Its rows.
    pub rows: Vec<StringRecord>,
    /// The order, or why it is none.
    pub order: Result<OrderDetails, Vec<Problem>>,
}

/// The orders of a CSV file, one after the other: rows that follow one another and name the same order are one.
pub struct CsvOrders<R> {
    reader: csv::Reader<R>,
    columns: Columns,
    /// The row after the last order, with its line.
    waiting: Option<(StringRecord, u64)>,
    /// Rows that nobody can read, told after the order they stand in.
    unreadable: VecDeque<CsvOrder>,
}

/// The byte that parts columns: the most frequent of comma, semicolon and tab in a header.
pub fn delimiter(header: &str) -> u8 {
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(count).unwrap_or(b',')
}

impl<R: Read> CsvOrders<R> {
    /// Reads the header; see [`Columns::read`] for `named`.
    pub fn new(file: R, delimiter: u8, named: &[(String, String)]) -> Result<Self, Vec<Problem>> {
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).has_headers(true).flexible(true).from_reader(file);
        let unreadable = || vec![Problem::new("", "the header cannot be read: save the file as UTF-8")];
        let header = reader.headers().map_err(|_| unreadable())?;
        let columns = Columns::read(header, named, delimiter)?;
        Ok(Self { reader, columns, waiting: None, unreadable: VecDeque::new() })
    }

    /// The header as it stands in the file.
    pub fn header(&mut self) -> StringRecord {
        self.reader.headers().cloned().unwrap_or_default()
    }

    fn ended(&self, line: u64, rows: Vec<StringRecord>) -> CsvOrder {
        let order = self.columns.order(&rows);
        CsvOrder { line, end: self.reader.position().byte(), rows, order }
    }

    /// The next order; an error is one of the file itself.
    pub fn next_order(&mut self) -> std::io::Result<Option<CsvOrder>> {
        if let Some(told) = self.unreadable.pop_front() {
            return Ok(Some(told));
        }
        let (mut rows, mut began) = (Vec::new(), 0);
        if let Some((row, line)) = self.waiting.take() {
            rows.push(row);
            began = line;
        }
        loop {
            let mut row = StringRecord::new();
            let read = self.reader.read_record(&mut row);
            let line = row.position().map_or(0, csv::Position::line);
            match read {
                Ok(false) if rows.is_empty() => return Ok(self.unreadable.pop_front()),
                Ok(false) => return Ok(Some(self.ended(began, rows))),
                Ok(true) => {}
                Err(error) if error.is_io_error() => return Err(std::io::Error::other(error)),
                Err(error) => {
                    let line = error.position().map_or(line, csv::Position::line);
                    let problem = Problem::new("", format!("the row cannot be read: {error}"));
                    let end = self.reader.position().byte();
                    self.unreadable.push_back(CsvOrder { line, end, rows: vec![row], order: Err(vec![problem]) });
                    continue;
                }
            }
            let is_same = rows.first().is_none_or(|first| {
                let id = self.columns.external_id(first);
                !id.is_empty() && id == self.columns.external_id(&row) && rows.len() < MOST_ROWS
            });
            if !is_same {
                self.waiting = Some((row, line));
                return Ok(Some(self.ended(began, rows)));
            }
            if rows.is_empty() {
                began = line;
            }
            rows.push(row);
        }
    }
}

/// Reads a whole file that somebody uploads: JSON Lines when it begins with a brace, else CSV.
pub fn file(bytes: &[u8]) -> Result<Vec<ReadOrder>, Vec<Problem>> {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
    if start.is_some_and(|start| bytes[start] == b'{') {
        let lines = bytes.split(|byte| *byte == b'\n').enumerate();
        let orders = lines.filter(|(_, line)| !line.trim_ascii().is_empty()).map(|(number, line)| {
            let order = one(line.trim_ascii());
            let name = order.as_ref().ok().and_then(|order| order.external_id.clone()).unwrap_or_default();
            ReadOrder { line: number as u64 + 1, name, order }
        });
        return Ok(orders.collect());
    }
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let Ok(header) = std::str::from_utf8(&bytes[..end]) else {
        return Err(vec![Problem::new("", "the header is not UTF-8: save the file as UTF-8")]);
    };
    let mut read = CsvOrders::new(bytes, delimiter(header), &[])?;
    let mut orders = Vec::new();
    while let Some(CsvOrder { line, rows, order, .. }) =
        read.next_order().map_err(|error| vec![Problem::new("", error.to_string())])?
    {
        let name = rows.first().map(|row| read.columns.external_id(row).to_owned()).unwrap_or_default();
        orders.push(ReadOrder { line, name, order });
    }
    Ok(orders)
}

/// Puts a value where a pointer of one or two steps says.
fn put(body: &mut Value, pointer: &str, value: Value) {
    let mut place = body;
    for step in pointer.split('/').skip(1) {
        place = &mut place[step];
    }
    *place = value;
}

/// Reads one order as `POST /v1/orders` takes it. Without a shop's own id it is refused: read twice, it would be there twice.
pub fn one(line: &[u8]) -> Result<OrderDetails, Vec<Problem>> {
    let json = json::parse(line).map_err(|error| vec![Problem::new("", format!("no JSON: {error}"))])?;
    let notes = Notes::new(Leniency::default());
    let read = notes.root(&json).fields().map(|fields| details(&fields));
    let mut problems = problems_of(&notes.flaws());
    if read.as_ref().is_some_and(|read| read.external_id.is_none()) {
        problems
            .push(Problem::new("external_id", "it is missing: without it a second import would make the order again"));
    }
    match read {
        Some(read) if problems.is_empty() => Ok(read),
        _ => Err(problems),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(line: &str) -> StringRecord {
        line.split('|').collect::<Vec<_>>().into()
    }

    fn told(problems: &[Problem]) -> String {
        problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect::<Vec<_>>().join("\n")
    }

    const HEADER: &str =
        "external_id|total|currency|name|street1|postal_code|city|country|item_name|item_quantity|item_unit_price";

    #[test]
    fn rows_of_one_order_become_its_line_items() {
        let columns = Columns::read(&record(HEADER), &[], b',').unwrap();
        let rows = [
            record("A-1|42.50|EUR|Erika Mustermann|Heidestraße 17|10557|Berlin|DE|Cup|2|10.00"),
            record("A-1||||||||Pot|1|22.50"),
        ];
        assert_eq!(columns.external_id(&rows[0]), "A-1");
        let order = columns.order(&rows).unwrap();
        let body = json!({
            "external_id": "A-1",
            "total": { "amount": "42.50", "currency": "EUR" },
            "shipping_address": {
                "name": "Erika Mustermann", "street1": "Heidestraße 17", "postal_code": "10557", "city": "Berlin", "country": "DE",
            },
            "items": [
                { "name": "Cup", "quantity": 2, "unit_price": { "amount": "10.00", "currency": "EUR" } },
                { "name": "Pot", "quantity": 1, "unit_price": { "amount": "22.50", "currency": "EUR" } },
            ],
        });
        assert_eq!(order, one(body.to_string().as_bytes()).unwrap());
    }

    #[test]
    fn a_header_in_other_words_is_mapped_and_an_unknown_column_is_told() {
        let header = record("Order No|Item Name|City|Colour|Size");
        let map = |pairs: &[(&str, &str)]| -> Vec<_> {
            pairs.iter().map(|(theirs, ours)| ((*theirs).to_owned(), (*ours).to_owned())).collect()
        };
        let problems =
            Columns::read(&header, &map(&[("size", ""), ("Shape", "city"), ("Order No", "order")]), b',').unwrap_err();
        insta::assert_snapshot!(told(&problems), @r#"
        Order No: unknown column "Order No": rename it as one of ours or take it out (on the command line: --map "Order No"=OURS or --map "Order No"=)
        Colour: unknown column "Colour": rename it as one of ours or take it out (on the command line: --map "Colour"=OURS or --map "Colour"=)
        Shape: the file has no column "Shape"
        Order No: there is no column "order" of ours: expected one of external_id, number, status, placed_at, notes, tags, total, currency, cash_on_delivery, service, weight_kg, name, company, street1, house_number, street2, po_box, postal_code, city, state, country, phone, email, billing_name, billing_company, billing_street1, billing_house_number, billing_street2, billing_po_box, billing_postal_code, billing_city, billing_state, billing_country, billing_phone, billing_email, item_id, item_sku, item_name, item_description, item_quantity, item_unit_price, item_total_price, item_weight_kg, item_parcels, item_hs_code, item_origin_country
        external_id: the file has no column external_id: rename the one that is (on the command line: --map THEIRS=external_id)
        "#);
        assert!(
            Columns::read(&header, &map(&[("size", ""), ("colour", ""), ("Order No", "external_id")]), b',').is_ok()
        );
    }

    #[test]
    fn every_problem_is_named_by_its_column() {
        let columns = Columns::read(&record(HEADER), &[], b';').unwrap();
        let rows = [
            record("A-1|42,50|EURO|Erika Mustermann||10557|Berlin|DEU|Cup|two|10,00"),
            record("A-1||||||Bonn||Pot|1|1,2,3"),
        ];
        insta::assert_snapshot!(told(&columns.order(&rows).unwrap_err()), @r#"
        city: row 2: "Bonn" is not what the order's first row says
        item_quantity (row 1): Input should be a valid integer, unable to parse string as an integer
        currency: String should have at most 3 characters
        item_unit_price (row 2): Input should be a valid number, unable to parse string as a number
        street1: Field required
        country: String should have at most 2 characters
        "#);
        insta::assert_snapshot!(told(&columns.order(&[record("|1||||||||1|")]).unwrap_err()), @"
        item_name (row 1): Field required
        currency: Field required
        external_id: it is missing: without it a second import would make the order again
        ");
    }

    #[test]
    fn a_line_that_is_no_order_is_told() {
        for line in ["", "[]", "{", "{\"items\":[]}"] {
            assert!(one(line.as_bytes()).is_err(), "{line}");
        }
        insta::assert_snapshot!(told(&one(b"{\"items\":[{\"name\":\"Cup\"}]}").unwrap_err()), @"
        items/0/quantity: Field required
        external_id: it is missing: without it a second import would make the order again
        ");
    }
}
