//! `waybill doctor`: looks whether everything is in place, and says how to mend what is not.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use app::rotation::{self, Standing};
use app::tenants::TenantSetup;
use app::{App, Clock, Random, guard};
use domain::tenant::Scope;
use domain::{Error, Timestamp};
use store::blobs::{BlobConfig, Blobs};
use store::installation::KeyChecks;
use store::{Config, Store};
use tokio::task::JoinSet;

use crate::config::Settings;
use crate::wire;

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    /// All is well.
    Well(String),
    /// It works, and somebody should do something about it.
    Warning(String),
    /// It does not work.
    Fault(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Well(_) => "ok   ",
            Self::Warning(_) => "warn ",
            Self::Fault(_) => "FAIL ",
        })
    }
}

impl Finding {
    fn text(&self) -> &str {
        match self {
            Self::Well(text) | Self::Warning(text) | Self::Fault(text) => text,
        }
    }
}

/// What was looked at, and what was found.
type Told = (String, Finding);

fn told(what: &str, finding: Finding) -> Told {
    (what.to_owned(), finding)
}

/// Looks at everything. The code says whether all of it works.
pub(super) async fn run(settings: &Settings) -> ExitCode {
    let found = look(settings).await;
    for (what, finding) in &found {
        println!("{finding} {what}: {}", finding.text());
    }
    let is_well = !found.iter().any(|(_, finding)| matches!(finding, Finding::Fault(_)));
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn look(settings: &Settings) -> Vec<Told> {
    let (database, checks) = database(settings).await;
    let mut found = vec![told("database", database)];
    let blobs = wire::blob_config(settings);
    found.push(told("documents", documents(&blobs).await));
    let mut folders = vec![settings.data.as_path()];
    if let BlobConfig::Folder(folder) = &blobs
        && !folder.starts_with(&settings.data)
    {
        folders.push(folder);
    }
    found.extend(folders.into_iter().map(|folder| told("space", space_in(folder))));
    found.push(told("fonts", fonts(settings)));
    found.push(told("key", key(settings, checks.as_ref()).unwrap_or_else(Finding::Fault)));
    let hint =
        if settings.allow_private_webhooks { "private addresses too" } else { "https and public addresses only" };
    found.push(told("webhooks", Finding::Well(hint.to_owned())));
    // What follows needs the whole application, which needs all of the above.
    if checks.is_some() && !found.iter().any(|(_, finding)| matches!(finding, Finding::Fault(_))) {
        match wire::open(settings, settings.base_url(settings.listen)).await {
            Ok(app) => {
                found.extend(inside(&app, settings.allow_private_webhooks).await);
                app.store().close().await;
            }
            Err(error) => found.push(told("application", Finding::Fault(format!("{error:#}")))),
        }
    }
    found
}

/// What can be seen from within only.
async fn inside(app: &App, allow_private: bool) -> Vec<Told> {
    let mut found = vec![told("clock", clock(app).await.unwrap_or_else(|error| Finding::Fault(error.to_string())))];
    let setups = match setups(app).await {
        Ok(setups) => setups,
        Err(error) => {
            found.push(told("tenants", Finding::Fault(error.to_string())));
            return found;
        }
    };
    let now = Clock::System.now();
    found.extend(setups.iter().flat_map(|setup| interfaces(setup, now)));
    let urls = setups
        .iter()
        .flat_map(|setup| setup.endpoints.iter().map(|endpoint| (setup.tenant.id.to_string(), endpoint.url.clone())));
    found.extend(reached(urls.collect(), allow_private).await);
    found
}

async fn setups(app: &App) -> Result<Vec<std::sync::Arc<TenantSetup>>, Error> {
    let tenants = app.store().read(async |tx| tx.tenants().await).await?;
    let mut setups = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        setups.push(app.operator(&tenant.id, vec![Scope::Read]).await?.setup);
    }
    Ok(setups)
}

/// Whether the database can be opened, and what its keys are known by.
async fn database(settings: &Settings) -> (Finding, Option<KeyChecks>) {
    if settings.database_url.is_none() && !settings.data.join("waybill.db").exists() {
        let text = format!("{} holds no database yet: run `waybill serve`", settings.data.display());
        return (Finding::Fault(text), None);
    }
    let config = wire::store_config(settings);
    let store = match Store::open(&config).await {
        Ok(store) => store,
        Err(error) => {
            let hint = match config {
                Config::Sqlite { path } => format!(
                    "look at {}: its owner must be who runs this, and its disk must not be full; else restore a backup",
                    path.display()
                ),
                Config::Postgres { .. } => {
                    "look whether the server of database_url runs, is reached from here and knows the user".to_owned()
                }
            };
            return (Finding::Fault(format!("{error}; {hint}")), None);
        }
    };
    let found = store.read(async |tx| Ok((tx.tenants().await?.len(), tx.key_checks().await?))).await;
    store.close().await;
    match found {
        Ok((tenants, checks)) => (Finding::Well(format!("{tenants} tenants")), checks),
        Err(error) => (Finding::Fault(error.to_string()), None),
    }
}

