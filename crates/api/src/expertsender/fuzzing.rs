//! The decoders of this dialect, for feeding them what no client would send.

use app::routing::Rules;
use app::tenants::TenantSetup;
use domain::channel::Dialect;
use domain::customer::CustomerBook;
use domain::ids::OrderId;
use domain::money::Currency;
use domain::order::{Order, OrderDetails};
use domain::tenant::{Mode, Tenant, TenantId};
use domain::time::Timestamp;
use jiff::tz::TimeZone;

use super::order::lay;
use super::{decode, encode};

/// A tenant without anything.
fn setup() -> Option<TenantSetup> {
    let tenant = Tenant {
        id: TenantId::new("acme")?,
        name: "Acme".to_owned(),
        currency: Currency::new("USD")?,
        time_zone: "UTC".to_owned(),
        mode: Mode::Test,
        default_weight: None,
        fallback_rate: None,
        customers: CustomerBook::default(),
        address_check: None,
        branding: None,
        notices: None,
    };
    Some(TenantSetup {
        tenant,
        zone: TimeZone::UTC,
        channels: Vec::new(),
        locations: Vec::new(),
        accounts: Vec::new(),
        rules: Rules::new(Vec::new()),
        endpoints: Vec::new(),
    })
}

/// Reads any orders, lays each over the one before, and writes what came of it.
pub(crate) fn orders(bytes: &[u8]) {
    let Some(batch) = setup().and_then(|setup| decode::orders(bytes, &setup).ok()) else { return };
    let mut laid = OrderDetails::default();
    for draft in batch.drafts {
        let Some(id) = OrderId::new(1) else { return };
        laid = lay(&laid, &draft.details);
        assert_eq!(lay(&laid, &draft.details), laid, "the same order again changes nothing");
        let order = Order {
            id,
            channel: Dialect::Expertsender.default_channel(),
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            modified_at: Timestamp::UNIX_EPOCH,
            cancelled_at: None,
            standing: domain::stage::Stage::Open,
            checked: None,
            details: laid.clone(),
        };
        drop(encode::order(&order, None, &[]).to_string());
    }
}

/// Reads any customers.
pub(crate) fn customers(bytes: &[u8]) {
    drop(setup().map(|setup| decode::customers(bytes, &setup)));
}

/// Reads any change of a status.
pub(crate) fn status(bytes: &[u8]) {
    drop(decode::status_change(bytes));
}
