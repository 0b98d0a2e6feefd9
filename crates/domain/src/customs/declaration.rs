//! Declarations: what a customs form or a commercial invoice says of the goods in a parcel or a shipment.

use crate::address::Address;
use crate::address::check::is_country;
use crate::error::{Problem, Rule};
use crate::measure::Weight;
use crate::money::{Decimal, Money};
use crate::order::{LineItem, OrderDetails};
use crate::parcel::{Box as ParcelBox, Content};
use crate::pieces::Pieces;

use super::Customs;

/// A form that goes on a parcel to abroad (Universal Postal Union, Convention Manual).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomsForm {
    /// The short one: for letter post up to 2 kg and 300 special drawing rights.
    Cn22,
    /// The long one, for every parcel.
    Cn23,
}

/// What is declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// Who sends.
    pub sender: Address,
    /// Who receives.
    pub recipient: Address,
    /// What the shop calls the order.
    pub order_number: String,
    /// The carrier's number of each parcel.
    pub tracking_numbers: Vec<String>,
    /// The goods inside, and nothing else.
    pub lines: Vec<DeclaredLine>,
    /// What the goods are worth together; the sum of the lines.
    pub total: Money,
    /// Weight of the parcels, packing included.
    pub gross_weight: Weight,
    /// Whether somebody guessed that weight.
    pub weight_is_assumed: bool,
    /// Invoice number, purpose and tax numbers as the shop sent them.
    pub customs: Customs,
    /// The day of the paper, `YYYY-MM-DD`.
    pub day: String,
}

/// One kind of goods.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredLine {
    /// What it is, in words.
    pub description: String,
    /// Pieces inside.
    pub quantity: u64,
    /// What one is worth, if that was said or divides exactly.
    pub unit_value: Option<Money>,
    /// What all pieces inside are worth.
    pub value: Money,
    /// Net weight of all pieces inside, if the weight of one is known.
    pub net_weight: Option<Weight>,
    /// Harmonised System code as the shop sent it.
    pub hs_code: Option<String>,
    /// Country of origin, two letters.
    pub origin: Option<String>,
    /// What it is made of.
    pub material: Option<String>,
}

/// What a customs form to abroad needs and an order does not say, by field of the order: description, tariff code,
/// origin, value and weight of each article. Nothing is completed or invented.
pub fn missing(order: &OrderDetails) -> Vec<Problem> {
    let mut problems = Vec::new();
    if order.items.is_empty() {
        problems.push(Problem::of(
            Rule::Missing,
            "items",
            "customs wants to know what is inside: the order has no items",
        ));
    }
    for (index, item) in order.items.iter().enumerate() {
        let what = item.sku.as_deref().filter(|sku| !sku.is_empty()).unwrap_or(&item.name);
        let mut lacks = |field: &str, why: &str| {
            problems.push(Problem::of(Rule::Missing, format!("items/{index}/{field}"), format!("{what:?} {why}")));
        };
        if item.name.trim().is_empty() {
            lacks("name", "has no description");
        }
        match item.hs_code.as_deref().map(str::trim).filter(|code| !code.is_empty()) {
            None => lacks("hs_code", "has no tariff code (HS, 6 to 10 digits)"),
            Some(code) if !is_tariff_code(code) => {
                lacks("hs_code", &format!("has the tariff code {code:?}: expected are 6 to 10 digits"));
            }
            Some(_) => {}
        }
        match item.origin_country.as_deref().map(str::trim).filter(|code| !code.is_empty()) {
            None => lacks("origin_country", "has no country of origin"),
            Some(code) if !is_country(&code.to_ascii_uppercase()) => {
                lacks("origin_country", &format!("comes from {code:?}: expected is an ISO 3166-1 code of two letters"));
            }
            Some(_) => {}
        }
        if item.unit_price.or(item.total_price).is_none() {
            lacks("unit_price", "has no value");
        }
        if item.measurement.as_ref().and_then(|measurement| measurement.weight).is_none() {
            lacks("measurement/weight", "has no weight");
        }
    }
    if let Err(problem) = one_currency(order.items.iter().filter_map(|item| item.unit_price.or(item.total_price))) {
        problems.push(problem);
    }
    problems
}

/// 6 to 10 digits, which may be grouped by points or blanks.
fn is_tariff_code(code: &str) -> bool {
    let digits = code.chars().filter(char::is_ascii_digit).count();
    (6..=10).contains(&digits) && code.chars().all(|letter| letter.is_ascii_digit() || ". ".contains(letter))
}

/// Amounts can only be added in one currency, and none is converted without a rate.
fn one_currency(mut amounts: impl Iterator<Item = Money>) -> Result<(), Problem> {
    let Some(first) = amounts.next() else { return Ok(()) };
    match amounts.find(|amount| !amount.currency.is(first.currency)) {
        None => Ok(()),
        Some(other) => Err(Problem::new(
            "items",
            format!(
                "the articles are worth {} and {}: a customs paper adds up in one currency, and nothing is converted \
                 without a rate",
                first.currency, other.currency
            ),
        )),
    }
}

