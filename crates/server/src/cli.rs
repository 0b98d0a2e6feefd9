//! The command line: what was typed. What it means together with file and environment is settled in `config`.

use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use domain::channel::Dialect;
use domain::tenant::{Scope, TenantId};

mod erase;
mod files;

pub use erase::Erase;
pub use files::{Export, ExportActs, ExportFile, ExportTarget, Import, ImportOrders, OrderFormat};

const SETTINGS: &str = "\
Settings come from the defaults, then waybill.toml (or --config FILE), then the environment
(WAYBILL_DATA, WAYBILL_DATABASE_URL, …), then flags; the later one counts.";

const EXAMPLES: &str = "\
Examples:
  waybill demo                          see everything work, offline, in seconds
  waybill serve --setup setup.toml      run the server with the tenants of a setup file
  waybill doctor                        look whether everything is in place";

const SERVE_EXAMPLES: &str = "\
Examples:
  waybill serve --setup setup.toml
  waybill serve --listen 0.0.0.0:80 --data /var/lib/waybill
  waybill serve --database-url postgres://waybill@db/waybill --key-file waybill.key --role worker

Without a setup file an empty database gets the tenant \"default\" and one key, printed once.";

const APPLY_EXAMPLES: &str = "\
Examples:
  waybill apply setup.toml
  waybill apply --database-url postgres://waybill@db/waybill setup.toml

Applying twice changes nothing. A file with a mistake changes nothing and lists every mistake.
A running server takes the change up within a second. Paths in the file are relative to it.";

const KEY_EXAMPLES: &str = "\
Examples:
  waybill key create --tenant acme --name \"packing table\" --scope read --scope print
  waybill key create --tenant acme --name shop

The secret is printed once and kept as a hash only.";

const ROTATE_EXAMPLES: &str = "\
Examples:
  waybill key rotate pub-acme                  the secret before stays good for 24 hours
  waybill key rotate pub-acme --overlap 7d
  waybill key rotate pub-acme --overlap 0      it ends at once: the way after a leak

The secret is printed once and kept as a hash only. A running server knows it within a second. A setup file that still
holds the old secret does not bring it back; write the new one there.";

const ROTATE_KEY_EXAMPLES: &str = "\
Examples:
  waybill rotate-key --key-file new.key --previous-key-file waybill-data/waybill.key
  WAYBILL_KEY=… WAYBILL_PREVIOUS_KEY=… waybill rotate-key --database-url postgres://waybill@db/waybill

First start every server with both keys: they read what either key encrypted and encrypt with the new one. Then run this.
It may be stopped at any time and run again. API secrets move when they are first used; those that are still to move are
listed, and need the previous key until then.";

const BACKUP_EXAMPLES: &str = "\
Examples:
  waybill backup /mnt/backup/2026-03-02
  waybill backup --database-url postgres://waybill@db/waybill --no-documents /mnt/backup/2026-03-02

Beside a running server: the copy holds everything that was committed when it began, and nobody waits for it.
To restore: stop the server, put waybill.db (or pg_restore waybill.dump), documents and the key back, start it.";

const COMPLETION_EXAMPLES: &str = "\
Examples:
  waybill completions bash > /etc/bash_completion.d/waybill
  waybill completions zsh > /usr/local/share/zsh/site-functions/_waybill";

