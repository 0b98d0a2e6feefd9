//! `waybill erase`: a person is forgotten.

use std::process::ExitCode;

use anyhow::Context as _;
use app::App;
use app::erasures::{Erasure, Whom};
use domain::ids::{CustomerId, OrderId};
use domain::tenant::Scope;

use crate::cli::Erase;

/// Erases a person and says what was done and what is left.
pub(super) async fn run(flags: &Erase) -> anyhow::Result<ExitCode> {
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
    let tenant = super::whose(app, flags.tenant.as_ref()).await?;
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
