//! How a tenant keeps its customers.

use domain::customer::{Attribute, AttributeOf, Consent, CustomerBook, CustomerKey};

use super::reader::{Entry, Once, Section};
use super::tables::is_first;

/// The largest number a client reads.
const LARGEST: i64 = 2_147_483_647;

/// `customer_matching`, `[[tenant.consent]]` and `[[tenant.attribute]]`.
pub(super) fn book(tenant: &Section<'_>) -> CustomerBook {
    let matching = tenant.optional("customer_matching", "one of email, phone, crm_id");
    let matching =
        matching.and_then(|entry| entry.read(|word| CustomerKey::ALL.into_iter().find(|kind| kind.as_str() == word)));
    let mut once = Once::default();
    let consents = tenant.tables("consent", "id").into_iter().filter_map(|table| consent(table, &mut once)).collect();
    let mut once = [Once::default(), Once::default(), Once::default()];
    let attributes = tenant.tables("attribute", "id");
    let attributes = attributes.into_iter().filter_map(|table| attribute(table, &mut once)).collect();
    CustomerBook { matching: matching.unwrap_or_default(), consents, attributes }
}

fn number(section: &Section<'_>) -> Option<i64> {
    let entry = section.required("id", "a whole number from 1 to 2147483647")?;
    let id = entry.integer()?;
    let fits = (1..=LARGEST).contains(&id);
    if !fits {
        entry.refuse();
    }
    fits.then_some(id)
}

fn consent(section: Section<'_>, once: &mut Once) -> Option<Consent> {
    let id = number(&section).filter(|id| is_first(once, &id.to_string(), &section, "id"));
    let name = section.required("name", "text").and_then(Entry::id);
    let kind = section.required("type", "the channel it is for such as \"Email\"").and_then(Entry::id);
    section.close();
    Some(Consent { id: id?, name: name?, kind: kind? })
}

/// `once` holds the numbers of customers', products' and orders' attributes.
fn attribute(section: Section<'_>, once: &mut [Once; 3]) -> Option<Attribute> {
    let of = section.required("of", "one of customer, product, order").and_then(|entry| {
        entry.read(|word| match word {
            "customer" => Some(AttributeOf::Customer),
            "product" => Some(AttributeOf::Product),
            "order" => Some(AttributeOf::Order),
            _ => None,
        })
    });
    let id = number(&section);
    let id = id.filter(|id| of.is_none_or(|of| is_first(&mut once[of as usize], &id.to_string(), &section, "id")));
    let name = section.required("name", "text").and_then(Entry::id);
    section.close();
    Some(Attribute { id: id?, of: of?, name: name? })
}