/// One server between shops and carriers: orders in, labels and tracking out.
#[derive(Clone, Debug, Parser)]
#[command(name = "waybill", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Do the main job once, offline, on an embedded database, and tell where to look.
    ///
    /// Sample orders in two dialects, rates, labels, documents, tracking and a signed webhook.
    #[command(after_help = "Examples:\n  waybill demo\n  waybill demo --out /tmp/labels")]
    Demo(Demo),
    /// Run the server: the order APIs, the dashboard and the jobs.
    #[command(after_help = SERVE_EXAMPLES, after_long_help = format!("{SERVE_EXAMPLES}\n\n{SETTINGS}"))]
    Serve(Serve),
    /// Read a setup file and store what it says.
    #[command(after_help = APPLY_EXAMPLES)]
    Apply(Apply),
    /// API keys.
    #[command(subcommand)]
    Key(Key),
    /// Encrypt carrier credentials and webhook secrets under a new key of the installation.
    #[command(after_help = ROTATE_KEY_EXAMPLES)]
    RotateKey(RotateKey),
    /// Bring the database to this version's shape.
    #[command(
        after_help = "Examples:\n  waybill migrate\n  waybill migrate --database-url postgres://waybill@db/waybill"
    )]
    Migrate(Migrate),
    /// Look whether settings, database, documents and key are in place, and say how to mend what is not.
    #[command(after_help = "Examples:\n  waybill doctor\n  waybill doctor --data /var/lib/waybill")]
    Doctor(Doctor),
    /// Read orders from a file.
    #[command(subcommand)]
    Import(Import),
    /// Write orders, shipments, what they cost, or who did what to a file.
    #[command(subcommand)]
    Export(Export),
    /// Forget a person: name, street, phone and e-mail go; sums, country and postcode stay for the set time.
    #[command(
        after_help = "Examples:\n  waybill erase --email ada@example.com\n  waybill erase --order ord_1 --tenant acme"
    )]
    Erase(Erase),
    /// Copy database and documents into a new folder, while the server runs.
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(Backup),
    /// Print what a shell needs to complete commands and flags.
    #[command(after_help = COMPLETION_EXAMPLES)]
    Completions(Completions),
    /// Write the manual's pages, one for each command.
    #[command(after_help = "Examples:\n  waybill man /usr/local/share/man/man1")]
    Man(Man),
    /// Print the OpenAPI document of a dialect.
    #[command(
        name = "openapi",
        after_help = "Examples:\n  waybill openapi native\n  waybill openapi sendcloud > sendcloud.json"
    )]
    OpenApi(OpenApi),
}

/// `waybill demo`.
#[derive(Clone, Debug, Args)]
pub struct Demo {
    /// The folder for labels, documents and the database; made if missing.
    #[arg(long, value_name = "DIR", default_value = "demo-out")]
    pub out: std::path::PathBuf,
    /// Stay up with some orders more, and print where the dashboard is and the key that opens it.
    #[arg(long)]
    pub serve: bool,
    /// Where the dashboard answers with --serve.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", requires = "serve")]
    pub listen: String,
}

