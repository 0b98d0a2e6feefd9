//! What an order says in this dialect and the canonical order cannot hold; kept beside it and echoed here only.

use app::shipments::{BoxWish, ShipWish};
use app::story::Story;
use domain::channel::Dialect;
use domain::measure::{Quantity, SentDimensions, WeightUnit};
use domain::money::Decimal;
use domain::order::{Order, OrderDetails, RawJson};
use domain::tracking::TrackingStatus;
use serde::{Deserialize, Serialize};

/// Everything that is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The location as the client named it.
    pub location: Option<String>,
    /// `groupId`.
    pub group_id: Option<String>,
    /// `signature`.
    pub signature: Option<String>,
    /// `locale`.
    pub locale: Option<String>,
    /// `pickupInstructions`.
    pub pickup_instructions: Option<String>,
    /// `orderAttributes`, an object.
    pub attributes: Option<RawJson>,
    /// `proposedProviders`, a list.
    pub proposed_providers: Option<RawJson>,
    /// `pickupTime`.
    pub pickup: Option<Window>,
    /// `deliveryTime`.
    pub delivery: Option<Window>,
    /// `street2` and `apartmentNumber`, which are one line elsewhere.
    pub second_line: Option<SecondLine>,
    /// `latitude` and `longitude`.
    pub position: Option<(Decimal, Decimal)>,
    /// The boxes.
    pub packages: Vec<Package>,
    /// What each item says besides, in the order of the items.
    pub items: Vec<ItemRest>,
}

/// From when to when, in milliseconds since 1970; either may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// `startsAt`.
    pub starts_at: Option<i64>,
    /// `endsAt`.
    pub ends_at: Option<i64>,
}

/// The second line of an address in its two parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecondLine {
    /// `street2`.
    pub street2: String,
    /// `apartmentNumber`.
    pub apartment: String,
}

impl SecondLine {
    /// Both in one line, as a label shows it.
    pub fn line(&self) -> Option<String> {
        let parts: Vec<_> =
            [self.street2.as_str(), self.apartment.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// A box, or several equal ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Package {
    /// `custom` or a configured name.
    pub name: Option<String>,
    /// Sides as sent.
    pub size: Option<SentDimensions>,
    /// Weight as sent.
    pub weight: Option<Quantity<WeightUnit>>,
    /// Pieces inside.
    pub item_quantity: Option<i64>,
    /// How many such boxes; one when missing.
    pub quantity: Option<i64>,
    /// What it is.
    pub description: Option<String>,
    /// `none`, `refrigerated`, …
    pub temperature_control: Option<String>,
    /// Printed on the box.
    pub barcode: Option<String>,
    /// `alcohol`, …
    pub content: Option<Vec<String>>,
}

/// What an item says besides the canonical line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemRest {
    /// `title`, when it is not the line's name.
    pub title: Option<String>,
    /// `salePrice`.
    pub sale_price: Option<Decimal>,
}

impl Kept {
    /// What an order carries.
    pub fn in_details(details: &OrderDetails) -> Self {
        let kept = details.extra.get(&Dialect::DeliverySolutions);
        kept.and_then(|raw| serde_json::from_str(raw.as_str()).ok()).unwrap_or_default()
    }

    /// Puts it where the order carries it.
    pub fn keep_in(&self, details: &mut OrderDetails) {
        if let Some(raw) = serde_json::to_string(self).ok().and_then(RawJson::new) {
            details.extra.insert(Dialect::DeliverySolutions, raw);
        }
    }
}

/// How an order is shipped from here: the boxes it names, else one.
pub fn wish(order: &Order) -> ShipWish {
    wish_of(&order.details)
}

/// How an order is shipped again: one whose parcel was lost is sent once more for each loss.
pub fn wish_again(story: &Story) -> ShipWish {
    let lost = story.booked().filter(|shipment| shipment.tracking() == TrackingStatus::Lost);
    ShipWish { further_because: lost.map(|shipment| format!("{} is lost", shipment.id)), ..wish(&story.order) }
}

/// The same before there is an order.
pub fn wish_of(details: &OrderDetails) -> ShipWish {
    let kept = Kept::in_details(details);
    let mut parcels = Vec::new();
    for package in &kept.packages {
        let one = BoxWish {
            weight: package.weight.and_then(Quantity::to_weight),
            dimensions: package.size.and_then(SentDimensions::to_dimensions),
            contents: Vec::new(),
        };
        let count = usize::try_from(package.quantity.unwrap_or(1)).unwrap_or(1);
        parcels.extend(std::iter::repeat_n(one, count));
    }
    // What weighs the whole order may be said of its items only.
    if parcels.len() == 1 && parcels[0].weight.is_none() && parcels[0].dimensions.is_none() {
        parcels.clear();
    }
    ShipWish { parcels, turns_on_silence: true, ..ShipWish::default() }
}
