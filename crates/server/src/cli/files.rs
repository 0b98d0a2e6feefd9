//! Files: orders are read from one; orders, shipments, rates and acts are written to one.

use clap::{Args, Subcommand};
use domain::tenant::TenantId;
use domain::{SentTime, Timestamp};

use super::{Place, tenant};

const IMPORT_EXAMPLES: &str = "\
Examples:
  waybill import orders orders.csv
  waybill import orders orders.jsonl --tenant acme
  waybill import orders shop.csv --map \"Order No=external_id\" --map \"Product=item_name\" --map \"Colour=\"

CSV has a row for each line item and JSON Lines an order a line, as POST /v1/orders takes it; docs/import.md lists the columns.
Good orders go in; every bad one goes to a file of rejects with its line and reasons, to be mended and imported. An order
with an external_id that is there takes its place, so an import can be run again at any time.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  waybill export orders orders.csv
  waybill export shipments march.jsonl --from 2026-03-01 --to 2026-03-31
  waybill export rates - --format csv --tenant acme | head

CSV or JSON Lines by the file's ending; - is the standard output. The file appears when it is whole. Orders are those placed
in the period, in the columns that waybill import orders reads; shipments and rates are those made in it. docs/export.md
lists the columns.";

/// `waybill import`.
#[derive(Clone, Debug, Subcommand)]
pub enum Import {
    /// Read orders from CSV or JSON Lines.
    #[command(after_help = IMPORT_EXAMPLES)]
    Orders(ImportOrders),
}

/// `waybill import orders`.
#[derive(Clone, Debug, Args)]
pub struct ImportOrders {
    /// The file.
    #[arg(value_name = "FILE")]
    pub file: std::path::PathBuf,
    /// Whose orders they are; may be left out when there is one tenant.
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub tenant: Option<TenantId>,
    /// What the file holds: csv or jsonl [default: by its name].
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<OrderFormat>,
    /// Which of our columns a column of the file is, as THEIRS=OURS; THEIRS= leaves it out. May be given several times.
    #[arg(long = "map", value_name = "THEIRS=OURS", value_parser = mapping)]
    pub columns: Vec<(String, String)>,
    /// Where bad orders go [default: the file's name with .rejects before its ending].
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<std::path::PathBuf>,
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// How a file holds orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OrderFormat {
    /// A header, then a row for each line item, parted by commas, semicolons or tabs.
    Csv,
    /// An order a line.
    Jsonl,
}

/// `waybill export`.
#[derive(Clone, Debug, Subcommand)]
pub enum Export {
    /// Orders placed in a period, as an import reads them.
    #[command(after_help = EXPORT_EXAMPLES)]
    Orders(ExportFile),
    /// Shipments made in a period.
    #[command(after_help = EXPORT_EXAMPLES)]
    Shipments(ExportFile),
    /// What was quoted and billed for each shipment that was made in a period and booked.
    #[command(after_help = EXPORT_EXAMPLES)]
    Rates(ExportFile),
    /// Who did what and when, the latest first.
    #[command(
        after_help = "Examples:\n  waybill export acts acts.csv\n  waybill export acts march.jsonl --from 2026-03-01T00:00:00Z"
    )]
    Acts(ExportActs),
}

/// Where an export goes and whose it is.
#[derive(Clone, Debug, Args)]
pub struct ExportTarget {
    /// The file; - is the standard output.
    #[arg(value_name = "FILE")]
    pub file: std::path::PathBuf,
    /// Whose; may be left out when there is one tenant.
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub tenant: Option<TenantId>,
    /// How to write it: csv or jsonl [default: by the file's name].
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<OrderFormat>,
    /// Put the new file in the place of one that is there.
    #[arg(long)]
    pub overwrite: bool,
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
}

/// `waybill export orders`, and its like.
#[derive(Clone, Debug, Args)]
pub struct ExportFile {
    /// Where it goes.
    #[command(flatten)]
    pub target: ExportTarget,
    /// Only from this day or time on, such as 2026-03-01 or 2026-03-01T10:00:00Z; a day is one of the tenant's time zone.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<SentTime>,
    /// Only to the end of this day, or before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<SentTime>,
}

/// `waybill export acts`.
#[derive(Clone, Debug, Args)]
pub struct ExportActs {
    /// Where it goes.
    #[command(flatten)]
    pub target: ExportTarget,
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
}

fn time(text: &str) -> Result<SentTime, String> {
    text.parse().map_err(|error: domain::time::NotATime| error.to_string())
}

fn mapping(text: &str) -> Result<(String, String), String> {
    let (theirs, ours) = text.rsplit_once('=').ok_or("expected THEIRS=OURS, such as \"Order No=external_id\"")?;
    Ok((theirs.trim().to_owned(), ours.trim().to_owned()))
}