/// `waybill serve`.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// The address to answer on [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// A setup file to apply first.
    #[arg(long, value_name = "FILE")]
    pub setup: Option<String>,
    /// What this process does: all, api or worker [default: all]; other than all needs PostgreSQL.
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// `waybill apply`.
#[derive(Clone, Debug, Args)]
pub struct Apply {
    /// The setup file.
    #[arg(value_name = "FILE")]
    pub file: std::path::PathBuf,
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// `waybill key`.
#[derive(Clone, Debug, Subcommand)]
pub enum Key {
    /// Make a key and print its two parts.
    #[command(after_help = KEY_EXAMPLES)]
    Create(CreateKey),
    /// Show every key, without secrets.
    #[command(after_help = "Examples:\n  waybill key list")]
    List(ListKeys),
    /// Give a key a new secret and print it.
    #[command(after_help = ROTATE_EXAMPLES)]
    Rotate(RotateSecret),
    /// Revoke a key, with every secret and token of it.
    #[command(after_help = "Examples:\n  waybill key drop pub-acme")]
    Drop(DropKey),
}

/// `waybill key list`.
#[derive(Clone, Debug, Args)]
pub struct ListKeys {
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// `waybill key rotate`.
#[derive(Clone, Debug, Args)]
pub struct RotateSecret {
    /// The key's id: its public part, as `waybill key list` shows it.
    #[arg(value_name = "ID")]
    pub key: String,
    /// How long the secret before stays good: a number and s, m, h or d, or 0.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = overlap)]
    pub overlap: Duration,
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// `waybill key drop`.
#[derive(Clone, Debug, Args)]
pub struct DropKey {
    /// The key's id: its public part, as `waybill key list` shows it.
    #[arg(value_name = "ID")]
    pub key: String,
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// `waybill rotate-key`.
#[derive(Clone, Debug, Args)]
pub struct RotateKey {
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// `waybill key create`.
#[derive(Clone, Debug, Args)]
pub struct CreateKey {
    /// The tenant's id.
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub tenant: TenantId,
    /// What people call the key.
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub name: String,
    /// What it may do: a role (viewer, packer, operator, admin), a scope (read, write, print, buy, void, setup, erase,
    /// overrule) or *; may be given several times [default: *].
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scopes)]
    scopes: Vec<Scopes>,
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

impl CreateKey {
    /// What the key may do; everything when nobody said.
    pub fn scopes(&self) -> Vec<Scope> {
        let is_wanted =
            |scope: &Scope| self.scopes.is_empty() || self.scopes.iter().any(|named| named.0.contains(scope));
        Scope::ALL.into_iter().filter(is_wanted).collect()
    }
}

/// `waybill migrate`.
#[derive(Clone, Debug, Args)]
pub struct Migrate {
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// `waybill doctor`.
#[derive(Clone, Debug, Args)]
pub struct Doctor {
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// `waybill backup`.
#[derive(Clone, Debug, Args)]
pub struct Backup {
    /// A folder that is not there yet; it appears when the copy is whole.
    #[arg(value_name = "DIR")]
    pub folder: std::path::PathBuf,
    /// Leave out the documents, when they are copied otherwise.
    #[arg(long)]
    pub no_documents: bool,
    /// Copy the installation's key too; whoever has both can read every secret.
    #[arg(long)]
    pub with_key: bool,
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// `waybill completions`.
#[derive(Clone, Debug, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `waybill man`.
#[derive(Clone, Debug, Args)]
pub struct Man {
    /// The folder for the pages; made if missing.
    #[arg(value_name = "DIR")]
    pub folder: std::path::PathBuf,
}

/// `waybill openapi`.
#[derive(Clone, Debug, Args)]
pub struct OpenApi {
    /// The dialect: native or sendcloud.
    #[arg(value_name = "DIALECT", value_parser = document)]
    pub document: &'static str,
}

/// Where an installation keeps what it knows. As typed; `config` reads and checks it with the other sources.
#[derive(Clone, Debug, Default, Args)]
pub struct Place {
    /// A file of settings [default: waybill.toml in the working folder, if there is one].
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// The folder of the embedded database and the documents [default: ./waybill-data].
    #[arg(long, value_name = "DIR")]
    pub data: Option<String>,
    /// A PostgreSQL database instead of the embedded one, such as postgres://user:password@host/database.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Another place for the documents, such as s3://bucket/prefix.
    #[arg(long, value_name = "URL")]
    pub documents_url: Option<String>,
    /// The file of the installation's key [default: made in the data folder at the first start].
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<String>,
    /// The file of the key before it, while secrets are moved from that one to this.
    #[arg(long, value_name = "FILE")]
    pub previous_key_file: Option<String>,
}

/// What one `--scope` names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scopes(Vec<Scope>);

fn scopes(text: &str) -> Result<Scopes, String> {
    domain::tenant::scopes_named(text).map(Scopes)
}

/// The OpenAPI document of the dialect with this name.
fn document(text: &str) -> Result<&'static str, String> {
    let known = || Dialect::ALL.into_iter().filter_map(|dialect| Some((dialect.as_str(), api::openapi(dialect)?)));
    known().find(|(name, _)| *name == text).map(|(_, document)| document).ok_or_else(|| {
        let names: Vec<_> = known().map(|(name, _)| name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// A time such as `24h`, at most a year; `0` is none.
fn overlap(text: &str) -> Result<Duration, String> {
    let seconds = || {
        if text == "0" {
            return Some(0);
        }
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let of_unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(of_unit)
    };
    let fits = seconds().filter(|seconds| *seconds <= 366 * 86_400).map(Duration::from_secs);
    fits.ok_or_else(|| "expected 0 or a whole number and s, m, h or d, such as 24h, up to 366d".to_owned())
}

fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::try_from(text.to_owned())
}

fn name(text: &str) -> Result<String, String> {
    let is_good = !text.trim().is_empty() && text.chars().count() <= 200 && !text.chars().any(char::is_control);
    is_good.then(|| text.to_owned()).ok_or_else(|| "expected 1 to 200 letters".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_put_together_well() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_key_may_do_what_its_scopes_say_or_everything() {
        let scopes = |flags: &[&str]| {
            let typed = ["waybill", "key", "create", "--tenant", "acme", "--name", "shop"].iter().chain(flags);
            match Cli::try_parse_from(typed).map(|cli| cli.command) {
                Ok(Command::Key(Key::Create(key))) => Ok(key.scopes()),
                Ok(_) => panic!("another command"),
                Err(error) => Err(error.to_string()),
            }
        };
        assert_eq!(scopes(&[]), Ok(Scope::ALL.to_vec()));
        assert_eq!(scopes(&["--scope", "*"]), Ok(Scope::ALL.to_vec()));
        assert_eq!(scopes(&["--scope", "print", "--scope", "read"]), Ok(vec![Scope::Read, Scope::Print]));
        assert_eq!(scopes(&["--scope", "packer"]), Ok(vec![Scope::Read, Scope::Print]));
        assert_eq!(scopes(&["--scope", "viewer", "--scope", "void"]), Ok(vec![Scope::Read, Scope::Void]));
        assert!(scopes(&["--scope", "sell"]).unwrap_err().contains("expected * or some of read, write"));
    }

    #[test]
    fn an_overlap_is_a_number_and_a_unit() {
        let read = |text| overlap(text).ok().map(|time| time.as_secs());
        assert_eq!(["0", "0h", "90s", "5m", "24h", "7d"].map(read), [0, 0, 90, 300, 86_400, 604_800].map(Some));
        for wrong in ["", "h", "24", "-1h", "1.5h", "1w", "24 h", "5µ", "367d", "99999999999999999999d"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_dialect_without_a_document_is_answered_with_those_that_have_one() {
        let refused = Cli::try_parse_from(["waybill", "openapi", "nobody"]).unwrap_err().to_string();
        assert!(refused.contains("expected one of native, sendcloud"), "{refused}");
    }

    #[test]
    fn the_commands_of_the_contract_are_understood() {
        for line in [
            "demo",
            "demo --out there",
            "serve",
            "serve --listen 127.0.0.1:8080 --data here --database-url postgres://db/w --setup setup.toml --role api",
            "serve --documents-url s3://bucket --key-file key",
            "apply setup.toml",
            "key create --tenant acme --name shop --scope read",
            "key list --data here",
            "key rotate pub-acme",
            "key rotate pub-acme --overlap 0",
            "key drop pub-acme",
            "rotate-key --key-file new.key --previous-key-file old.key",
            "migrate",
            "doctor",
            "import orders here.csv",
            "import orders here --format jsonl --tenant acme --map No=number --map Size= --rejects there.csv",
            "backup there",
            "backup there --no-documents --with-key --data here",
            "completions bash",
            "man there",
            "openapi native",
            "openapi sendcloud",
        ] {
            let words = std::iter::once("waybill").chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{line}");
        }
        for line in [
            "",
            "serve now",
            "apply",
            "key",
            "key create --tenant acme",
            "key create --tenant A --name n",
            "key rotate",
            "key rotate pub-acme --overlap soon",
            "key rotate pub-acme --overlap 367d",
            "key drop",
            "import",
            "import orders",
            "import orders here.csv --map No",
            "backup",
            "completions csh",
            "man",
            "openapi",
            "openapi nobody",
        ] {
            let words = std::iter::once("waybill").chain(line.split(' ').filter(|word| !word.is_empty()));
            assert!(Cli::try_parse_from(words).is_err(), "{line}");
        }
    }
}
