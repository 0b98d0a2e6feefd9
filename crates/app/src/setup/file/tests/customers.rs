//! Stories of what a setup file says of customers.

use domain::customer::{Attribute, AttributeOf, Consent, CustomerBook, CustomerKey};

use super::mistakes::mistakes;
use super::{EXAMPLE, read_text};

/// The example with more of the tenant.
fn with(head: &str, tables: &str) -> String {
    EXAMPLE.replacen("time_zone", &format!("{head}time_zone"), 1) + tables
}

#[test]
fn a_tenant_says_how_it_keeps_its_customers() {
    let text = with(
        "customer_matching = \"crm_id\"\n",
        "[[tenant.consent]]\nid = 1\nname = \"Newsletter\"\ntype = \"Email\"\n\
         [[tenant.attribute]]\nid = 1\nof = \"order\"\nname = \"Shipping Method\"\n\
         [[tenant.attribute]]\nid = 1\nof = \"product\"\nname = \"Color\"\n",
    );
    let attribute = |of, name: &str| Attribute { id: 1, of, name: name.to_owned() };
    let book = CustomerBook {
        matching: CustomerKey::CrmId,
        consents: vec![Consent { id: 1, name: "Newsletter".to_owned(), kind: "Email".to_owned() }],
        attributes: vec![attribute(AttributeOf::Order, "Shipping Method"), attribute(AttributeOf::Product, "Color")],
    };
    assert_eq!(read_text(&text).unwrap().tenants[0].tenant.customers, book);
    assert_eq!(read_text(EXAMPLE).unwrap().tenants[0].tenant.customers, CustomerBook::default());
}

#[test]
fn what_is_wrong_with_customers_is_listed_with_its_place() {
    let text = with(
        "customer_matching = \"name\"\n",
        "[[tenant.consent]]\nid = 0\nname = \"Newsletter\"\n\
         [[tenant.attribute]]\nid = 2\nof = \"order\"\nname = \"A\"\n\
         [[tenant.attribute]]\nid = 2\nof = \"order\"\nname = \"B\"\n\
         [[tenant.attribute]]\nid = 3\nof = \"shop\"\nname = \"C\"\n",
    );
    insta::assert_snapshot!(mistakes(&text), @r#"
    tenant[acme].customer_matching · line 6: found "name", expected one of email, phone, crm_id
    tenant[acme].consent[0].type · line 51: missing, expected the channel it is for such as "Email"
    tenant[acme].consent[0].id · line 52: found 0, expected a whole number from 1 to 2147483647
    tenant[acme].attribute[2].id · line 59: found "2" again, expected it once only: it stands in line 55 already
    tenant[acme].attribute[3].of · line 64: found "shop", expected one of customer, product, order
    "#);
}
