//! `waybill export`: a file of orders, of shipments, of what they cost or of who did what, written page by page.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use api::native::acts;
use api::native::export::{self, FileFormat, Subject};
use app::acts::ActFilter;
use app::{App, Caller};
use domain::tenant::Scope;
use futures::TryStreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{Export, ExportActs, ExportFile, ExportTarget, OrderFormat};

/// What goes into a file.
enum Asked<'a> {
    Rows(Subject, &'a ExportFile),
    Acts(&'a ExportActs),
}

impl Asked<'_> {
    fn target(&self) -> &ExportTarget {
        match self {
            Self::Rows(_, flags) => &flags.target,
            Self::Acts(flags) => &flags.target,
        }
    }

    /// What is counted.
    fn noun(&self) -> &'static str {
        match self {
            Self::Rows(Subject::Rates, _) => Subject::Shipments.as_str(),
            Self::Rows(subject, _) => subject.as_str(),
            Self::Acts(_) => "acts",
        }
    }
}

/// What is written, once everything about it is known to be right.
enum Work {
    Rows(export::Export),
    Acts(ActFilter),
}

impl Work {
    async fn of(app: &App, caller: &Caller, asked: &Asked<'_>, format: FileFormat) -> anyhow::Result<Self> {
        match asked {
            Asked::Rows(subject, flags) => {
                let period = export::Export::period(caller, flags.from, flags.to);
                let period =
                    period.map_err(|_| anyhow::anyhow!("--to is before --from: the period ends before it begins"))?;
                Ok(Self::Rows(export::Export { subject: *subject, format, period }))
            }
            Asked::Acts(flags) => {
                let (who, what) = (flags.who.clone(), flags.what.clone());
                let filter = ActFilter { who, what, about: None, from: flags.from, to: flags.to };
                app.acts(caller, &filter, None, 1).await.map_err(super::readable)?;
                Ok(Self::Acts(filter))
            }
        }
    }
}

impl ExportTarget {
    fn file_format(&self) -> anyhow::Result<FileFormat> {
        Ok(match super::format(&self.file, self.format)? {
            OrderFormat::Csv => FileFormat::Csv,
            OrderFormat::Jsonl => FileFormat::Jsonl,
        })
    }

    fn is_piped(&self) -> bool {
        self.file == Path::new("-")
    }

    /// A name beside the file, where it grows until it is whole.
    fn unfinished(&self) -> PathBuf {
        let mut name = self.file.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        self.file.with_file_name(name)
    }
}

/// Writes a file to its end.
pub(super) async fn run(export: Export) -> anyhow::Result<ExitCode> {
    let asked = match &export {
        Export::Orders(flags) => Asked::Rows(Subject::Orders, flags),
        Export::Shipments(flags) => Asked::Rows(Subject::Shipments, flags),
        Export::Rates(flags) => Asked::Rows(Subject::Rates, flags),
        Export::Acts(flags) => Asked::Acts(flags),
    };
    let target = asked.target();
    let format = target.file_format()?;
    let file = target.file.display();
    if !target.is_piped() && !target.overwrite && target.file.exists() {
        bail!("{file} is there already: name another file, or say --overwrite");
    }
    let app = super::open(&target.place).await?;
    let done = keep(&app, &asked, format).await;
    app.store().close().await;
    eprintln!("{file}: {} {}", done?, asked.noun());
    Ok(ExitCode::SUCCESS)
}

async fn keep(app: &App, asked: &Asked<'_>, format: FileFormat) -> anyhow::Result<usize> {
    let target = asked.target();
    let tenant = super::whose(app, target.tenant.as_ref()).await?;
    let caller = app.operator(&tenant, vec![Scope::Read]).await.map_err(super::readable)?;
    let work = Work::of(app, &caller, asked, format).await?;
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {pos} {msg}, {per_sec}")?);
    bar.set_message(asked.noun());
    if target.is_piped() {
        return write(app, caller, work, format, &mut std::io::stdout(), &bar).await;
    }
    let growing = target.unfinished();
    let made = File::create(&growing);
    let made = made.with_context(|| format!("{} cannot be written: name another file", growing.display()))?;
    let mut out = BufWriter::new(made);
    let written = write(app, caller, work, format, &mut out, &bar).await;
    drop(out);
    bar.finish_and_clear();
    let finished = written.and_then(|count| Ok(std::fs::rename(&growing, &target.file).map(|()| count)?));
    finished.inspect_err(|_| drop(std::fs::remove_file(&growing))).with_context(|| {
        format!("{} is not written: mend what stands below and run the same export again", target.file.display())
    })
}

async fn write(
    app: &App,
    caller: Caller,
    work: Work,
    format: FileFormat,
    out: &mut dyn Write,
    bar: &ProgressBar,
) -> anyhow::Result<usize> {
    let count = match work {
        Work::Rows(export) => write_rows(app, &caller, export, out, bar).await?,
        Work::Acts(filter) => write_acts(app, caller, filter, format, out, bar).await?,
    };
    out.flush()?;
    Ok(count)
}

async fn write_rows(
    app: &App,
    caller: &Caller,
    export: export::Export,
    out: &mut dyn Write,
    bar: &ProgressBar,
) -> anyhow::Result<usize> {
    out.write_all(&export.head().map_err(super::readable)?)?;
    let (mut count, mut after) = (0, None);
    loop {
        let part = export.part(app, caller, after).await.map_err(super::readable)?;
        out.write_all(&part.bytes)?;
        count += part.count;
        bar.set_position(count as u64);
        after = part.after;
        if after.is_none() {
            return Ok(count);
        }
    }
}

async fn write_acts(
    app: &App,
    caller: Caller,
    filter: ActFilter,
    format: FileFormat,
    out: &mut dyn Write,
    bar: &ProgressBar,
) -> anyhow::Result<usize> {
    let mut pieces = std::pin::pin!(acts::export(app.clone(), caller, filter, format));
    let mut count = 0;
    while let Some((bytes, acts)) = pieces.try_next().await.map_err(super::readable)? {
        out.write_all(&bytes)?;
        count += acts;
        bar.set_position(count as u64);
    }
    Ok(count)
}
