//! A customer: a person a tenant sells to, as orders and shops tell of them; kept in the tenant's customer book.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::CustomerId;
use crate::time::Timestamp;

/// By what two mentions of a customer are known to be of the same one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerKey {
    /// The e-mail address, letter case aside.
    #[default]
    Email,
    /// The phone number, as typed.
    Phone,
    /// The id in the shop's own customer management, as typed.
    CrmId,
}

impl CustomerKey {
    /// Every kind of key.
    pub const ALL: [Self; 3] = [Self::Email, Self::Phone, Self::CrmId];

    /// The name in setup files and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::CrmId => "crm_id",
        }
    }

    /// The key of this kind with this text, as it is compared; `None` for a text that is no key.
    pub fn of(self, text: &str) -> Option<String> {
        let text = text.trim();
        let key = match self {
            Self::Email => text.chars().flat_map(char::to_lowercase).collect(),
            Self::Phone | Self::CrmId => text.to_owned(),
        };
        (!key.is_empty() && key.len() <= LONGEST_KEY && !key.contains('\0')).then_some(key)
    }
}

/// Bytes of a key at most; a database cannot index longer ones.
const LONGEST_KEY: usize = 2_000;

/// A stored customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Our id.
    pub id: CustomerId,
    /// When we first heard of them.
    pub created_at: Timestamp,
    /// When we last changed something.
    pub modified_at: Timestamp,
    /// What was said of them.
    pub details: CustomerDetails,
}

/// What is said of a customer; what nobody said is `None` or not listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerDetails {
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The id in the shop's own customer management.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crm_id: Option<String>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The shop's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// As sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<String>,
    /// Attributes of the shop: name → value, which may be missing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Option<String>>,
    /// What the customer agreed to: the consent's id → the shop's own word for yes, no or not yet.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub consents: BTreeMap<String, String>,
}

impl CustomerDetails {
    /// The key of a kind, as it is compared; `None` when it is missing.
    pub fn key(&self, kind: CustomerKey) -> Option<String> {
        let text = match kind {
            CustomerKey::Email => &self.email,
            CustomerKey::Phone => &self.phone,
            CustomerKey::CrmId => &self.crm_id,
        };
        text.as_deref().and_then(|text| kind.of(text))
    }

    /// Lays what is said now over what was said before. What is not said now stays.
    pub fn lay(&mut self, said: &Self) {
        let pairs = [
            (&mut self.email, &said.email),
            (&mut self.phone, &said.phone),
            (&mut self.crm_id, &said.crm_id),
            (&mut self.first_name, &said.first_name),
            (&mut self.last_name, &said.last_name),
            (&mut self.gender, &said.gender),
            (&mut self.date_of_birth, &said.date_of_birth),
        ];
        for (known, now) in pairs {
            if now.is_some() {
                known.clone_from(now);
            }
        }
        self.attributes.extend(said.attributes.iter().map(|(name, value)| (name.clone(), value.clone())));
        self.consents.extend(said.consents.iter().map(|(id, value)| (id.clone(), value.clone())));
    }
}

/// How a tenant keeps its customer book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerBook {
    /// By what a customer is known, unless a request says otherwise.
    pub matching: CustomerKey,
    /// What customers may be asked to agree to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Consent>,
    /// The attributes that clients may offer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
}

/// Something customers may agree to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The number clients know it by.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// The channel it is for, in the tenant's own word: `Email`, `Sms`.
    pub kind: String,
}

/// An attribute that customers, products or orders may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// The number clients know it by.
    pub id: i64,
    /// Whose it is.
    pub of: AttributeOf,
    /// Its name.
    pub name: String,
}

/// Whose an attribute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeOf {
    /// A customer's.
    Customer,
    /// A product's, in an order.
    Product,
    /// An order's.
    Order,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_now_goes_over_what_was_said_before_and_the_rest_stays() {
        let mut known = CustomerDetails {
            email: Some("a@example.com".to_owned()),
            first_name: Some("Ann".to_owned()),
            consents: BTreeMap::from([("1".to_owned(), "True".to_owned()), ("2".to_owned(), "False".to_owned())]),
            ..CustomerDetails::default()
        };
        known.lay(&CustomerDetails {
            phone: Some("+1 202 555 0100".to_owned()),
            consents: BTreeMap::from([("2".to_owned(), "True".to_owned())]),
            ..CustomerDetails::default()
        });
        let json = serde_json::to_string(&known).unwrap();
        assert_eq!(
            json,
            r#"{"email":"a@example.com","phone":"+1 202 555 0100","first_name":"Ann","consents":{"1":"True","2":"True"}}"#
        );
    }

    #[test]
    fn an_email_address_is_compared_letter_case_aside_and_nothing_is_no_key() {
        assert_eq!(CustomerKey::Email.of(" Ann@Example.COM ").as_deref(), Some("ann@example.com"));
        assert_eq!(CustomerKey::CrmId.of("A1").as_deref(), Some("A1"));
        for text in ["", "  ", "a\0", &"x".repeat(2_001)] {
            assert_eq!(CustomerKey::Phone.of(text), None, "{text:?}");
        }
    }
}
