//! Carrier accounts: the connector's profile says which settings there are and how each is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::account::CarrierAccount;
use domain::connector::{Connector, FieldKind};
use domain::error::{Problem, Rule};
use domain::shipment::ELSEWHERE;
use domain::tenant::Mode;

use super::reader::{Entry, Once, Section, nearest};
use super::tables::aliases;

/// The carrier accounts of a tenant.
pub(super) struct Accounts {
    /// Those without a mistake, in the order of the file.
    pub(super) read: Vec<CarrierAccount>,
    /// The ids of all, so that a mistake in one is not told again where its id is used.
    pub(super) ids: BTreeSet<String>,
}

/// Reads a tenant's carrier accounts.
pub(super) fn accounts(tenant: &Section<'_>, mode: Mode, connectors: &[Arc<dyn Connector>]) -> Accounts {
    let mut accounts = Accounts { read: Vec::new(), ids: BTreeSet::new() };
    let (mut once, mut aliases_seen) = (Once::default(), Once::default());
    for section in tenant.tables("carrier_account", "id") {
        let id = section.required("id", "an id without colons such as \"house\"").and_then(|entry| {
            let (path, line) = (entry.path.clone(), entry.line);
            let id = entry.name()?;
            if id == ELSEWHERE {
                let message = "found \"elsewhere\", which names shipments made elsewhere, expected another id";
                section.reader().mistake(Rule::Invalid, &path, line, message);
            }
            accounts.ids.insert(id.clone());
            once.is_first(&id, (section.reader(), &path, line)).then_some(id)
        });
        let aliases = aliases(&section, &mut aliases_seen);
        let calls_per_minute = section.optional("calls_per_minute", "a whole number from 1").and_then(|entry| {
            let calls = u32::try_from(entry.integer()?).ok().filter(|calls| *calls > 0);
            if calls.is_none() {
                entry.refuse();
            }
            calls
        });
        let account = CarrierAccount {
            id: id.clone().unwrap_or_default(),
            carrier: String::new(),
            settings: BTreeMap::new(),
            credentials: BTreeMap::new(),
            files: BTreeMap::new(),
            calls_per_minute,
            aliases,
        };
        let account = carrier(&section, account, mode, connectors);
        section.close();
        accounts.read.extend(account.filter(|_| id.is_some()));
    }
    accounts
}

/// Fills in the carrier and its settings.
fn carrier(
    section: &Section<'_>,
    mut account: CarrierAccount,
    mode: Mode,
    connectors: &[Arc<dyn Connector>],
) -> Option<CarrierAccount> {
    let entry = section.required("carrier", "a carrier's name such as \"local\"");
    let settings = section.optional("settings", "a table of the carrier's settings").map(Entry::section);
    let entry = entry?;
    let (path, line) = (entry.path.clone(), entry.line);
    account.carrier = entry.text()?;
    let connector = connectors.iter().find(|connector| connector.profile().carrier == account.carrier);
    match (connector, settings) {
        (_, Some(None)) => None,
        (Some(connector), settings) => {
            if mode == Mode::Test && connector.profile().is_live {
                let message = format!(
                    "found {:?}, which buys real labels, expected a carrier without real labels: the tenant's mode is \
                     \"test\"",
                    account.carrier
                );
                section.reader().mistake(Rule::Invalid, &path, line, &message);
            }
            fields(section, settings.flatten(), account, connector.as_ref())
        }
        (None, _) => {
            let known: Vec<_> = connectors.iter().map(|connector| connector.profile().carrier).collect();
            let expected = match nearest(&account.carrier, known.iter().copied()) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("expected one of {}", known.join(", ")),
            };
            let message = format!("found {:?}, which is no carrier of this version; {expected}", account.carrier);
            section.reader().mistake(Rule::Unknown, &path, line, &message);
            None
        }
    }
}

/// Reads the settings a connector's profile names, then lets the connector judge them.
fn fields(
    section: &Section<'_>,
    settings: Option<Section<'_>>,
    mut account: CarrierAccount,
    connector: &dyn Connector,
) -> Option<CarrierAccount> {
    let reader = section.reader();
    let mut places = BTreeMap::new();
    let mut wrong = BTreeSet::new();
    for field in connector.profile().fields {
        let entry = settings.as_ref().and_then(|settings| settings.optional(field.name, field.help));
        let Some(entry) = entry else {
            if field.is_required {
                let path = format!("{}.{}", section.path_of("settings"), field.name);
                let line = settings.as_ref().map_or(section.line, |settings| settings.line);
                reader.mistake(Rule::Missing, &path, line, &format!("missing, expected {}", field.help));
                wrong.insert(field.name);
            }
            continue;
        };
        let file = entry.as_str().filter(|_| field.kind == FieldKind::File);
        places.insert(field.name, (entry.line, file.map(|path| format!("in the file {path:?}: ")).unwrap_or_default()));
        let name = field.name.to_owned();
        let is_read = match field.kind {
            FieldKind::Text => entry.scalar().map(|value| account.settings.insert(name, value)).is_some(),
            FieldKind::Secret => entry.secret().map(|value| account.credentials.insert(name, value)).is_some(),
            FieldKind::File => entry.file().map(|content| account.files.insert(name, content)).is_some(),
        };
        if !is_read {
            wrong.insert(field.name);
        }
    }
    if let Some(settings) = settings {
        settings.close();
    }
    // What the connector says of a field that could not be read is told already.
    let problems = connector.connect(&account).err().unwrap_or_default();
    let steps = |problem: &Problem| -> Vec<String> {
        let mut steps: Vec<_> = problem.path.split('/').filter(|step| !step.is_empty()).map(str::to_owned).collect();
        if matches!(steps.first().map(String::as_str), Some("settings" | "credentials" | "files")) {
            steps.remove(0);
        }
        steps
    };
    let mut is_good = wrong.is_empty();
    for problem in problems {
        let steps = steps(&problem);
        let field = steps.first().map_or("", String::as_str);
        if wrong.contains(field) {
            continue;
        }
        is_good = false;
        let (line, prefix) = places.get(field).cloned().unwrap_or((section.line, String::new()));
        let path = steps.iter().fold(section.path_of("settings"), |path, step| {
            if step.bytes().all(|byte| byte.is_ascii_digit()) {
                format!("{path}[{step}]")
            } else {
                format!("{path}.{step}")
            }
        });
        reader.mistake(problem.rule, &path, line, &format!("{prefix}{}", problem.message));
    }
    is_good.then_some(account)
}
