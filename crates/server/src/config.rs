//! Settings: what an installation may choose. Defaults are overridden by a file, by the environment, by flags.
//!
//! The only place that reads the environment. Every mistake is told at once and names the setting where it was written.
//! A variable that is set to nothing counts as not set, since compose files cannot leave one out. Variables that nobody
//! knows are left alone: Kubernetes sets `WAYBILL_…` ones of its own beside a service of that name.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use app::mail::MailTls;
use domain::{Problem, Secret};
use toml::de::{DeTable, DeValue};
use tracing_subscriber::EnvFilter;

use crate::cli::{Place, Serve};

/// The file that is read without being asked for, in the working folder.
const DEFAULT_FILE: &str = "waybill.toml";

/// Every setting by its name in a file; in the environment it is written `WAYBILL_…`, in capitals.
const NAMES: [&str; 35] = [
    "listen",
    "data",
    "database_url",
    "documents_url",
    "key",
    "key_file",
    "previous_key",
    "previous_key_file",
    "setup",
    "role",
    "allow_private_webhooks",
    "rate_limit_reads_per_minute",
    "rate_limit_writes_per_minute",
    "rate_limit_writes_per_second",
    "fallback_font",
    "public_url",
    "log",
    "log_format",
    "max_body_bytes",
    "request_timeout_seconds",
    "sandbox_journal",
    "carrier_timeout_seconds",
    "rate_timeout_milliseconds",
    "shipments_prefix",
    "erased_orders_kept_days",
    "metrics_token",
    "installation_secret",
    "otlp_endpoint",
    "smtp_host",
    "smtp_port",
    "smtp_tls",
    "smtp_user",
    "smtp_password",
    "smtp_password_file",
    "mail_sender",
];

/// Secrets, and the settings that name a file with one instead.
const PAIRS: [(&str, &str); 3] =
    [("key", "key_file"), ("previous_key", "previous_key_file"), ("smtp_password", "smtp_password_file")];

/// What an installation chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address to answer on; 127.0.0.1:8080.
    pub listen: SocketAddr,
    /// The folder of the embedded database and the documents; `waybill-data`.
    pub data: PathBuf,
    /// A PostgreSQL database (`postgres://` or `postgresql://`) instead of the embedded one; may hold a password.
    pub database_url: Option<Secret>,
    /// Another place for the documents: `s3://bucket/prefix` or `file:///folder`.
    pub documents_url: Option<String>,
    /// The installation's key as text; at most one of this and [`Self::key_file`] is set.
    pub key: Option<Secret>,
    /// The file of the installation's key.
    pub key_file: Option<PathBuf>,
    /// The key before it, while secrets are moved from that one to this; at most one of this and
    /// [`Self::previous_key_file`] is set.
    pub previous_key: Option<Secret>,
    /// The file of the key before it.
    pub previous_key_file: Option<PathBuf>,
    /// A setup file to apply at the start.
    pub setup: Option<PathBuf>,
    /// What this process does; other than `All` only with [`Self::database_url`].
    pub role: Role,
    /// Whether webhooks may go to loopback and private addresses and over plain http.
    pub allow_private_webhooks: bool,
    /// How many reads an API key may make in a minute; no limit by default.
    pub rate_limit_reads_per_minute: Option<NonZeroU32>,
    /// How many writes an API key may make in a minute; no limit by default.
    pub rate_limit_writes_per_minute: Option<NonZeroU32>,
    /// How many writes an API key may make in a second; no limit by default.
    pub rate_limit_writes_per_second: Option<NonZeroU32>,
    /// A font for letters that the built-in one lacks.
    pub fallback_font: Option<PathBuf>,
    /// The base of tracking pages and download links, without a last slash; see [`Self::base_url`].
    pub public_url: Option<String>,
    /// Which log lines are written, as a filter of `tracing`; `info`.
    pub log: String,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// The largest request body; 10 MiB.
    pub max_body_bytes: usize,
    /// How long a request may take; 60 s.
    pub request_timeout: Duration,
    /// How long a carrier may take to answer; 30 s.
    pub carrier_timeout: Duration,
    /// How long carriers may take to say what they charge when somebody only asks; 5 s.
    pub rate_timeout: Duration,
    /// A further path below which the shipping order API of Delivery Solutions answers.
    pub shipments_prefix: Option<String>,
    /// How long sums, country and postcode of an erased person's orders stay; ten years of 365 days.
    pub erased_kept: Duration,
    /// What whoever reads `/metrics` must show as a bearer token; without one only this machine may read them.
    pub metrics_token: Option<Secret>,
    /// What proves who runs the installation: with it, tenants can be made through the API; without one nobody can.
    pub installation_secret: Option<Secret>,
    /// Where traces go, an OTLP collector over HTTP; only in a build with the feature `otlp`.
    pub otlp_endpoint: Option<String>,
    /// The mail server for letters to those who wait; none are written without one.
    pub mail: Option<Mail>,
    /// A file into which the sandbox carrier writes what it does, for drills.
    pub sandbox_journal: Option<PathBuf>,
}

