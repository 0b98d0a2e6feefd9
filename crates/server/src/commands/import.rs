//! `waybill import orders`: a file of orders, read as a stream and stored batch by batch.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use api::native::import::{self, CsvOrder, CsvOrders, REASON};
use app::import::{STEP, Stored};
use app::{App, Caller};
use csv::StringRecord;
use domain::act::ActKind;
use domain::order::OrderDetails;
use domain::tenant::Scope;
use domain::{Error, Problem};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::json;

use crate::cli::{ImportOrders, OrderFormat};

/// The longest line of JSON Lines in bytes.
const LONGEST_LINE: u64 = 10 * 1024 * 1024;

/// Reads a file of orders to its end. The code says whether every order went in.
pub(super) async fn orders(flags: &ImportOrders) -> anyhow::Result<ExitCode> {
    let format = super::format(&flags.file, flags.format)?;
    let file = File::open(&flags.file).with_context(|| format!("{} cannot be read", flags.file.display()))?;
    let app = super::open(&flags.place).await?;
    let done = import(&app, flags, format, file).await;
    app.store().close().await;
    done
}

async fn import(app: &App, flags: &ImportOrders, format: OrderFormat, file: File) -> anyhow::Result<ExitCode> {
    let tenant = super::whose(app, flags.tenant.as_ref()).await?;
    let caller = app.operator(&tenant, vec![Scope::Write]).await.map_err(super::readable)?;
    let bar = ProgressBar::new(file.metadata()?.len())
        .with_style(ProgressStyle::with_template("{bar:30} {percent}%, {msg}, {binary_bytes_per_sec}, {eta} left")?);
    let rejects = flags.rejects.clone().unwrap_or_else(|| beside(&flags.file));
    let mut work =
        Work { app, caller, bar, waiting: Vec::new(), counts: Counts::default(), rejects: Rejects::to(rejects) };
    match format {
        OrderFormat::Csv => csv_orders(&mut work, file, &flags.columns).await?,
        OrderFormat::Jsonl => json_orders(&mut work, file).await?,
    }
    work.store().await?;
    work.rejects.close()?;
    work.bar.finish_and_clear();
    let Counts { new, changed, same, rejected } = work.counts;
    let name = flags.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let counted = json!({ "new": new, "changed": changed, "same": same, "rejected": rejected });
    app.keep_act(&work.caller, ActKind::Imported, format!("file {name}"), counted).await.map_err(super::readable)?;
    println!("{}: {new} new, {changed} changed, {same} as they were, {rejected} rejected", flags.file.display());
    if rejected == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let place = work.rejects.path.display();
    println!("{place} holds what was rejected and why: mend it there and import that file");
    Ok(ExitCode::FAILURE)
}

/// `orders.rejects.csv` of `orders.csv`.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push(".rejects");
    if let Some(ending) = file.extension() {
        name.push(".");
        name.push(ending);
    }
    file.with_file_name(name)
}

/// What became of the orders.
#[derive(Default)]
struct Counts {
    new: u64,
    changed: u64,
    same: u64,
    rejected: u64,
}

/// An order as it stands in the file.
enum Raw {
    Rows(Vec<StringRecord>),
    Line(Vec<u8>),
}

struct Waiting {
    /// The line it begins on, from 1.
    line: u64,
    raw: Raw,
    details: OrderDetails,
}

struct Work<'a> {
    app: &'a App,
    caller: Caller,
    bar: ProgressBar,
    waiting: Vec<Waiting>,
    counts: Counts,
    rejects: Rejects,
}

impl Work<'_> {
    /// Takes an order that was read up to a byte of the file, or why it is none.
    async fn take(
        &mut self,
        line: u64,
        end: u64,
        raw: Raw,
        read: Result<OrderDetails, Vec<Problem>>,
    ) -> anyhow::Result<()> {
        match read {
            Ok(details) => self.waiting.push(Waiting { line, raw, details }),
            Err(problems) => self.reject(line, &raw, &problems)?,
        }
        if self.waiting.len() >= STEP {
            self.store().await?;
            let Counts { new, changed, same, rejected } = self.counts;
            self.bar.set_position(end);
            self.bar.set_message(format!("{} orders, {rejected} rejected", new + changed + same));
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, raw: &Raw, problems: &[Problem]) -> anyhow::Result<()> {
        self.counts.rejected += 1;
        let told = |problem: &Problem| match problem.path.as_str() {
            "" => problem.message.clone(),
            path => format!("{path}: {}", problem.message),
        };
        let reasons: Vec<_> = problems.iter().map(told).collect();
        self.rejects.write(line, raw, &reasons)
    }

    /// Stores what waits in one step; when something of it cannot be, each by itself.
    async fn store(&mut self) -> anyhow::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let all: Vec<_> = waiting.iter().map(|one| one.details.clone()).collect();
        let stored = match self.app.store_imported(&self.caller, all).await {
            Ok(stored) => stored,
            Err(error) => return Err(self.stopped(waiting[0].line, error)),
        };
        for (Waiting { line, raw, .. }, outcome) in waiting.into_iter().zip(stored) {
            match outcome {
                Ok(Stored::New) => self.counts.new += 1,
                Ok(Stored::Changed) => self.counts.changed += 1,
                Ok(Stored::Same) => self.counts.same += 1,
                Err(problems) => self.reject(line, &raw, &problems)?,
            }
        }
        Ok(())
    }

    fn stopped(&mut self, line: u64, error: Error) -> anyhow::Error {
        self.bar.finish_and_clear();
        let text = format!("stopped at line {line}; what stands before it is stored, so run the same import again");
        super::readable(error).context(text)
    }
}