/// What is inside these boxes, of the order's lines; all of the order when nobody said what is in which box.
pub fn inside(order: &OrderDetails, boxes: &[&ParcelBox]) -> Vec<Content> {
    let said: Vec<_> = boxes.iter().flat_map(|parcel| &parcel.contents).collect();
    let lines = order.items.iter().enumerate();
    let pieces = lines.map(|(line, item)| {
        let quantity = if said.is_empty() {
            item.quantity
        } else {
            said.iter().filter(|content| content.line == line).map(|content| content.quantity).sum()
        };
        Content { line, quantity }
    });
    pieces.filter(|content| content.quantity > 0).collect()
}

/// Declares these pieces of an order, which come after others: so that the values of all parcels add up to those of the
/// order, the odd cents of a line's value fall to its last pieces. Problems are what [`missing`] says of the value; codes that are missing stay empty.
pub fn declared(
    order: &OrderDetails,
    contents: &[Content],
    before: &Pieces,
) -> Result<(Vec<DeclaredLine>, Money), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut lines = Vec::with_capacity(contents.len());
    for content in contents {
        let Some(item) = order.items.get(content.line) else { continue };
        match line(item, content.quantity, before.of_line(content.line)) {
            Some(line) => lines.push(line),
            None => problems.push(Problem::of(
                Rule::Missing,
                format!("items/{}/unit_price", content.line),
                format!("{:?} has no value that can be declared", item.name),
            )),
        }
    }
    problems.extend(one_currency(lines.iter().map(|line| line.value)).err());
    let Some(first) = lines.first() else {
        problems.push(Problem::of(Rule::Missing, "items", "there is nothing inside to declare"));
        return Err(problems);
    };
    let sum = lines.iter().try_fold(Decimal::ZERO, |sum, line| sum.checked_add(line.value.amount));
    match sum {
        Some(sum) if problems.is_empty() => {
            let total = Money::new(sum, first.value.currency);
            Ok((lines, total))
        }
        Some(_) => Err(problems),
        None => {
            problems.push(Problem::new("items", "the value of the goods is too large to be added up"));
            Err(problems)
        }
    }
}

/// What so many of a line's first pieces are worth together, rounded down in the unit its value is written in.
fn worth_of_first(total: Decimal, places: u32, pieces: u64, of: u64) -> Option<Decimal> {
    let unit = Decimal::from(10_u64.checked_pow(places)?);
    let share = total.checked_mul(unit)?.checked_mul(Decimal::from(pieces))?.checked_div(Decimal::from(of))?;
    share.trunc().checked_div(unit)
}

