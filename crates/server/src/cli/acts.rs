//! `waybill export acts` and `waybill erase`.

use clap::{Args, Subcommand};
use domain::Timestamp;
use domain::tenant::TenantId;

use super::{Place, tenant};

/// `waybill export`.
#[derive(Clone, Debug, Subcommand)]
pub enum Export {
    /// Write who did what and when to a file, the latest first.
    #[command(
        after_help = "Examples:\n  waybill export acts acts.csv\n  waybill export acts march.jsonl --from 2026-03-01T00:00:00Z"
    )]
    Acts(ExportActs),
}

/// `waybill export acts`.
#[derive(Clone, Debug, Args)]
pub struct ExportActs {
    /// The file; `-` is standard output.
    #[arg(value_name = "FILE")]
    pub file: std::path::PathBuf,
    /// Whose acts; may be left out when there is one tenant.
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub tenant: Option<TenantId>,
    /// What the file holds: csv or jsonl [default: by its name].
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<super::OrderFormat>,
    /// Only what this one did: key:PUBLIC, operator or link.
    #[arg(long, value_name = "WHO")]
    pub who: Option<String>,
    /// Only this kind, such as shipment.booked.
    #[arg(long, value_name = "KIND")]
    pub what: Option<String>,
    /// Not before this time.
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// `waybill erase`.
#[derive(Clone, Debug, Args)]
pub struct Erase {
    /// Whom to erase.
    #[command(flatten)]
    pub whom: Whom,
    /// Whose customer it is; may be left out when there is one tenant.
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub tenant: Option<TenantId>,
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// How a person is named, in exactly one way.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Whom {
    /// Whoever has this e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Whoever has this phone number.
    #[arg(long, value_name = "NUMBER")]
    pub phone: Option<String>,
    /// Whoever this order names: this order alone.
    #[arg(long, value_name = "ORDER")]
    pub order: Option<String>,
    /// A customer of the customer book.
    #[arg(long, value_name = "CUSTOMER")]
    pub customer: Option<String>,
}