/// The byte that parts columns.
fn delimiter(file: &mut File) -> anyhow::Result<u8> {
    let mut head = String::new();
    BufReader::new(Read::by_ref(file).take(64 * 1024))
        .read_line(&mut head)
        .context("the header is not UTF-8: save the file as UTF-8")?;
    file.seek(SeekFrom::Start(0))?;
    Ok(import::delimiter(&head))
}

async fn csv_orders(work: &mut Work<'_>, mut file: File, named: &[(String, String)]) -> anyhow::Result<()> {
    let delimiter = delimiter(&mut file)?;
    let mut orders = CsvOrders::new(BufReader::new(file), delimiter, named)
        .map_err(|problems| anyhow::anyhow!("{}", super::lines(&problems)))?;
    work.rejects.header = Some((orders.header(), delimiter));
    while let Some(CsvOrder { line, end, rows, order }) = orders.next_order()? {
        work.take(line, end, Raw::Rows(rows), order).await?;
    }
    Ok(())
}

async fn json_orders(work: &mut Work<'_>, file: File) -> anyhow::Result<()> {
    let mut reader = BufReader::new(file);
    let (mut number, mut end) = (0, 0);
    loop {
        let mut line = Vec::new();
        let length = Read::by_ref(&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line)? as u64;
        if length == 0 {
            return Ok(());
        }
        number += 1;
        end += length;
        if length == LONGEST_LINE && !line.ends_with(b"\n") {
            bail!("line {number} is longer than {LONGEST_LINE} bytes: expected an order a line");
        }
        let text = line.trim_ascii().to_vec();
        if text.is_empty() {
            continue;
        }
        let text = match serde_json::from_slice::<Rejected>(&text) {
            Ok(rejected) => rejected.order.get().as_bytes().to_vec(),
            Err(_) => text,
        };
        let read = import::one(&text);
        work.take(number, end, Raw::Line(text), read).await?;
    }
}

/// An order in a file of rejects, which is read like any other when it was mended there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rejected {
    #[serde(rename = "line")]
    _line: u64,
    #[serde(rename = "reasons")]
    _reasons: Vec<String>,
    order: Box<serde_json::value::RawValue>,
}

/// The file of rejects; made when there is something for it.
struct Rejects {
    path: PathBuf,
    /// Of CSV: header and delimiter.
    header: Option<(StringRecord, u8)>,
    open: Option<Open>,
}

enum Open {
    Rows(Box<csv::Writer<File>>),
    Lines(File),
}

impl Rejects {
    fn to(path: PathBuf) -> Self {
        Self { path, header: None, open: None }
    }

    fn write(&mut self, line: u64, raw: &Raw, reasons: &[String]) -> anyhow::Result<()> {
        let opened = match self.open.take() {
            Some(open) => open,
            None => self.start()?,
        };
        match (self.open.insert(opened), raw) {
            (Open::Rows(writer), Raw::Rows(rows)) => {
                for row in rows {
                    let width = self.header.as_ref().map_or(row.len(), |(header, _)| width(header));
                    let fields = row.iter().chain(std::iter::repeat("")).take(width);
                    let reason = format!("line {line}: {}", reasons.join("; "));
                    writer.write_record(fields.chain([reason.as_str()]))?;
                }
            }
            (Open::Lines(file), Raw::Line(text)) => {
                let order = serde_json::from_slice(text)
                    .unwrap_or_else(|_| serde_json::Value::String(String::from_utf8_lossy(text).into_owned()));
                writeln!(file, "{}", json!({ "line": line, "reasons": reasons, "order": order }))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&self) -> anyhow::Result<Open> {
        let file = File::create(&self.path).with_context(|| format!("{} cannot be written", self.path.display()))?;
        let Some((header, delimiter)) = &self.header else { return Ok(Open::Lines(file)) };
        let mut writer = csv::WriterBuilder::new().delimiter(*delimiter).flexible(true).from_writer(file);
        writer.write_record(header.iter().take(width(header)).chain([REASON]))?;
        Ok(Open::Rows(Box::new(writer)))
    }

    fn close(&mut self) -> anyhow::Result<()> {
        match &mut self.open {
            Some(Open::Rows(writer)) => Ok(writer.flush()?),
            Some(Open::Lines(file)) => Ok(file.flush()?),
            None => Ok(()),
        }
    }
}

/// How many columns a header has without the reasons of an earlier import.
fn width(header: &StringRecord) -> usize {
    let has_reasons = header.iter().next_back() == Some(REASON);
    header.len() - usize::from(has_reasons)
}
