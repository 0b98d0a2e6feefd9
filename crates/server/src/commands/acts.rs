//! `waybill export acts`: who did what, into a file. `waybill erase`: a person is forgotten.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use api::native::acts::{Export, export};
use app::App;
use app::acts::ActFilter;
use app::erasures::{Erasure, Whom};
use domain::ids::{CustomerId, OrderId};
use domain::tenant::Scope;
use futures::TryStreamExt as _;

use super::import::whose;
use crate::cli::{Erase, ExportActs, OrderFormat};

/// Writes the acts of a tenant to a file.
pub(super) async fn acts(flags: &ExportActs) -> anyhow::Result<ExitCode> {
    let ending = flags.file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let form = match (flags.format, ending.as_deref()) {
        (Some(OrderFormat::Csv), _) | (None, Some("csv")) => Export::Csv,
        (Some(OrderFormat::Jsonl), _) | (None, Some("jsonl" | "ndjson")) => Export::JsonLines,
        (None, _) => bail!("{}: say --format csv or --format jsonl", flags.file.display()),
    };
    let app = super::open(&flags.place).await?;
    let done = write(&app, flags, form).await;
    app.store().close().await;
    let lines = done?;
    eprintln!("{}: {lines} acts", flags.file.display());
    Ok(ExitCode::SUCCESS)
}

async fn write(app: &App, flags: &ExportActs, form: Export) -> anyhow::Result<usize> {
    let tenant = whose(app, flags.tenant.as_ref()).await?;
    let caller = app.operator(&tenant, vec![Scope::Read]).await.map_err(super::readable)?;
    let (who, what) = (flags.who.clone(), flags.what.clone());
    let filter = ActFilter { who, what, about: None, from: flags.from, to: flags.to };
    app.acts(&caller, &filter, None, 1).await.map_err(super::readable)?;
    let mut to: Box<dyn Write + Send> = if flags.file.as_os_str() == "-" {
        Box::new(std::io::stdout())
    } else {
        let file = File::create(&flags.file);
        Box::new(BufWriter::new(file.with_context(|| format!("{} cannot be written", flags.file.display()))?))
    };
    let mut pieces = std::pin::pin!(export(app.clone(), caller, filter, form));
    let mut lines = 0;
    while let Some(piece) = pieces.try_next().await.map_err(super::readable)? {
        lines += piece.split(|byte| *byte == b'\n').count() - 1;
        to.write_all(&piece)?;
    }
    to.flush()?;
    Ok(lines.saturating_sub(usize::from(form == Export::Csv)))
}

/// Erases a person and says what was done and what is left.
pub(super) async fn erase(flags: &Erase) -> anyhow::Result<ExitCode> {
    let whom = whom(flags)?;
    let app = super::open(&flags.place).await?;
    let done = carry_out(&app, flags, &whom).await;
    app.store().close().await;
    let erasure = done?;
    println!("{}", told(&erasure));
    Ok(if erasure.finished_at.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn whom(flags: &Erase) -> anyhow::Result<Whom> {
    let named = &flags.whom;
    if let Some(email) = &named.email {
        return Ok(Whom::Email(email.clone()));
    }
    if let Some(phone) = &named.phone {
        return Ok(Whom::Phone(phone.clone()));
    }
    if let Some(order) = &named.order {
        let id = OrderId::from_native(order);
        return Ok(Whom::Order(id.with_context(|| format!("--order {order}: expected an id such as ord_1"))?));
    }
    let customer = named.customer.as_deref().unwrap_or_default();
    let id = CustomerId::from_native(customer).or_else(|| CustomerId::from_decimal(customer));
    Ok(Whom::Customer(id.with_context(|| format!("--customer {customer}: expected a customer's number"))?))
}

async fn carry_out(app: &App, flags: &Erase, whom: &Whom) -> anyhow::Result<Erasure> {
    let tenant = whose(app, flags.tenant.as_ref()).await?;
    let caller = app.operator(&tenant, vec![Scope::Erase]).await.map_err(super::readable)?;
    let asked = app.erase(&caller, whom).await.map_err(super::readable)?;
    app.finish_erasures().await.map_err(super::readable)?;
    app.erasure(&caller, asked.id).await.map_err(super::readable)
}

fn told(erasure: &Erasure) -> String {
    let report = &erasure.report;
    let mut text = format!(
        "Erasure {}: {} orders, {} files, {} customers.\nBackups that were made before still hold the person: delete them, or \
         erase again after restoring one.",
        erasure.id, report.orders, report.files, report.customers
    );
    for (order, reason) in &report.left {
        text.extend(["\nLeft: ", order.as_str(), ": ", reason.as_str(), "."]);
    }
    if !report.left.is_empty() {
        text += "\nThe server looks at what is left every hour.";
    }
    text
}