/// The mail server, as it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its name or address.
    pub host: String,
    /// Its port; 587, 465 or 25, as the way to it is protected.
    pub port: u16,
    /// How the way to it is protected.
    pub tls: MailTls,
    /// Who we are there.
    pub user: Option<String>,
    /// The password as text; at most one of this and [`Self::password_file`] is set.
    pub password: Option<Secret>,
    /// The file of the password.
    pub password_file: Option<PathBuf>,
    /// The address that letters come from.
    pub sender: String,
}

/// What a process does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    #[default]
    All,
    /// Answers requests.
    Api,
    /// Runs jobs.
    Worker,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people; in colour on a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The settings that were typed as flags, as typed.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    place: Place,
    listen: Option<String>,
    setup: Option<String>,
    role: Option<String>,
}

impl From<&Place> for Flags {
    fn from(place: &Place) -> Self {
        Self { place: place.clone(), ..Self::default() }
    }
}

impl From<&Serve> for Flags {
    fn from(serve: &Serve) -> Self {
        let Serve { place, listen, setup, role } = serve.clone();
        Self { place, listen, setup, role }
    }
}

impl Flags {
    fn value(&self, name: &str) -> Option<&str> {
        let value = match name {
            "listen" => &self.listen,
            "data" => &self.place.data,
            "database_url" => &self.place.database_url,
            "documents_url" => &self.place.documents_url,
            "key_file" => &self.place.key_file,
            "previous_key_file" => &self.place.previous_key_file,
            "setup" => &self.setup,
            "role" => &self.role,
            _ => return None,
        };
        value.as_deref()
    }
}

/// Everything wrong with the settings. Shown, it is one mistake a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Problem>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings cannot be used:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {}: {}", problem.path, problem.message))
    }
}

impl std::error::Error for Mistakes {}

/// The value of an environment variable, for setup files that keep a secret there; `None` when it is unset or no text.
pub fn environment(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

impl Settings {
    /// Reads the settings from their file, the environment and the flags.
    pub fn load(flags: &Flags) -> Result<Self, Mistakes> {
        let env = |name: &str| std::env::var_os(name);
        Self::settle(flags, &env, &|path| std::fs::read_to_string(path))
    }

    /// The base of tracking pages and download links, without a last slash; `bound` is the address really answered on.
    pub fn base_url(&self, bound: SocketAddr) -> String {
        let reachable = match bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", SocketAddr::new(reachable, bound.port())))
    }

    fn settle(
        flags: &Flags,
        env: &dyn Fn(&str) -> Option<OsString>,
        files: &dyn Fn(&Path) -> std::io::Result<String>,
    ) -> Result<Self, Mistakes> {
        let mut problems = Vec::new();
        let (path, text) = file(flags, env, files, &mut problems);
        let (table, syntax) = DeTable::parse_recoverable(&text);
        // What was read around a slip of syntax would only give more mistakes, and wrong ones.
        let table = if syntax.is_empty() { table.into_inner() } else { DeTable::new() };
        let file = File { path: &path, text: &text, table: &table };
        file.check(&mut problems);
        problems.extend(syntax.iter().map(|error| {
            let line = error.span().map_or(1, |span| file.line(span.start));
            Problem::new(format!("{}, line {line}", path.display()), error.message())
        }));
        let sources = Sources { flags, env, file, problems: RefCell::new(problems) };
        let settings = sources.settings();
        let problems = sources.problems.into_inner();
        if problems.is_empty() { Ok(settings) } else { Err(Mistakes(problems)) }
    }
}

/// The path and text of the file of settings; the text is empty when there is no file.
fn file(
    flags: &Flags,
    env: &dyn Fn(&str) -> Option<OsString>,
    files: &dyn Fn(&Path) -> std::io::Result<String>,
    problems: &mut Vec<Problem>,
) -> (PathBuf, String) {
    let named = env("WAYBILL_CONFIG").filter(|path| !path.is_empty()).map(|path| ("WAYBILL_CONFIG", path));
    let named = flags.place.config.as_ref().map(|path| ("--config", OsString::from(path))).or(named);
    let is_named = named.is_some();
    let (source, path) = named.unwrap_or((DEFAULT_FILE, DEFAULT_FILE.into()));
    let path = PathBuf::from(path);
    let text = match files(&path) {
        Ok(text) => text,
        Err(error) if !is_named && error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            let message = format!("cannot read the file {}: {error}", path.display());
            problems.push(Problem::new(source, message));
            String::new()
        }
    };
    (path, text)
}