/// A line's pieces inside, and how many come before them: their own share of its value.
fn line(item: &LineItem, quantity: u64, before: u64) -> Option<DeclaredLine> {
    let pieces = Decimal::from(quantity);
    let (value, unit_value) = match (item.unit_price, item.total_price) {
        (Some(unit), _) => (Money::new(unit.amount.checked_mul(pieces)?, unit.currency), Some(unit)),
        (None, Some(total)) => {
            let all = Decimal::from(item.quantity.max(1));
            let places = total.amount.scale().max(2);
            let first = |count| worth_of_first(total.amount, places, count, item.quantity.max(1));
            let mut share = first(before.checked_add(quantity)?)?.checked_sub(first(before)?)?;
            share.rescale(places);
            let unit = total.amount.checked_div(all)?;
            let is_exact = unit.round_dp(places) == unit;
            (Money::new(share, total.currency), is_exact.then(|| Money::new(unit.normalize(), total.currency)))
        }
        (None, None) => return None,
    };
    let weight_of_one = item.measurement.as_ref().and_then(|measurement| measurement.weight?.to_weight());
    let net_weight =
        weight_of_one.and_then(|one| one.milligrams().checked_mul(quantity)).and_then(Weight::from_milligrams);
    let said = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    Some(DeclaredLine {
        description: item.name.clone(),
        quantity,
        unit_value,
        value,
        net_weight,
        hs_code: said(&item.hs_code),
        origin: said(&item.origin_country).map(|code| code.to_ascii_uppercase()),
        material: said(&item.material),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::{Measurement, Quantity, WeightUnit};
    use crate::money::Currency;

    fn eur(cents: i64) -> Money {
        Money::new(Decimal::new(cents, 2), Currency::new("EUR").unwrap())
    }

    fn item(name: &str, quantity: u64) -> LineItem {
        let weight = Quantity { value: Decimal::from(250), unit: WeightUnit::G };
        LineItem {
            name: name.into(),
            quantity,
            unit_price: Some(eur(1250)),
            measurement: Some(Measurement { weight: Some(weight), ..Measurement::default() }),
            hs_code: Some("6301.20".into()),
            origin_country: Some("pt".into()),
            ..LineItem::default()
        }
    }

    fn order(items: Vec<LineItem>) -> OrderDetails {
        OrderDetails { items, ..OrderDetails::default() }
    }

    #[test]
    fn what_is_missing_is_told_by_article_and_a_padded_code_stays_as_it_is() {
        assert_eq!(missing(&order(vec![item("Blanket", 1)])), []);
        let bare = LineItem { name: "Mug".into(), sku: Some("MUG-1".into()), quantity: 1, ..LineItem::default() };
        let odd = LineItem {
            hs_code: Some("63".into()),
            origin_country: Some("Portugal".into()),
            unit_price: Some(Money::new(Decimal::ONE, Currency::new("USD").unwrap())),
            ..item("Scarf", 1)
        };
        let told: Vec<_> = missing(&order(vec![item("Blanket", 1), bare, odd]))
            .into_iter()
            .map(|problem| format!("{}: {}", problem.path, problem.message))
            .collect();
        assert_eq!(
            told,
            [
                "items/1/hs_code: \"MUG-1\" has no tariff code (HS, 6 to 10 digits)",
                "items/1/origin_country: \"MUG-1\" has no country of origin",
                "items/1/unit_price: \"MUG-1\" has no value",
                "items/1/measurement/weight: \"MUG-1\" has no weight",
                "items/2/hs_code: \"Scarf\" has the tariff code \"63\": expected are 6 to 10 digits",
                "items/2/origin_country: \"Scarf\" comes from \"Portugal\": expected is an ISO 3166-1 code of two letters",
                "items: the articles are worth EUR and USD: a customs paper adds up in one currency, and nothing is \
                 converted without a rate",
            ]
        );
    }

    #[test]
    fn pieces_inside_are_declared_and_no_others() {
        let order = order(vec![item("Blanket", 3), item("Mug", 2)]);
        let boxed = |contents: &[(usize, u64)]| ParcelBox {
            weight: Weight::from_milligrams(1).unwrap(),
            weight_is_assumed: false,
            dimensions: None,
            contents: contents.iter().map(|&(line, quantity)| Content { line, quantity }).collect(),
            collect: None,
        };
        let (one, two) = (boxed(&[(0, 1)]), boxed(&[(0, 2), (1, 2)]));
        let worth =
            |boxes: &[&ParcelBox]| declared(&order, &inside(&order, boxes), &Pieces::default()).unwrap().1.to_string();
        assert_eq!(
            (worth(&[&one]), worth(&[&two]), worth(&[&one, &two])),
            ("12.50 EUR".into(), "50.00 EUR".into(), "62.50 EUR".into())
        );
        assert_eq!(worth(&[&boxed(&[])]), "62.50 EUR", "nobody said: everything");
    }

    #[test]
    fn d3_what_the_parcels_declare_adds_up_to_what_the_shipment_does() {
        let thing = LineItem { unit_price: None, total_price: Some(eur(1000)), ..item("Mug", 3) };
        let order = order(vec![thing]);
        let one = [Content { line: 0, quantity: 1 }];
        let mut before = Pieces::default();
        let worth: Vec<_> = (0..3)
            .map(|_| {
                let (_, total) = declared(&order, &one, &before).unwrap();
                before = Pieces::of(&order, &one).with(&before);
                total.to_string()
            })
            .collect();
        assert_eq!(worth, ["3.33 EUR", "3.33 EUR", "3.34 EUR"]);
        assert_eq!(declared(&order, &inside(&order, &[]), &Pieces::default()).unwrap().1.to_string(), "10.00 EUR");
    }

    proptest! {
        #[test]
        fn lines_add_up_to_the_total(pieces in prop::collection::vec((1..50_u64, 0..1_000_000_i64, any::<bool>()), 1..12)) {
            let items = pieces.iter().map(|&(quantity, cents, by_unit)| LineItem {
                unit_price: by_unit.then(|| eur(cents)),
                total_price: (!by_unit).then(|| eur(cents)),
                ..item("Thing", quantity)
            });
            let order = order(items.collect());
            let (lines, total) = declared(&order, &inside(&order, &[]), &Pieces::default()).unwrap();
            let sum: Decimal = lines.iter().map(|line| line.value.amount).sum();
            prop_assert_eq!(sum, total.amount);
            let sent: Decimal = pieces.iter().map(|&(quantity, cents, by_unit)| {
                Decimal::new(cents, 2) * if by_unit { Decimal::from(quantity) } else { Decimal::ONE }
            }).sum();
            prop_assert_eq!(sent, total.amount, "whole lines are worth what was sent");
        }
    }
}
