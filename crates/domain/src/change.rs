//! A change: what about an order is another now, with what it was before, for those who are told of both.

use serde::{Deserialize, Serialize};

use crate::address::{Address, AddressStatus};
use crate::order::OrderDetails;
use crate::stage::Stage;
use crate::time::SentTime;

/// One thing about an order that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Change {
    /// When it should be handed over.
    SendDate {
        /// The value before.
        old: Option<SentTime>,
        /// The value after.
        new: Option<SentTime>,
    },
    /// The client's id of the carrier account.
    Contract {
        /// The value before.
        old: Option<String>,
        /// The value after.
        new: Option<String>,
    },
    /// Where it goes.
    ShippingAddress {
        /// The value before.
        old: Option<Box<Address>>,
        /// The value after.
        new: Option<Box<Address>>,
    },
    /// Where a client says that it stands.
    Standing {
        /// The value before.
        old: Stage,
        /// The value after.
        new: Stage,
    },
    /// How its shipping address stands.
    AddressStatus {
        /// The value before.
        old: AddressStatus,
        /// The value after.
        new: AddressStatus,
    },
}

impl Change {
    /// What the details of an order tell that they did not tell before.
    pub fn between(old: &OrderDetails, new: &OrderDetails) -> Vec<Self> {
        let mut changes = Vec::new();
        if old.send_date != new.send_date {
            changes.push(Self::SendDate { old: old.send_date, new: new.send_date });
        }
        if old.contract() != new.contract() {
            let owned = |contract: Option<&str>| contract.map(str::to_owned);
            changes.push(Self::Contract { old: owned(old.contract()), new: owned(new.contract()) });
        }
        if old.shipping_address != new.shipping_address {
            let boxed = |address: &Option<Address>| address.clone().map(Box::new);
            changes
                .push(Self::ShippingAddress { old: boxed(&old.shipping_address), new: boxed(&new.shipping_address) });
        }
        changes
    }
}
