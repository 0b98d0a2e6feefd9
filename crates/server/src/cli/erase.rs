//! `waybill erase`.

use clap::Args;
use domain::tenant::TenantId;

use super::{Place, tenant};

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
