//! `waybill key …`: API keys, made, shown, given another secret, revoked.

use std::process::ExitCode;

use app::keys::KeyRow;
use domain::Timestamp;
use domain::tenant::Scope;

use super::{open, readable};
use crate::cli::{CreateKey, DropKey, Key, ListKeys, RotateSecret};

pub(super) async fn run(command: Key) -> anyhow::Result<ExitCode> {
    let said = match command {
        Key::Create(flags) => create(flags).await?,
        Key::List(flags) => list(flags).await?,
        Key::Rotate(flags) => rotate(flags).await?,
        Key::Drop(flags) => revoke(flags).await?,
    };
    println!("{said}");
    Ok(ExitCode::SUCCESS)
}

async fn create(flags: CreateKey) -> anyhow::Result<String> {
    let app = open(&flags.place).await?;
    let made = app.create_key(domain::act::Actor::operator(), &flags.tenant, &flags.name, flags.scopes()).await;
    app.store().close().await;
    let key = made.map_err(readable)?;
    Ok(format!("public  {}\nsecret  {}\n\nThe secret is not shown again.", key.public, key.secret.reveal()))
}

async fn list(flags: ListKeys) -> anyhow::Result<String> {
    let app = open(&flags.place).await?;
    let keys = app.keys().await;
    app.store().close().await;
    Ok(table(&keys.map_err(readable)?))
}

async fn rotate(flags: RotateSecret) -> anyhow::Result<String> {
    let app = open(&flags.place).await?;
    let rotated = app.rotate_key(domain::act::Actor::operator(), &flags.key, flags.overlap).await;
    app.store().close().await;
    let key = rotated.map_err(readable)?;
    let before = match key.older_until {
        Some(until) => format!("The one before it stays good until {}.", moment(until)),
        None => "The one before it has ended.".to_owned(),
    };
    Ok(format!(
        "public  {}\nsecret  {}\n\nThe secret is not shown again. {before}\nIf a setup file names this key, write the new \
         secret there.",
        key.public,
        key.secret.reveal()
    ))
}

async fn revoke(flags: DropKey) -> anyhow::Result<String> {
    let app = open(&flags.place).await?;
    let dropped = app.drop_key(domain::act::Actor::operator(), &flags.key).await;
    app.store().close().await;
    let key = dropped.map_err(readable)?;
    Ok(format!(
        "Revoked {} ({:?} of tenant {}), with its tokens.\nIf a setup file names this key, take it out there.",
        key.public, key.name, key.tenant
    ))
}

/// To the second.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn scopes(scopes: &[Scope]) -> String {
    let is_all = Scope::ALL.iter().all(|scope| scopes.contains(scope));
    if is_all { "*".to_owned() } else { scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",") }
}

/// Keys, one a line under a heading, in columns.
pub(super) fn table(keys: &[KeyRow]) -> String {
    let or_dash = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), moment);
    let row = |row: &KeyRow| {
        [
            row.key.public.clone(),
            row.key.tenant.to_string(),
            row.key.name.clone(),
            scopes(&row.key.scopes),
            or_dash(row.created_at),
            or_dash(row.rotated_at),
            or_dash(row.older_until),
        ]
    };
    let heading = ["id", "tenant", "name", "scopes", "created", "last rotated", "older secret good until"];
    let rows: Vec<_> = std::iter::once(heading.map(str::to_owned)).chain(keys.iter().map(row)).collect();
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 7]| {
        let cells: Vec<_> = widths.iter().zip(row).map(|(width, cell)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use domain::tenant::{ApiKey, TenantId};

    use super::*;

    #[test]
    fn keys_stand_in_columns() {
        let key = |public: &str, name: &str, scopes: &[Scope]| ApiKey {
            tenant: TenantId::new("acme").unwrap(),
            name: name.to_owned(),
            public: public.to_owned(),
            scopes: scopes.to_vec(),
        };
        let at = |text: &str| text.parse::<Timestamp>().ok();
        let keys = [
            KeyRow {
                key: key("pub-acme", "shop", &Scope::ALL),
                created_at: None,
                rotated_at: at("2026-03-02T10:00:00.5Z"),
                older_until: at("2026-03-03T10:00:00.5Z"),
            },
            KeyRow {
                key: key("pub_Zm9v", "packing table", &[Scope::Read, Scope::Print]),
                created_at: at("2026-03-01T08:00:00Z"),
                rotated_at: None,
                older_until: None,
            },
        ];
        insta::assert_snapshot!(table(&keys), @r"
        id        tenant  name           scopes      created               last rotated          older secret good until
        pub-acme  acme    shop           *           -                     2026-03-02T10:00:00Z  2026-03-03T10:00:00Z
        pub_Zm9v  acme    packing table  read,print  2026-03-01T08:00:00Z  -                     -
        ");
    }
}