/// The file of settings.
struct File<'f> {
    path: &'f Path,
    text: &'f str,
    table: &'f DeTable<'f>,
}

impl File<'_> {
    fn line(&self, place: usize) -> usize {
        self.text.bytes().take(place).filter(|&byte| byte == b'\n').count() + 1
    }

    /// Where a value stands, for people.
    fn place(&self, name: &str, place: usize) -> String {
        format!("{}, line {}: {name}", self.path.display(), self.line(place))
    }

    /// Finds settings nobody knows and values no setting can have.
    fn check(&self, problems: &mut Vec<Problem>) {
        for (key, value) in self.table {
            let place = self.place(key.get_ref(), key.span().start);
            if !NAMES.contains(&key.get_ref().as_ref()) {
                let message = format!("there is no such setting, expected one of {}", NAMES.join(", "));
                problems.push(Problem::new(place, message));
            } else if !matches!(value.get_ref(), DeValue::String(_) | DeValue::Integer(_) | DeValue::Boolean(_)) {
                let found = value.get_ref().type_str();
                problems
                    .push(Problem::new(place, format!("found {found}, expected text, a whole number, true or false")));
            }
        }
    }
}

/// A value as somebody wrote it.
struct Written {
    text: String,
    /// Where: `--listen`, `WAYBILL_LISTEN` or `waybill.toml, line 3: listen`.
    place: String,
    /// What a relative path in it is relative to.
    folder: Option<PathBuf>,
}

/// Where settings come from.
struct Sources<'s> {
    flags: &'s Flags,
    env: &'s dyn Fn(&str) -> Option<OsString>,
    file: File<'s>,
    problems: RefCell<Vec<Problem>>,
}