/// Whether documents can be written.
async fn documents(config: &BlobConfig) -> Finding {
    let probed = match Blobs::open(config) {
        Ok(blobs) => blobs.probe().await,
        Err(error) => Err(error),
    };
    match (probed, config) {
        (Ok(()), _) => Finding::Well(format!("{config:?}")),
        (Err(error), BlobConfig::S3(_)) => Finding::Fault(format!(
            "{error}; look at documents_url and at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT"
        )),
        (Err(error), _) => Finding::Fault(format!(
            "{error}; the folder must be writable by who runs this: change its owner, or set documents_url"
        )),
    }
}

const MIB: u64 = 1024 * 1024;
/// Less than this is a fault: SQLite's log and the labels of a busy hour need more.
const LEAST: u64 = 256 * MIB;
/// Less than this should be looked after.
const LITTLE: u64 = 2 * 1024 * MIB;

fn space_in(folder: &Path) -> Finding {
    match rustix::fs::statvfs(folder) {
        Ok(disk) => space(folder, disk.f_bavail.saturating_mul(disk.f_frsize)),
        Err(error) => {
            Finding::Fault(format!("{}: {error}; make the folder, or name another with --data", folder.display()))
        }
    }
}

fn space(folder: &Path, free: u64) -> Finding {
    let text = format!("{} MiB free at {}", free / MIB, folder.display());
    match free {
        _ if free < LEAST => Finding::Fault(format!("{text}: free some, or move the data to a larger disk")),
        _ if free < LITTLE => Finding::Warning(format!("{text}: free some before it is full")),
        _ => Finding::Well(text),
    }
}

/// Whether the font of the settings can be used.
fn fonts(settings: &Settings) -> Finding {
    match (wire::fallback_font(settings.fallback_font.as_deref()), &settings.fallback_font) {
        (Ok(_), Some(path)) => Finding::Well(format!("the embedded one and {}", path.display())),
        (Ok(_), None) => Finding::Well(
            "the embedded one; letters outside Latin, Greek and Cyrillic need one more, named by fallback_font"
                .to_owned(),
        ),
        (Err(error), _) => {
            Finding::Fault(format!("{error:#}; name a TrueType or OpenType file with fallback_font, or leave it out"))
        }
    }
}

/// How far two clocks may differ.
const APART: i64 = 5;
/// How far an event may lie ahead: other nodes have clocks of their own.
const AHEAD: i64 = 60;

/// Whether this machine's clock agrees with the database's, and with what was stored before.
async fn clock(app: &App) -> Result<Finding, Error> {
    let seen = app.store().read(async |tx| {
        let mut latest = None;
        for tenant in tx.tenants().await? {
            latest = latest.max(tx.latest_event_at(&tenant.id).await?);
        }
        Ok((tx.server_clock().await?, latest))
    });
    let (server, latest) = seen.await?;
    Ok(clock_beside(Clock::System.now(), server, latest))
}

fn clock_beside(now: Timestamp, server: Option<Timestamp>, latest: Option<Timestamp>) -> Finding {
    const MEND: &str = "set the clock, and keep it right by NTP";
    let seconds = |other: Timestamp| other.as_second() - now.as_second();
    if let Some(server) = server.filter(|server| seconds(*server).abs() > APART) {
        return Finding::Fault(format!("it is {now} here and {server} at the database: {MEND} on both machines"));
    }
    match latest.filter(|latest| seconds(*latest) > AHEAD) {
        Some(latest) => Finding::Fault(format!("it is {now} here, but an event of {latest} is stored: {MEND}")),
        None => Finding::Well(now.to_string()),
    }
}

/// Carriers' interfaces that end soon, and those that have ended.
fn interfaces(setup: &TenantSetup, now: Timestamp) -> Vec<Told> {
    let ending = setup.accounts.iter().filter_map(|account| {
        let interface = &account.profile?.interface;
        let warning = interface.warning(now)?;
        let has_ended = interface.has_ended(now);
        let what = format!("carrier account {} of {}", account.account.id, setup.tenant.id);
        Some((what, if has_ended { Finding::Fault(warning) } else { Finding::Warning(warning) }))
    });
    ending.collect()
}

/// How long an endpoint may take to say anything.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether each webhook endpoint says anything at all to a HEAD, which it need not understand.
async fn reached(endpoints: Vec<(String, String)>, allow_private: bool) -> Vec<Told> {
    let client = match guard::client(allow_private) {
        Ok(client) => client,
        Err(error) => return vec![told("webhooks", Finding::Fault(error.to_string()))],
    };
    let mut asked = JoinSet::new();
    for (place, (tenant, url)) in endpoints.into_iter().enumerate() {
        let client = client.clone();
        asked
            .spawn(async move { (place, format!("webhook of {tenant}"), answers(&client, &url, allow_private).await) });
    }
    let mut found: Vec<_> = asked.join_all().await;
    found.sort_by_key(|(place, ..)| *place);
    found.into_iter().map(|(_, what, finding)| (what, finding)).collect()
}

