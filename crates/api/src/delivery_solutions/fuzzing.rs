//! The decoders of this dialect, for feeding them what no client would send.

use app::routing::Rules;
use app::tenants::TenantSetup;
use domain::ids::OrderId;
use domain::money::Currency;
use domain::order::Order;
use domain::tenant::{Mode, Tenant, TenantId};
use domain::time::Timestamp;
use jiff::tz::TimeZone;

use super::list::{ListQuery, Token};
use super::{decode, names};
use crate::json;

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
        customers: domain::customer::CustomerBook::default(),
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

/// Creates from any bytes, and lays the same bytes over what came of it.
pub(crate) fn order(bytes: &[u8]) {
    let (Some(setup), Ok(body)) = (setup(), json::parse(bytes)) else { return };
    let created = decode::create(&body, &setup).ok();
    let order = |details| -> Option<Order> {
        Some(Order {
            id: OrderId::new(1)?,
            channel: domain::channel::Dialect::DeliverySolutions.default_channel(),
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            modified_at: Timestamp::UNIX_EPOCH,
            cancelled_at: None,
            standing: domain::stage::Stage::Open,
            checked: None,
            details,
        })
    };
    if let Some(order) = order(created.unwrap_or_default()) {
        drop(decode::edit(&order, &body, &setup, true));
    }
}

/// Reads any bytes in the names of v2, and writes them in these names again.
pub(crate) fn v2(bytes: &[u8]) {
    if let Ok(body) = json::parse(bytes) {
        let read = names::from_v2(body);
        drop(setup().map(|setup| decode::create(&read, &setup)));
        drop(names::to_v2(read));
    }
}

/// What a list is asked for, and the tokens in it.
pub(crate) fn list(bytes: &[u8]) {
    let _ = Token::decode(&String::from_utf8_lossy(bytes));
    if let (Some(setup), Ok(body)) = (setup(), json::parse(bytes)) {
        drop(ListQuery::read(&body, &setup, Timestamp::UNIX_EPOCH));
    }
}
