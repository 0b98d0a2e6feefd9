//! Ids: one integer an entity, from 1 and below 2^53, in three spellings.
//!
//! * decimal (`664`), for dialects whose clients hold numbers;
//! * 24 hexadecimal digits, 8 of the creation second and 16 of the integer, for dialects whose clients expect an
//!   ObjectId;
//! * `ord_…`, `shp_…` in base 32 (Crockford's alphabet, lower case, no leading zero), in the native API.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The largest id: JavaScript reads every integer up to here exactly.
pub const MAX_ID: u64 = (1 << 53) - 1;

const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Prints `number` in Crockford's base 32, lower case, without leading zeros.
fn to_base32(mut number: u64) -> String {
    let mut digits = Vec::with_capacity(13);
    loop {
        digits.push(BASE32[(number % 32) as usize]);
        number /= 32;
        if number == 0 {
            break;
        }
    }
    digits.reverse();
    digits.into_iter().map(char::from).collect()
}

/// Reads what [`to_base32`] prints, and nothing else: no upper case, no leading zero, nothing above [`MAX_ID`].
fn from_base32(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 11 || text.starts_with('0') {
        return None;
    }
    text.bytes().try_fold(0_u64, |sum, byte| {
        let digit = BASE32.iter().position(|&known| known == byte)? as u64;
        sum.checked_mul(32)?.checked_add(digit)
    })
}

/// Prints the ObjectId-like spelling: 8 hexadecimal digits of the creation second, then 16 of the integer.
fn to_hex24(number: u64, created: Timestamp) -> String {
    format!("{:08x}{number:016x}", created.as_second() as u32)
}

/// Reads the ObjectId-like spelling into the integer and the low 32 bits of the creation second.
fn from_hex24(text: &str) -> Option<(u64, u32)> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 24 || !text.bytes().all(is_hex) {
        return None;
    }
    Some((u64::from_str_radix(&text[8..], 16).ok()?, u32::from_str_radix(&text[..8], 16).ok()?))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// The prefix of the native spelling.
            pub const PREFIX: &'static str = $prefix;

            /// The id with this number, if it lies between 1 and [`MAX_ID`].
            pub fn new(number: u64) -> Option<Self> {
                (1..=MAX_ID).contains(&number).then_some(Self(number))
            }

            /// The number itself, as the store keeps it.
            pub fn number(self) -> u64 {
                self.0
            }

            /// Reads the decimal spelling: digits only, no sign, no leading zero.
            pub fn from_decimal(text: &str) -> Option<Self> {
                let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
                if plain { text.parse().ok().and_then(Self::new) } else { None }
            }

            /// Prints the 24-digit hexadecimal spelling of an entity made at `created`.
            pub fn to_hex24(self, created: Timestamp) -> String {
                to_hex24(self.0, created)
            }

            /// Reads the 24-digit spelling; the second value is the creation second it claims, which must match
            /// the row's (see [`Self::is_hex24_of`]).
            pub fn from_hex24(text: &str) -> Option<(Self, u32)> {
                let (number, second) = from_hex24(text)?;
                Some((Self::new(number)?, second))
            }

            /// Whether `text` is this id's 24-digit spelling for an entity made at `created`: both parts match.
            pub fn is_hex24_of(self, text: &str, created: Timestamp) -> bool {
                self.to_hex24(created) == text
            }

            /// Reads the native spelling.
            pub fn from_native(text: &str) -> Option<Self> {
                let digits = text.strip_prefix($prefix)?.strip_prefix('_')?;
                from_base32(digits).and_then(Self::new)
            }
        }

        /// The native spelling.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, to_base32(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id!(
    /// Names an order.
    OrderId, "ord"
);
id!(
    /// Names a shipment.
    ShipmentId, "shp"
);
id!(
    /// Names a parcel.
    ParcelId, "pcl"
);
id!(
    /// Names a document.
    DocumentId, "doc"
);
id!(
    /// Names a tracking event.
    TrackingEventId, "trk"
);
id!(
    /// Names an event of ours; the same on every delivery and retry.
    EventId, "evt"
);
id!(
    /// Names a webhook endpoint.
    EndpointId, "hook"
);
id!(
    /// Names one delivery of one event to one endpoint.
    DeliveryId, "dlv"
);
id!(
    /// Names one e-mail to whoever waits for a parcel.
    NoticeId, "ntc"
);
id!(
    /// Names one line of an integration's log.
    LogId, "log"
);
id!(
    /// Names a customer.
    CustomerId, "cus"
);

id!(
    /// Names a closing list.
    ManifestId, "man"
);
id!(
    /// Names a collection.
    CollectionId, "col"
);
id!(
    /// Names a batch.
    BatchId, "bat"
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_spelling_reads_back_what_it_printed(number in 1..=MAX_ID, second in 0_i64..=u32::MAX.into()) {
            let id = OrderId::new(number).unwrap();
            let created = Timestamp::from_second(second).unwrap();
            prop_assert_eq!(OrderId::from_decimal(&id.number().to_string()), Some(id));
            prop_assert_eq!(OrderId::from_native(&id.to_string()), Some(id));
            let hex = id.to_hex24(created);
            prop_assert_eq!(OrderId::from_hex24(&hex), Some((id, second as u32)));
            prop_assert!(id.is_hex24_of(&hex, created));
        }

        #[test]
        fn reading_never_panics_and_accepts_one_spelling_only(text in "\\PC{0,30}") {
            if let Some(id) = OrderId::from_native(&text) {
                prop_assert_eq!(id.to_string(), text.clone());
            }
            if let Some(id) = OrderId::from_decimal(&text) {
                prop_assert_eq!(id.number().to_string(), text.clone());
            }
            if let Some((id, second)) = OrderId::from_hex24(&text) {
                prop_assert_eq!(id.to_hex24(Timestamp::from_second(second.into()).unwrap()), text);
            }
        }
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in ["", "0", "007", "-1", "+1", "9007199254740992", "99999999999999999999", " 1", "1 "] {
            assert_eq!(OrderId::from_decimal(text), None, "{text:?}");
        }
        for text in ["", "ord_", "ord_0", "ord_01", "ord_U", "ord_A", "shp_1", "ord1", "ord_zzzzzzzzzzzz"] {
            assert_eq!(OrderId::from_native(text), None, "{text:?}");
        }
        assert_eq!(OrderId::new(0), None);
        assert_eq!(OrderId::from_hex24("000000000000000000000000"), None);
        assert_eq!(OrderId::from_hex24("00000000000000000000000A"), None);
    }
}
