//! A row of an order, ready to be written, and the statements that write it.

use domain::channel::ChannelNumber;
use domain::ids::OrderId;
use domain::order::OrderDetails;
use domain::stage::Stage;
use domain::tenant::TenantId;
use domain::{Result, Timestamp};
use jiff::tz::TimeZone;

use crate::codec::{key, to_json};
use crate::searched::{self, Searched};
use crate::{Value, params};

/// An order ready to be written: everything that needs no transaction is done.
#[derive(Clone, Debug)]
pub struct OrderRow {
    /// The id it gets if it is new.
    pub id: OrderId,
    /// Where it came from.
    pub channel: ChannelNumber,
    pub(super) external_id: Option<String>,
    pub(super) external_id_key: String,
    number_key: String,
    status_key: String,
    placed_at: Timestamp,
    changed_at: Timestamp,
    now: Timestamp,
    pub(super) body: String,
    pub(super) searched: Searched,
    pub(super) standing: Option<Stage>,
}

impl OrderRow {
    /// Writes the body and the search columns. `zone` is where a zoneless time of the shop is read for sorting.
    pub fn new(
        id: OrderId,
        channel: ChannelNumber,
        details: &OrderDetails,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Self> {
        let folded = |text: Option<&str>| text.map(key).unwrap_or_default();
        let placed_at = details.placed_at.map_or(now, |sent| sent.instant_in(zone));
        Ok(Self {
            id,
            channel,
            external_id: details.external_id.clone(),
            external_id_key: folded(details.external_id.as_deref()),
            number_key: folded(details.number.as_deref()),
            status_key: folded(details.shop_status.as_ref().map(|status| status.code.as_str())),
            placed_at,
            changed_at: details.changed_at.map_or(placed_at, |sent| sent.instant_in(zone)),
            now,
            body: to_json(details)?,
            searched: Searched::of(details),
            standing: None,
        })
    }

    /// The same order, of which the client says where it stands.
    #[must_use]
    pub fn standing(self, standing: Option<Stage>) -> Self {
        Self { standing, ..self }
    }

    /// The shop's own id and how it is searched for.
    pub(crate) fn external_ids(&self) -> (Option<&str>, &str) {
        (self.external_id.as_deref(), &self.external_id_key)
    }

    /// What a change sets after its keys: what is sorted and searched by, when, and the body.
    pub(super) fn change(&self) -> Vec<Value> {
        let mut change = params![
            self.number_key.as_str(),
            self.status_key.as_str(),
            self.placed_at,
            self.changed_at,
            self.now,
            self.body.as_str(),
            self.standing.map(Stage::as_str)
        ]
        .to_vec();
        change.extend_from_slice(self.searched.params());
        change
    }

    /// A new row's values, as every statement that adds one lists them.
    pub(super) fn params(&self, tenant: &TenantId) -> Vec<Value> {
        let standing = self.standing.unwrap_or(Stage::Open).as_str();
        let mut params = params![
            tenant.as_str(),
            self.id.number(),
            self.channel.0,
            self.external_id.as_deref(),
            self.external_id_key.as_str(),
            self.number_key.as_str(),
            self.status_key.as_str(),
            self.placed_at,
            self.changed_at,
            self.now,
            self.now,
            1,
            0,
            self.body.as_str(),
            standing
        ]
        .to_vec();
        params.extend_from_slice(self.searched.params());
        params
    }
}

/// What a new row is made of, in the order of [`OrderRow::params`].
const NEW: [&str; 15] = [
    "tenant_id",
    "id",
    "channel",
    "external_id",
    "external_id_key",
    "number_key",
    "status_key",
    "placed_at",
    "changed_at",
    "created_at",
    "modified_at",
    "version",
    "is_deleted",
    "body",
    "standing",
];

/// Every column of a new row.
pub(super) fn new_columns() -> Vec<&'static str> {
    NEW.iter().chain(&searched::COLUMNS).copied().collect()
}

/// `set …` of a change whose parameters after the first `keys` are those of [`OrderRow::change`].
pub(super) fn set(keys: usize) -> String {
    let mut parts = vec!["version = version + 1".to_owned()];
    let columns = ["number_key", "status_key", "placed_at", "changed_at", "modified_at", "body"];
    parts.extend(columns.iter().enumerate().map(|(n, column)| format!("{column} = ${}", keys + n + 1)));
    parts.push(format!("standing = coalesce(cast(${} as text), standing)", keys + 7));
    parts.extend(searched::COLUMNS.iter().enumerate().map(|(n, column)| format!("{column} = ${}", keys + n + 8)));
    format!("set {}", parts.join(", "))
}

/// Whether a change changes anything: another body, or another standing said.
pub(super) fn differs(keys: usize) -> String {
    format!("(body <> ${} or standing <> coalesce(cast(${} as text), standing))", keys + 6, keys + 7)
}
