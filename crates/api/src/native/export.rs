//! Files of orders, shipments and what their labels cost: CSV and JSON Lines, page by page.
//!
//! What is written of orders is what [`super::import`] reads.

use std::fmt::Write as _;

use app::exports::{PAGE, Period, ShipmentOfOrder, ShipmentPlace};
use app::orders::{ListedOrder, SortValue};
use app::{App, Caller};
use axum::body::Body as Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::money::Decimal;
use domain::time::SentTime;
use domain::{Error, Problem, Result};
use futures::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde_json::{Map, Value, json};

use super::import::column_names;
use super::{Answer, Authed};
use crate::dialect::Parameters;

mod orders;
mod rows;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Orders, as an import reads them.
    Orders,
    /// Shipments of every status.
    Shipments,
    /// What was paid for each shipment that a carrier booked.
    Rates,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// A header and rows, parted by commas, in UTF-8.
    Csv,
    /// A JSON object a line.
    Jsonl,
}

impl Subject {
    /// The word in paths and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Shipments => "shipments",
            Self::Rates => "rates",
        }
    }
}

impl FileFormat {
    /// The ending of a file's name, and the word in queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Jsonl => "application/jsonl",
        }
    }
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Empty,
    Text(String),
    /// Several texts, parted by semicolons in CSV.
    List(Vec<String>),
    Count(u64),
    /// An exact number, digit for digit as it is kept.
    Exact(Decimal),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Decimal> for Cell {
    fn from(number: Decimal) -> Self {
        Self::Exact(number)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// Whether a program for tables may take the text for a formula.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// The text as it stands in CSV: an apostrophe goes before what may be taken for a formula.
///
/// Source: OWASP, "CSV injection". A text that has apostrophes there already gets one more, so that [`unguarded`] finds
/// it again.
pub(super) fn guarded(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text that [`guarded`] was given.
pub(super) fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(text)
}

impl Cell {
    fn csv(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => guarded(text),
            Self::List(texts) => guarded(&texts.join(";")),
            Self::Count(number) => number.to_string(),
            Self::Exact(number) => number.to_string(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Empty => Value::Null,
            Self::Text(text) => json!(text),
            Self::List(texts) => json!(texts),
            Self::Count(number) => json!(number),
            Self::Exact(number) => json!(number.to_string()),
        }
    }
}

/// A row: names of columns and their values.
type Row = Vec<(&'static str, Cell)>;

/// Where an export goes on.
#[derive(Clone, Debug)]
pub enum After {
    /// Behind an order.
    Order(Vec<SortValue>),
    /// Behind a shipment.
    Shipment(ShipmentPlace),
}

/// A page of a file.
#[derive(Debug)]
pub struct Part {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How many orders or shipments it holds.
    pub count: usize,
    /// Where the next one begins; `None` at the end.
    pub after: Option<After>,
}

/// What is exported, and how.
#[derive(Clone, Debug)]
pub struct Export {
    /// What the file holds.
    pub subject: Subject,
    /// How it is written.
    pub format: FileFormat,
    /// Orders placed, or shipments made, from this time on and before that one.
    pub period: Period,
}

impl Export {
    /// A period of days or times, as typed: a day is read in the tenant's zone, and as an end it is meant whole.
    pub fn period(caller: &Caller, from: Option<SentTime>, to: Option<SentTime>) -> Result<Period> {
        let zone = &caller.setup.zone;
        let end = |to: SentTime| match to {
            SentTime::Date(day) => SentTime::Date(day.tomorrow().unwrap_or(day)).instant_in(zone),
            to => to.instant_in(zone),
        };
        let period = (from.map(|from| from.instant_in(zone)), to.map(end));
        match period {
            (Some(from), Some(before)) if from >= before => {
                Err(Error::invalid("to", "the period ends before it begins".to_owned()))
            }
            period => Ok(period),
        }
    }

    /// What stands before the first page.
    pub fn head(&self) -> Result<Vec<u8>> {
        let columns: Vec<String> = match (self.format, self.subject) {
            (FileFormat::Jsonl, _) => return Ok(Vec::new()),
            (_, Subject::Orders) => column_names(),
            (_, Subject::Shipments) => rows::SHIPMENTS.map(str::to_owned).to_vec(),
            (_, Subject::Rates) => rows::RATES.map(str::to_owned).to_vec(),
        };
        csv_of([columns])
    }

    /// A page of the file.
    pub async fn part(&self, app: &App, caller: &Caller, after: Option<After>) -> Result<Part> {
        match (self.subject, after) {
            (Subject::Orders, after) => {
                let after = if let Some(After::Order(place)) = after { Some(place) } else { None };
                let found = app.export_orders(caller, self.period, after).await?;
                let next = found.last().filter(|_| found.len() == PAGE).map(|last| After::Order(last.place.clone()));
                Ok(Part { bytes: self.orders(&found)?, count: found.len(), after: next })
            }
            (subject, after) => {
                let after = if let Some(After::Shipment(place)) = after { Some(place) } else { None };
                let mut found = app.export_shipments(caller, self.period, after).await?;
                let last = found.last().filter(|_| found.len() == PAGE);
                let next = last.map(|last| After::Shipment((last.shipment.created_at, last.shipment.id)));
                if subject == Subject::Rates {
                    found.retain(|one| one.shipment.details.booked_at.is_some());
                }
                let row = |one: &ShipmentOfOrder| match subject {
                    Subject::Rates => rows::rate(caller, one),
                    _ => rows::shipment(one),
                };
                let rows: Vec<Row> = found.iter().map(row).collect();
                Ok(Part { bytes: self.rows(&rows)?, count: rows.len(), after: next })
            }
        }
    }

    fn orders(&self, found: &[ListedOrder]) -> Result<Vec<u8>> {
        let orders = found.iter().map(|listed| &listed.order);
        match self.format {
            FileFormat::Csv => csv_of(orders.flat_map(orders::rows)),
            FileFormat::Jsonl => Ok(lines_of(orders.map(orders::body))),
        }
    }

    fn rows(&self, rows: &[Row]) -> Result<Vec<u8>> {
        match self.format {
            FileFormat::Csv => csv_of(rows.iter().map(|row| row.iter().map(|(_, cell)| cell.csv()).collect())),
            FileFormat::Jsonl => Ok(lines_of(rows.iter().map(|row| {
                let members = row.iter().map(|(name, cell)| ((*name).to_owned(), cell.json()));
                Value::Object(members.collect::<Map<_, _>>())
            }))),
        }
    }
}

fn csv_of(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in rows {
        writer.write_record(&row).map_err(Error::internal)?;
    }
    writer.into_inner().map_err(Error::internal)
}

fn lines_of(objects: impl Iterator<Item = Value>) -> Vec<u8> {
    let mut text = String::new();
    for object in objects {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{object}");
    }
    text.into_bytes()
}

/// Reads what is asked for in the query.
fn asked(caller: &Caller, subject: Subject, parameters: &Parameters) -> Result<Export> {
    let mut problems = Vec::new();
    let mut wrong = |name: &str, value: &str, expected: &str| {
        let shown: String = value.chars().take(80).collect();
        problems.push(Problem::new(name, format!("{shown:?}: expected {expected}")));
    };
    let format = match parameters.value("format") {
        None | Some("csv") => FileFormat::Csv,
        Some("jsonl") => FileFormat::Jsonl,
        Some(other) => {
            wrong("format", other, "csv or jsonl");
            FileFormat::Csv
        }
    };
    let mut time = |name: &str| {
        let text = parameters.value(name)?;
        let read = text.parse::<SentTime>();
        if read.is_err() {
            wrong(name, text, "a day or a time such as 2026-03-01 or 2026-03-01T10:00:00+01:00");
        }
        read.ok()
    };
    let (from, to) = (time("from"), time("to"));
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    Ok(Export { subject, format, period: Export::period(caller, from, to)? })
}

/// `GET /v1/exports/orders`.
pub(super) async fn orders(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    download(app, caller, Subject::Orders, &parameters).await
}

/// `GET /v1/exports/shipments`.
pub(super) async fn shipments(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    download(app, caller, Subject::Shipments, &parameters).await
}

/// `GET /v1/exports/rates`.
pub(super) async fn rates(State(app): State<App>, Authed { caller, .. }: Authed, parameters: Parameters) -> Answer {
    download(app, caller, Subject::Rates, &parameters).await
}

/// A file, sent as it is read.
async fn download(app: App, caller: Caller, subject: Subject, parameters: &Parameters) -> Answer {
    let export = asked(&caller, subject, parameters)?;
    // What cannot be read at all is refused before anything is sent.
    let first = export.part(&app, &caller, None).await?;
    let mut head = export.head()?;
    head.extend(first.bytes);
    let name = format!("attachment; filename=\"{}.{}\"", export.subject.as_str(), export.format.as_str());
    let headers = [(CONTENT_TYPE, export.format.media_type().to_owned()), (CONTENT_DISPOSITION, name)];
    let begin = (Some(head), first.after);
    let pages = stream::try_unfold((begin, app, caller, export), async |((head, after), app, caller, export)| {
        if let Some(head) = head {
            return Ok(Some((head, ((None, after), app, caller, export))));
        }
        let Some(place) = after else { return Ok(None) };
        let part = export.part(&app, &caller, Some(place)).await.inspect_err(crate::dialect::log_if_ours)?;
        Ok::<_, Error>(Some((part.bytes, ((None, part.after), app, caller, export))))
    });
    let answer: Response = (headers, Bytes::from_stream(pages)).into_response();
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_taken_for_a_formula_is_guarded_and_found_again() {
        for (text, written) in [
            ("Cup", "Cup"),
            ("=1+1", "'=1+1"),
            ("+49 30 5550100", "'+49 30 5550100"),
            ("-5", "'-5"),
            ("@home", "'@home"),
            ("\tx", "'\tx"),
            ("'=1", "''=1"),
            ("'quoted'", "'quoted'"),
            ("''", "''"),
        ] {
            assert_eq!(guarded(text), written);
            assert_eq!(unguarded(written), text);
        }
    }
}