async fn answers(client: &reqwest::Client, url: &str, allow_private: bool) -> Finding {
    if let Some(mistake) = guard::mistake(url, allow_private) {
        return Finding::Warning(format!("{url}: {mistake}"));
    }
    let why = match tokio::time::timeout(PATIENCE, client.head(url).send()).await {
        Ok(Ok(answer)) => return Finding::Well(format!("{url} answers ({})", answer.status().as_u16())),
        Ok(Err(error)) if error.is_connect() => "no connection",
        Ok(Err(_)) => "no answer that can be read",
        Err(_) => "no answer in five seconds",
    };
    Finding::Warning(format!(
        "{url}: {why}; look whether it runs, its certificate is good and a firewall lets this machine out, or correct its \
         url in the setup file"
    ))
}

/// Where the installation's key is from, once it is sure that it reads what is stored.
fn key(settings: &Settings, checks: Option<&KeyChecks>) -> Result<Finding, String> {
    let path = settings.key_file.clone().unwrap_or_else(|| settings.data.join("waybill.key"));
    let found = match (&settings.key, path.exists()) {
        (Some(_), _) => "from the setting".to_owned(),
        (None, true) => path.display().to_string(),
        (None, false) => {
            let text = "is missing: `waybill serve` makes it, or copy it from another node";
            return Err(format!("{} {text}", path.display()));
        }
    };
    let Some(checks) = checks else { return Ok(Finding::Well(found)) };
    let vault = wire::vault(settings, &Random::System).map_err(|error| format!("{error:#}"))?;
    match rotation::standing(&vault, checks).map_err(|error| error.to_string())? {
        Standing::Settled => Ok(Finding::Well(found)),
        Standing::Begins | Standing::UnderWay => {
            Ok(Finding::Well(format!("{found}, and the previous one: run `waybill rotate-key` to end with one")))
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::carrier::Scripted;
    use testkit::{Engine, TestApp, scripted_setup};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_disk_is_looked_after_before_it_is_full() {
        let found = [100, 300, 4_000].map(|mib| space(Path::new("/data"), mib * MIB));
        insta::assert_debug_snapshot!(found, @r#"
        [
            Fault(
                "100 MiB free at /data: free some, or move the data to a larger disk",
            ),
            Warning(
                "300 MiB free at /data: free some before it is full",
            ),
            Well(
                "4000 MiB free at /data",
            ),
        ]
        "#);
    }

    #[test]
    fn a_clock_that_is_wrong_shows_beside_others() {
        let now = at("2026-03-02T10:00:00Z");
        let beside =
            |server: &str, latest: &str| clock_beside(now, server.parse().ok(), latest.parse().ok()).to_string();
        assert_eq!(beside("", ""), "ok   ");
        assert_eq!(beside("2026-03-02T10:00:04Z", "2026-03-02T10:00:50Z"), "ok   ");
        insta::assert_debug_snapshot!(clock_beside(now, Some(at("2026-03-02T10:01:00Z")), None), @r#"
        Fault(
            "it is 2026-03-02T10:00:00Z here and 2026-03-02T10:01:00Z at the database: set the clock, and keep it right by NTP on both machines",
        )
        "#);
        insta::assert_debug_snapshot!(clock_beside(now, Some(now), Some(at("2026-03-03T10:00:00Z"))), @r#"
        Fault(
            "it is 2026-03-02T10:00:00Z here, but an event of 2026-03-03T10:00:00Z is stored: set the clock, and keep it right by NTP",
        )
        "#);
    }

    #[tokio::test]
    async fn m5_an_interface_that_ends_is_told_ninety_days_before_and_is_a_fault_afterwards() {
        let carrier = std::sync::Arc::new(Scripted::ending());
        let t = TestApp::builder(Engine::Sqlite).connectors(vec![carrier]).setup(scripted_setup()).build().await;
        let setups = setups(&t.app).await.unwrap();
        let found = |now: &str| -> Vec<Told> { setups.iter().flat_map(|setup| interfaces(setup, at(now))).collect() };
        assert_eq!(found("2026-03-12T23:59:59Z"), []);
        insta::assert_debug_snapshot!([found("2026-03-13T00:00:00Z"), found("2026-06-11T00:00:00Z")], @r#"
        [
            [
                (
                    "carrier account house of acme",
                    Warning(
                        "the carrier's interface script 1 ends on 2026-06-10: install a newer Waybill that speaks the next one before",
                    ),
                ),
            ],
            [
                (
                    "carrier account house of acme",
                    Fault(
                        "the carrier's interface script 1 ended on 2026-06-10: install a newer Waybill that speaks the next one",
                    ),
                ),
            ],
        ]
        "#);
    }
}
