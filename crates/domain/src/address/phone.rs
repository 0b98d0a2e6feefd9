//! A phone number: stored once as typed, written in the form each service's published examples use.

/// How a service writes a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneForm {
    /// As the shop typed it.
    AsTyped,
    /// `+14045550100`: E.164, with its plus.
    E164,
    /// `14045550100` never, but `4045550100`: the ten digits of a North American number, else country code and number as
    /// digits only (`493055501000`).
    Digits,
    /// `+49 30 55501000`: international, with blanks.
    International,
}