impl Sources<'_> {
    fn settings(&self) -> Settings {
        let http = "an http or https URL without a query, such as https://waybill.example.com";
        let settings = Settings {
            listen: self
                .read("listen", "an address and port such as 127.0.0.1:8080", |text| text.parse().ok())
                .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            data: self.path("data", "the path of a folder").unwrap_or_else(|| PathBuf::from("waybill-data")),
            database_url: self.secret("database_url", "a URL that begins with postgres:// or postgresql://", |text| {
                ["postgres://", "postgresql://"]
                    .iter()
                    .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
            }),
            documents_url: self.read("documents_url", "s3://bucket, s3://bucket/prefix or file:///folder", |text| {
                let is_bucket =
                    text.strip_prefix("s3://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
                (is_bucket || text.len() > "file:///".len() && text.starts_with("file:///")).then(|| text.to_owned())
            }),
            key: self.key("key"),
            key_file: self.path("key_file", "the path of the installation's key"),
            previous_key: self.key("previous_key"),
            previous_key_file: self.path("previous_key_file", "the path of the installation's key before this one"),
            setup: self.path("setup", "the path of a setup file"),
            role: self.read("role", "all, api or worker", role).unwrap_or_default(),
            allow_private_webhooks: self
                .read("allow_private_webhooks", "1, true, 0 or false", truth)
                .unwrap_or_default(),
            rate_limit_reads_per_minute: self.rate_limit("rate_limit_reads_per_minute"),
            rate_limit_writes_per_minute: self.rate_limit("rate_limit_writes_per_minute"),
            rate_limit_writes_per_second: self.rate_limit("rate_limit_writes_per_second"),
            fallback_font: self.path("fallback_font", "the path of a TrueType or OpenType font"),
            sandbox_journal: self.path("sandbox_journal", "the path of a file"),
            public_url: self.read("public_url", http, base),
            log: self
                .read("log", "a filter such as info or info,store=debug", |text| {
                    EnvFilter::try_new(text).ok().map(|_| text.to_owned())
                })
                .unwrap_or_else(|| "info".to_owned()),
            log_format: self.read("log_format", "text or json", log_format).unwrap_or_default(),
            max_body_bytes: self
                .read("max_body_bytes", "a whole number from 1024 to 1073741824", |text| {
                    text.parse().ok().filter(|bytes| (1_024..=1 << 30).contains(bytes))
                })
                .unwrap_or(10 << 20),
            request_timeout: self
                .read("request_timeout_seconds", "a whole number from 1 to 3600", |text| {
                    text.parse().ok().filter(|seconds| (1..=3_600).contains(seconds))
                })
                .map_or(Duration::from_mins(1), Duration::from_secs),
            carrier_timeout: self
                .read("carrier_timeout_seconds", "a whole number from 1 to 3600", |text| {
                    text.parse().ok().filter(|seconds| (1..=3_600).contains(seconds))
                })
                .map_or(Duration::from_secs(30), Duration::from_secs),
            rate_timeout: self
                .read("rate_timeout_milliseconds", "a whole number from 10 to 60000", |text| {
                    text.parse().ok().filter(|milliseconds| (10..=60_000).contains(milliseconds))
                })
                .map_or(Duration::from_secs(5), Duration::from_millis),
            shipments_prefix: self.read(
                "shipments_prefix",
                "a path such as /shipping/v1 that leads to nothing else here, without a slash at its end",
                |text| api::is_free_prefix(text).then(|| text.to_owned()),
            ),
            erased_kept: self
                .read("erased_orders_kept_days", "a whole number from 0 to 36500", |text| {
                    text.parse().ok().filter(|days| (0..=36_500).contains(days))
                })
                .map_or(Duration::from_hours(24 * 3_650), |days: u64| Duration::from_hours(24 * days)),
            installation_secret: self
                .secret("installation_secret", "at least 24 characters", |text| text.chars().count() >= 24),
            metrics_token: self.secret("metrics_token", "at least 16 characters", |text| text.chars().count() >= 16),
            otlp_endpoint: self.otlp_endpoint(),
            mail: self.mail(),
        };
        self.agree(&settings);
        settings
    }

    /// Where traces go; a build that cannot send any says so.
    fn otlp_endpoint(&self) -> Option<String> {
        let is_built_in = cfg!(feature = "otlp");
        let expected = if is_built_in {
            "an http or https URL such as http://127.0.0.1:4318"
        } else {
            "nothing: this build sends no traces, build one with --features otlp"
        };
        self.read("otlp_endpoint", expected, |text| base(text).filter(|_| is_built_in))
    }

    /// The mail server. Its parts are read even without a host, so that a mistake in one does not wait for the host.
    fn mail(&self) -> Option<Mail> {
        let is_host = |text: &str| {
            let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
            (!text.is_empty() && is_name) || text.parse::<IpAddr>().is_ok()
        };
        let host = self.read("smtp_host", "a name or an address such as mail.example.com", |text| {
            is_host(text).then(|| text.to_owned())
        });
        let port = self.read("smtp_port", "a whole number from 1 to 65535", |text| {
            text.parse().ok().filter(|port: &u16| *port > 0)
        });
        let tls = self.read("smtp_tls", "starttls, tls or none", mail_tls).unwrap_or_default();
        let user = self.read("smtp_user", "a name without line ends", |text| {
            (!text.chars().any(char::is_control)).then(|| text.to_owned())
        });
        let password =
            self.secret("smtp_password", "a password without line ends", |text| !text.chars().any(char::is_control));
        let password_file = self.path("smtp_password_file", "the path of a file with the password");
        let sender = self.read("mail_sender", "an e-mail address such as parcels@example.com", |text| {
            app::mail::is_address(text).then(|| text.to_owned())
        });
        if let Some(written) = self.written("smtp_host")
            && self.written("mail_sender").is_none()
        {
            self.mistake(
                written.place,
                "found a mail server but no mail_sender, the address that letters come from".to_owned(),
            );
        }
        if let Some(written) = self.written("smtp_user") {
            if self.written("smtp_password").is_none() && self.written("smtp_password_file").is_none() {
                let text = "found a user, expected smtp_password or smtp_password_file with it";
                self.mistake(written.place, text.to_owned());
            } else if tls == MailTls::Plain && host.as_deref().is_some_and(|host| !is_here(host)) {
                let text = "found a user with smtp_tls none, which would send the password for everybody to read, expected \
                            starttls or tls";
                self.mistake(written.place, text.to_owned());
            }
        }
        let usual = match tls {
            MailTls::StartTls => 587,
            MailTls::Tls => 465,
            MailTls::Plain => 25,
        };
        Some(Mail { host: host?, port: port.unwrap_or(usual), tls, user, password, password_file, sender: sender? })
    }

    /// Settings that must fit each other.
    fn agree(&self, settings: &Settings) {
        if settings.role != Role::All
            && settings.database_url.is_none()
            && self.written("database_url").is_none()
            && let Some(role) = self.written("role")
        {
            let message = format!("found {:?}, expected all: another role needs a PostgreSQL database_url", role.text);
            self.mistake(role.place, message);
        }
        for (name, of_file) in PAIRS {
            if let (Some(key), Some(file)) = (self.written(name), self.written(of_file)) {
                let what = if name == "smtp_password" { "password" } else { "key" };
                let message =
                    format!("found a {what} here and a {of_file} at {}, expected one of them only", file.place);
                self.mistake(key.place, message);
            }
        }
    }

    fn mistake(&self, place: String, message: String) {
        self.problems.borrow_mut().push(Problem::new(place, message));
    }

    /// The value that counts, if anybody wrote one.
    fn written(&self, name: &str) -> Option<Written> {
        if let Some(text) = self.flags.value(name) {
            let place = format!("--{}", name.replace('_', "-"));
            return Some(Written { text: text.to_owned(), place, folder: None });
        }
        let variable = format!("WAYBILL_{}", name.to_ascii_uppercase());
        if let Some(value) = (self.env)(&variable).filter(|value| !value.is_empty()) {
            return Some(Written { text: value.to_string_lossy().into_owned(), place: variable, folder: None });
        }
        let value = self.file.table.get(name)?;
        let text = match value.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Integer(integer) => integer.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            // Told already, by the check of the file.
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => return None,
        };
        let place = self.file.place(name, value.span().start);
        Some(Written { text, place, folder: self.file.path.parent().map(Path::to_path_buf) })
    }

    /// What `read` makes of the value; a value it does not know is a mistake.
    fn read<T>(&self, name: &str, expected: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let written = self.written(name)?;
        let value = read(&written.text);
        if value.is_none() {
            self.mistake(written.place, format!("found {:?}, expected {expected}", written.text));
        }
        value
    }

    /// A value that is not shown.
    fn secret(&self, name: &str, expected: &str, is_good: impl FnOnce(&str) -> bool) -> Option<Secret> {
        let written = self.written(name)?;
        let is_good = is_good(&written.text);
        if !is_good {
            self.mistake(
                written.place,
                format!("found something else (not shown, it may be secret), expected {expected}"),
            );
        }
        is_good.then(|| Secret::new(written.text))
    }

    fn key(&self, name: &str) -> Option<Secret> {
        self.secret(name, "at least 16 characters", |text| text.chars().count() >= 16)
    }

    /// A path; one in the file of settings is relative to that file.
    fn path(&self, name: &str, expected: &str) -> Option<PathBuf> {
        let folder = self.written(name)?.folder.unwrap_or_default();
        self.read(name, expected, |text| {
            let is_path = !text.trim().is_empty() && !text.contains('\0');
            is_path.then(|| folder.join(text))
        })
    }

    fn rate_limit(&self, name: &str) -> Option<NonZeroU32> {
        self.read(name, "a whole number from 1 to 4294967295", |text| text.parse().ok())
    }
}

fn role(text: &str) -> Option<Role> {
    match text {
        "all" => Some(Role::All),
        "api" => Some(Role::Api),
        "worker" => Some(Role::Worker),
        _ => None,
    }
}

fn mail_tls(text: &str) -> Option<MailTls> {
    match text {
        "starttls" => Some(MailTls::StartTls),
        "tls" => Some(MailTls::Tls),
        "none" => Some(MailTls::Plain),
        _ => None,
    }
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

fn base(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok()?;
    let is_base = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    is_base.then(|| text.trim_end_matches('/').to_owned())
}
