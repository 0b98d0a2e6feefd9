//! Stories of settings from several sources.

use std::io;

use clap::Parser as _;

use super::*;
use crate::cli::{Cli, Command};

/// Settles `waybill serve` with these flags, variables and this text in `waybill.toml` (or in any `--config`).
fn settle(flags: &str, env: &[(&str, &str)], file: Option<&str>) -> Result<Settings, String> {
    let words = ["waybill", "serve"].into_iter().chain(flags.split_whitespace());
    let Ok(Command::Serve(serve)) = Cli::try_parse_from(words).map(|cli| cli.command) else {
        panic!("{flags} is understood");
    };
    let value = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
    let files = |_: &Path| file.map(str::to_owned).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound));
    Settings::settle(&Flags::from(&serve), &value, &files).map_err(|mistakes| mistakes.to_string())
}

#[test]
fn without_any_source_the_defaults_hold() {
    let settings = settle("", &[], None).unwrap();
    insta::assert_debug_snapshot!(settings, @r#"
    Settings {
        listen: 127.0.0.1:8080,
        data: "waybill-data",
        database_url: None,
        documents_url: None,
        key: None,
        key_file: None,
        previous_key: None,
        previous_key_file: None,
        setup: None,
        role: All,
        allow_private_webhooks: false,
        rate_limit_reads_per_minute: None,
        rate_limit_writes_per_minute: None,
        rate_limit_writes_per_second: None,
        fallback_font: None,
        public_url: None,
        log: "info",
        log_format: Text,
        max_body_bytes: 10485760,
        request_timeout: 60s,
        carrier_timeout: 30s,
        rate_timeout: 5s,
        shipments_prefix: None,
        erased_kept: 315360000s,
        metrics_token: None,
        installation_secret: None,
        otlp_endpoint: None,
        mail: None,
        sandbox_journal: None,
    }
    "#);
    assert_eq!(settings.base_url(settings.listen), "http://127.0.0.1:8080");
    assert_eq!(settings.base_url("[::]:80".parse().unwrap()), "http://[::1]:80");
}

#[test]
fn a_flag_comes_before_the_environment_and_that_before_the_file() {
    let file =
        Some("data = \"from-file\"\nlisten = \"127.0.0.1:1\"\nlog = \"debug\"\nrate_limit_reads_per_minute = 600");
    let env = [("WAYBILL_LISTEN", "127.0.0.1:2"), ("WAYBILL_LOG", "warn"), ("WAYBILL_DATA", "")];
    let settings = settle("--listen 127.0.0.1:3", &env, file).unwrap();
    assert_eq!(settings.listen.port(), 3);
    assert_eq!(settings.log, "warn");
    assert_eq!(settings.data, Path::new("from-file"));
    assert_eq!(settings.rate_limit_reads_per_minute, NonZeroU32::new(600));
}

#[test]
fn a_path_in_a_file_is_relative_to_it() {
    let settings = settle("--config etc/w.toml --setup here.toml", &[], Some("data = \"data\"")).unwrap();
    assert_eq!(settings.data, Path::new("etc/data"));
    assert_eq!(settings.setup.as_deref(), Some(Path::new("here.toml")));
}

#[test]
fn the_environment_can_say_everything() {
    let env = [
        ("WAYBILL_DATABASE_URL", "postgres://w:hunter2@db/w"),
        ("WAYBILL_DOCUMENTS_URL", "s3://labels/prod"),
        ("WAYBILL_KEY", "0123456789012345"),
        ("WAYBILL_PREVIOUS_KEY_FILE", "/run/secrets/former.key"),
        ("WAYBILL_ROLE", "worker"),
        ("WAYBILL_ALLOW_PRIVATE_WEBHOOKS", "1"),
        ("WAYBILL_PUBLIC_URL", "https://ship.example.com/"),
        ("WAYBILL_LOG_FORMAT", "json"),
        ("WAYBILL_MAX_BODY_BYTES", "2048"),
        ("WAYBILL_REQUEST_TIMEOUT_SECONDS", "5"),
        ("WAYBILL_PORT", "tcp://10.0.0.1:8080"),
    ];
    let settings = settle("", &env, None).unwrap();
    assert_eq!(settings.key, Some(Secret::new("0123456789012345")));
    assert_eq!(settings.previous_key_file.as_deref(), Some(Path::new("/run/secrets/former.key")));
    assert_eq!(settings.role, Role::Worker);
    assert!(settings.allow_private_webhooks);
    assert_eq!(settings.base_url(settings.listen), "https://ship.example.com");
    assert_eq!((settings.max_body_bytes, settings.request_timeout), (2048, Duration::from_secs(5)));
}

#[test]
fn every_mistake_is_told_at_once_and_shows_no_secret() {
    let file =
        Some("lisen = 1\nkey = \"hunter2\"\nlog_format = [1]\nrate_limit_writes_per_minute = 0\nmax_body_bytes = 1.5");
    let env = [
        ("WAYBILL_DATABASE_URL", "mysql://w:hunter2@db/w"),
        ("WAYBILL_ALLOW_PRIVATE_WEBHOOKS", "yes please"),
        ("WAYBILL_PREVIOUS_KEY", "hunter2 and some more of them"),
        ("WAYBILL_SHIPMENTS_PREFIX", "/v1/x"),
    ];
    let flags = "--listen localhost --role boss --documents-url https://x --key-file k --previous-key-file p";
    let mistakes = settle(flags, &env, file).unwrap_err();
    assert!(!mistakes.contains("hunter2"));
    insta::assert_snapshot!(mistakes, @r#"
    the settings cannot be used:
      waybill.toml, line 1: lisen: there is no such setting, expected one of listen, data, database_url, documents_url, key, key_file, previous_key, previous_key_file, setup, role, allow_private_webhooks, rate_limit_reads_per_minute, rate_limit_writes_per_minute, rate_limit_writes_per_second, fallback_font, public_url, log, log_format, max_body_bytes, request_timeout_seconds, sandbox_journal, carrier_timeout_seconds, rate_timeout_milliseconds, shipments_prefix, erased_orders_kept_days, metrics_token, installation_secret, otlp_endpoint, smtp_host, smtp_port, smtp_tls, smtp_user, smtp_password, smtp_password_file, mail_sender
      waybill.toml, line 3: log_format: found array, expected text, a whole number, true or false
      waybill.toml, line 5: max_body_bytes: found float, expected text, a whole number, true or false
      --listen: found "localhost", expected an address and port such as 127.0.0.1:8080
      WAYBILL_DATABASE_URL: found something else (not shown, it may be secret), expected a URL that begins with postgres:// or postgresql://
      --documents-url: found "https://x", expected s3://bucket, s3://bucket/prefix or file:///folder
      waybill.toml, line 2: key: found something else (not shown, it may be secret), expected at least 16 characters
      --role: found "boss", expected all, api or worker
      WAYBILL_ALLOW_PRIVATE_WEBHOOKS: found "yes please", expected 1, true, 0 or false
      waybill.toml, line 4: rate_limit_writes_per_minute: found "0", expected a whole number from 1 to 4294967295
      WAYBILL_SHIPMENTS_PREFIX: found "/v1/x", expected a path such as /shipping/v1 that leads to nothing else here, without a slash at its end
      waybill.toml, line 2: key: found a key here and a key_file at --key-file, expected one of them only
      WAYBILL_PREVIOUS_KEY: found a key here and a previous_key_file at --previous-key-file, expected one of them only
    "#);
}

#[test]
fn a_role_of_its_own_needs_postgresql() {
    insta::assert_snapshot!(settle("--role api", &[], None).unwrap_err(), @r#"
    the settings cannot be used:
      --role: found "api", expected all: another role needs a PostgreSQL database_url
    "#);
    assert!(settle("--role all", &[], None).is_ok());
    assert!(settle("--role api --database-url postgresql://db/w", &[], None).is_ok());
}

#[test]
fn a_file_that_was_asked_for_must_be_there_and_be_toml() {
    insta::assert_snapshot!(settle("--config absent.toml", &[], None).unwrap_err(), @r"
    the settings cannot be used:
      --config: cannot read the file absent.toml: entity not found
    ");
    insta::assert_snapshot!(settle("", &[], Some("data = \"x\"\nkey = = hunter2")).unwrap_err(), @r"
    the settings cannot be used:
      waybill.toml, line 2: extra `=`, expected nothing
      waybill.toml, line 2: unexpected key or value, expected newline, `#`
    ");
}

#[test]
fn a_mail_server_has_the_port_of_its_way_and_shows_no_password() {
    let base = [("WAYBILL_SMTP_HOST", "mail.example.com"), ("WAYBILL_MAIL_SENDER", "parcels@example.com")];
    let port = |tls: &str| {
        let settings = settle("", &[base.as_slice(), &[("WAYBILL_SMTP_TLS", tls)]].concat(), None).unwrap();
        settings.mail.unwrap().port
    };
    assert_eq!(["", "starttls", "tls", "none"].map(port), [587, 587, 465, 25]);
    let login = [("WAYBILL_SMTP_USER", "waybill"), ("WAYBILL_SMTP_PASSWORD", "hunter2"), ("WAYBILL_SMTP_PORT", "2525")];
    let settings = settle("", &[base.as_slice(), &login].concat(), None).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
    let mail = settings.mail.unwrap();
    assert_eq!((mail.user.as_deref(), mail.password, mail.port), (Some("waybill"), Some(Secret::new("hunter2")), 2525));
}

#[test]
fn every_mistake_about_mail_is_told() {
    let settings = |text: &str| settle("", &[], Some(text)).unwrap_err();
    insta::assert_snapshot!(settings("smtp_host = \"mail server\"\nsmtp_port = 0\nsmtp_tls = \"ssl\"\nmail_sender = \"parcels\""), @r#"
    the settings cannot be used:
      waybill.toml, line 1: smtp_host: found "mail server", expected a name or an address such as mail.example.com
      waybill.toml, line 2: smtp_port: found "0", expected a whole number from 1 to 65535
      waybill.toml, line 3: smtp_tls: found "ssl", expected starttls, tls or none
      waybill.toml, line 4: mail_sender: found "parcels", expected an e-mail address such as parcels@example.com
    "#);
    insta::assert_snapshot!(settings("smtp_host = \"mail.example.com\"\nsmtp_user = \"waybill\""), @r"
    the settings cannot be used:
      waybill.toml, line 1: smtp_host: found a mail server but no mail_sender, the address that letters come from
      waybill.toml, line 2: smtp_user: found a user, expected smtp_password or smtp_password_file with it
    ");
    let base = "smtp_host = \"10.0.0.5\"\nmail_sender = \"parcels@example.com\"\nsmtp_user = \"w\"\nsmtp_password = \"hunter2\"\n";
    let both = settings(&format!("{base}smtp_password_file = \"p\"\nsmtp_tls = \"none\""));
    assert!(!both.contains("hunter2"));
    insta::assert_snapshot!(both, @r"
    the settings cannot be used:
      waybill.toml, line 3: smtp_user: found a user with smtp_tls none, which would send the password for everybody to read, expected starttls or tls
      waybill.toml, line 4: smtp_password: found a password here and a smtp_password_file at waybill.toml, line 5: smtp_password_file, expected one of them only
    ");
    let here = base.replace("10.0.0.5", "127.0.0.1");
    assert!(settle("", &[], Some(&format!("{here}smtp_tls = \"none\""))).is_ok());
}
