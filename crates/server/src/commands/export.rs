//! `waybill export`: a file of orders, of shipments, or of what they cost, written page by page.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use api::native::export::{FileFormat, Subject};
use app::App;
use domain::tenant::Scope;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{Export, ExportFile, OrderFormat};

/// Writes a file to its end.
pub(super) async fn run(export: Export) -> anyhow::Result<ExitCode> {
    let (subject, flags) = match export {
        Export::Orders(flags) => (Subject::Orders, flags),
        Export::Shipments(flags) => (Subject::Shipments, flags),
        Export::Rates(flags) => (Subject::Rates, flags),
    };
    let format = match super::format(&flags.file, flags.format)? {
        OrderFormat::Csv => FileFormat::Csv,
        OrderFormat::Jsonl => FileFormat::Jsonl,
    };
    let is_piped = flags.file == Path::new("-");
    let file = flags.file.display();
    if !is_piped && !flags.overwrite && flags.file.exists() {
        bail!("{file} is there already: name another file, or say --overwrite");
    }
    let app = super::open(&flags.place).await?;
    let done = write(&app, &flags, subject, format, is_piped).await;
    app.store().close().await;
    let count = done?;
    eprintln!("{file}: {count} {}", if subject == Subject::Rates { "shipments" } else { subject.as_str() });
    Ok(ExitCode::SUCCESS)
}

/// A name beside the file, where it grows until it is whole.
fn unfinished(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    file.with_file_name(name)
}

async fn write(
    app: &App,
    flags: &ExportFile,
    subject: Subject,
    format: FileFormat,
    is_piped: bool,
) -> anyhow::Result<usize> {
    let tenant = super::whose(app, flags.tenant.as_ref()).await?;
    let caller = app.operator(&tenant, vec![Scope::Read]).await.map_err(super::readable)?;
    let period = api::native::export::Export::period(&caller, flags.from, flags.to);
    let period = period.map_err(|_| anyhow::anyhow!("--to is before --from: the period ends before it begins"))?;
    let export = api::native::export::Export { subject, format, period };
    let growing = unfinished(&flags.file);
    let mut out: Box<dyn Write> = if is_piped {
        Box::new(std::io::stdout())
    } else {
        let made = File::create(&growing);
        let made = made.with_context(|| format!("{} cannot be written: name another file", growing.display()))?;
        Box::new(BufWriter::new(made))
    };
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {pos} {msg}, {per_sec}")?);
    bar.set_message(subject.as_str());
    let written = async {
        out.write_all(&export.head().map_err(super::readable)?)?;
        let (mut count, mut after) = (0, None);
        loop {
            let part = export.part(app, &caller, after).await.map_err(super::readable)?;
            out.write_all(&part.bytes)?;
            count += part.count;
            bar.set_position(count as u64);
            after = part.after;
            if after.is_none() {
                break;
            }
        }
        out.flush()?;
        anyhow::Ok(count)
    };
    let written = written.await;
    drop(out);
    bar.finish_and_clear();
    if is_piped {
        return written;
    }
    let finished = written.and_then(|count| Ok(std::fs::rename(&growing, &flags.file).map(|()| count)?));
    finished.inspect_err(|_| drop(std::fs::remove_file(&growing))).with_context(|| {
        format!("{} is not written: mend what stands below and run the same export again", flags.file.display())
    })
}
