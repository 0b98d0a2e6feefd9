//! An order as this dialect's clients read it.

use std::borrow::Cow;

use app::story::Story;
use app::tenants::TenantSetup;
use domain::channel::Dialect;
use domain::location::{Location, Promise};
use domain::money::Decimal;
use domain::order::{Order, RawJson};
use domain::shipment::{Shipment, ShipmentStatus};
use domain::time::Timestamp;
use domain::tracking::TrackingStatus;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::history::{self, Entry, moment_text, provider_name};
use super::kept::{Kept, Package, Window};
use super::statuses::Status;
use super::stores::KeptStore;
use crate::json::{self, Json};

mod parts;

pub(super) use parts::place;
pub use parts::{address, contact};
use parts::{contact_of, or_empty, place_of, size, weight, window};

/// An object of these members, in this order.
pub fn object(members: Vec<(&'static str, Json<'static>)>) -> Json<'static> {
    Json::Object(members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
}

/// Text, or null.
pub fn words(text: Option<impl Into<String>>) -> Json<'static> {
    text.map_or(Json::Null, |text| Json::from(text.into()))
}

/// A number, or null.
pub fn number(number: Option<impl Into<Json<'static>>>) -> Json<'static> {
    number.map_or(Json::Null, Into::into)
}

/// JSON that was kept as text.
fn raw(raw: Option<&RawJson>) -> Option<Json<'static>> {
    json::parse(raw?.as_str().as_bytes()).ok().map(|value| owned(&value))
}

/// The same value, owing nothing to anybody.
pub fn owned(value: &Json<'_>) -> Json<'static> {
    match value {
        Json::Null => Json::Null,
        Json::Bool(value) => Json::Bool(*value),
        Json::Number(digits) => Json::Number(Cow::Owned(digits.to_string())),
        Json::Text(text) => Json::Text(Cow::Owned(text.to_string())),
        Json::List(list) => Json::List(list.iter().map(owned).collect()),
        Json::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (Cow::Owned(name.to_string()), owned(value))).collect())
        }
    }
}

/// `2022-06-15T13:51:10.096Z`.
pub fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// What a client calls a location: as it called it itself, else by its alias here, else by its id.
pub fn location_name(order: &Order, location: Option<&Location>, setup: &TenantSetup) -> String {
    let Some(location) = location else { return order.details.ship_from.clone().unwrap_or_default() };
    let is_it = |name: &String| {
        let known = setup.location(Dialect::DeliverySolutions, name);
        known.is_some_and(|known| known.external_id == location.external_id)
    };
    let sent = Kept::in_details(&order.details).location.filter(is_it);
    sent.or_else(|| location.aliases.get(&Dialect::DeliverySolutions).cloned())
        .unwrap_or_else(|| location.external_id.clone())
}

/// The location that ships an order, or would.
pub fn location_of<'a>(story: &Story, setup: &'a TenantSetup) -> Option<&'a Location> {
    let shipped_from = story.booked().map(|shipment| &shipment.details.location);
    let id = shipped_from.or(story.order.details.ship_from.as_ref());
    let named = id.and_then(|id| setup.locations.iter().find(|known| known.external_id == *id));
    named.or_else(|| setup.locations.first())
}

/// An order and what is needed to show it.
pub struct View<'a> {
    /// What is stored.
    pub story: &'a Story,
    /// The tenant's set-up.
    pub setup: &'a TenantSetup,
    /// Where people reach this installation.
    pub public_url: &'a str,
    /// Where the label's bytes are, if there is one that may be printed.
    pub label_link: Option<String>,
    /// Whether windows of time show both ends, null when open.
    pub shows_both_ends: bool,
}

impl View<'_> {
    fn location(&self) -> Option<&Location> {
        location_of(self.story, self.setup)
    }

    /// The zone of the location.
    pub fn zone(&self) -> TimeZone {
        self.location().map_or_else(|| self.setup.zone.clone(), |location| self.setup.zone_of(location))
    }

    /// The shipment that a carrier took, cancelled since or not.
    pub fn assigned(&self) -> Option<&Shipment> {
        let was_booked = |one: &&Shipment| one.details.booked_at.is_some() && !one.details.is_given_up;
        self.story.booked().or_else(|| self.story.shipments.iter().rfind(was_booked))
    }

    /// The public page of the first parcel.
    pub fn tracking_url(&self) -> Option<String> {
        let parcel = self.assigned()?.parcels.first()?;
        Some(format!("{}/t/{}", self.public_url, parcel.tracking_token))
    }

    /// The whole order.
    pub fn order(&self) -> Json<'static> {
        self.order_in(history::status(self.story, self.setup))
    }

    /// The whole order in a status.
    pub fn order_in(&self, status: Status) -> Json<'static> {
        let (order, kept) = (&self.story.order, Kept::in_details(&self.story.order.details));
        let mut members = vec![
            ("id", Json::from(order.id.to_hex24(order.created_at))),
            ("tenantId", Json::from(self.setup.tenant.id.as_str().to_owned())),
            ("brandExternalId", Json::from(self.brand())),
            ("locationExternalId", Json::from(location_name(order, self.location(), self.setup))),
            ("orderExternalId", Json::from(external_id(order))),
            ("groupId", words(kept.group_id.clone())),
            ("status", Json::from(status.word())),
        ];
        members.extend(self.asked(&kept));
        members.extend(self.done());
        members.extend(self.times());
        members.push(("createdAt", Json::from(iso(order.created_at))));
        members.push(("lastUpdatedAt", Json::from(iso(self.story.changed_at()))));
        let warnings = self.warnings();
        if !warnings.is_empty() {
            members.push(("warnings", Json::List(warnings)));
        }
        object(members)
    }

    /// How couriers find what is to be picked up, as the location says.
    fn location_says(&self) -> Option<String> {
        KeptStore::of(self.location()?).pickup_instructions
    }

    fn brand(&self) -> String {
        let brand = self.location().and_then(|location| location.brand.clone());
        brand.unwrap_or_else(|| self.setup.tenant.id.as_str().to_owned())
    }

    /// What the client asked for.
    fn asked(&self, kept: &Kept) -> Vec<(&'static str, Json<'static>)> {
        let (order, details) = (&self.story.order, &self.story.order.details);
        let total = details.payment.total;
        let currency = total.map_or(self.setup.tenant.currency, |total| total.currency);
        let created = order.created_at.as_millisecond();
        let pickup = kept.pickup.unwrap_or(Window { starts_at: Some(created), ends_at: None });
        let promised = self.promise().and_then(|promise| end_of(promise.delivery?, &self.zone()));
        let delivery = kept.delivery.unwrap_or(Window { starts_at: None, ends_at: promised });
        let mut members = vec![
            ("orderValue", total.map_or(Decimal::ZERO, |total| total.amount).into()),
            ("currencyCode", Json::from(currency.to_string())),
            ("deliveryContact", contact(order)),
            ("deliveryAddress", address(order)),
            ("package", self.package(kept.packages.first())),
            ("itemList", Json::List(items(order, kept))),
            ("pickupTime", window(pickup, self.shows_both_ends)),
            ("deliveryTime", window(delivery, self.shows_both_ends || delivery == Window::default())),
            ("signature", Json::from(kept.signature.clone().unwrap_or_else(|| "not_required".to_owned()))),
            ("deliveryInstructions", words(details.notes.clone())),
            ("pickupInstructions", words(kept.pickup_instructions.clone().or_else(|| self.location_says()))),
            ("orderAttributes", raw(kept.attributes.as_ref()).unwrap_or(Json::Object(Vec::new()))),
            ("proposedProviders", raw(kept.proposed_providers.as_ref()).unwrap_or(Json::List(Vec::new()))),
        ];
        if kept.packages.len() > 1 {
            let packages = kept.packages.iter().map(|package| self.package(Some(package))).collect();
            members.push(("packages", Json::List(packages)));
        }
        if let Some(locale) = &kept.locale {
            members.push(("locale", Json::from(locale.clone())));
        }
        if let Some(placed_at) = details.placed_at.and_then(domain::SentTime::instant) {
            members.push(("createdDate", placed_at.as_millisecond().into()));
        }
        members
    }

    fn package(&self, package: Option<&Package>) -> Json<'static> {
        let measurement = self.story.order.details.delivery.as_ref().and_then(|delivery| delivery.measurement);
        let nothing = Package {
            size: measurement.and_then(|measured| measured.dimensions),
            weight: measurement.and_then(|measured| measured.weight),
            ..Package::default()
        };
        let package = package.unwrap_or(&nothing);
        let text = |text: &Option<String>, usual: &str| Json::from(text.clone().unwrap_or_else(|| usual.to_owned()));
        let mut members = vec![
            ("name", text(&package.name, "custom")),
            ("itemQuantity", package.item_quantity.unwrap_or(1).into()),
            ("description", text(&package.description, "")),
            ("temperatureControl", text(&package.temperature_control, "none")),
        ];
        members.extend(package.size.as_ref().map(|sides| ("size", size(sides))));
        members.extend(package.weight.as_ref().map(|heavy| ("weight", weight(heavy))));
        let parcel = self.assigned().and_then(|shipment| shipment.parcels.first());
        let printed = parcel.and_then(|parcel| parcel.sscc.clone().or_else(|| parcel.tracking_number.clone()));
        members.extend(package.barcode.clone().or(printed).map(|barcode| ("barcode", Json::from(barcode))));
        members.extend(package.quantity.map(|quantity| ("quantity", quantity.into())));
        members.extend(package.content.clone().map(|content| ("content", Json::from(content))));
        object(members)
    }

    /// What was done about it.
    fn done(&self) -> Vec<(&'static str, Json<'static>)> {
        let assigned = self.assigned();
        let rate = assigned.and_then(|shipment| shipment.details.rate.as_ref());
        let price = || number(rate.map(|rate| rate.total.amount));
        let location = self.location();
        let returns_to = object(vec![
            ("name", or_empty(location.map(|location| &location.name))),
            ("address", place_of(location)),
            ("contact", contact_of(location)),
        ]);
        let links = object(vec![
            ("trackingUrl", words(self.tracking_url())),
            ("qrcodeLink", Json::Null),
            ("barcodeLink", Json::Null),
            ("labelLink", words(self.label_link.clone())),
            ("hostedTrackingUrl", words(self.tracking_url())),
        ]);
        vec![
            ("pickupContact", contact_of(location)),
            ("pickupAddress", place_of(location)),
            ("provider", self.provider()),
            ("trackingId", words(assigned.and_then(|shipment| shipment.tracking_numbers().into_iter().next()))),
            ("referenceLinks", links),
            ("amount", price()),
            ("fee", price()),
            ("label", self.label()),
            ("attachments", Json::List(Vec::new())),
            ("vehicle", Json::Null),
            ("returnRequest", Json::Null),
            ("undeliverableOrderReturnLocation", returns_to),
            ("returnLocationId", words(location.map(|location| location.external_id.clone()))),
        ]
    }

    fn provider(&self) -> Json<'static> {
        let Some(shipment) = self.assigned() else {
            return object(vec![
                ("name", Json::from("")),
                ("displayName", Json::from("")),
                ("serviceId", Json::Null),
                ("serviceType", Json::Null),
                ("id", Json::from("")),
            ]);
        };
        let (service, name) = (&shipment.details.service, provider_name(self.setup, shipment));
        let profile = self.setup.account(&service.account).and_then(|account| account.profile);
        object(vec![
            ("displayName", Json::from(profile.map_or_else(|| name.clone(), |profile| profile.name.to_owned()))),
            ("name", Json::from(name)),
            ("serviceId", Json::from(service.service.clone())),
            ("serviceType", Json::from(shipment.details.service_name.clone())),
            ("id", Json::from(service.account.clone())),
        ])
    }

    fn label(&self) -> Json<'static> {
        let (Some(shipment), Some(link)) = (self.story.booked(), &self.label_link) else { return Json::Null };
        let kind = self.story.labels.first().map(|label| label.format.extension().to_ascii_uppercase());
        object(vec![
            ("trackingNumber", words(shipment.tracking_numbers().into_iter().next())),
            ("url", Json::from(link.clone())),
            ("code", Json::Null),
            ("file", Json::Null),
            ("fileType", words(kind)),
            ("qrCodeImage", Json::Null),
        ])
    }

    /// When the parcel leaves and should arrive, by the cut-offs of the location.
    pub fn promise(&self) -> Option<Promise> {
        let shipment = self.story.booked()?;
        let transit_days = shipment.details.rate.as_ref().and_then(|rate| rate.transit_days);
        let booked_at = shipment.details.booked_at.unwrap_or(shipment.created_at);
        Some(self.location()?.promise(booked_at, transit_days, &self.zone()))
    }

    fn times(&self) -> Vec<(&'static str, Json<'static>)> {
        let zone = self.zone();
        let promise = self.promise();
        let booked_at = self.story.booked().and_then(|shipment| shipment.details.booked_at);
        let leaves = promise.map(|promise| {
            let from = start_of(promise.hand_over, &zone);
            from.max(booked_at.map(Timestamp::as_millisecond))
        });
        let arrives = promise.and_then(|promise| end_of(promise.delivery?, &zone));
        let both = |starts_at, ends_at| window(Window { starts_at, ends_at }, true);
        let first = |is_it: fn(TrackingStatus) -> bool| {
            let found = self.story.tracking.iter().find(|event| is_it(event.report.status));
            number(found.map(|event| event.sort_at.as_millisecond()))
        };
        vec![
            ("estimatedPickupTime", both(leaves.flatten(), None)),
            ("estimatedDeliveryTime", both(None, arrives)),
            ("actualPickupTime", first(TrackingStatus::is_with_carrier)),
            ("actualDeliveryTime", first(|status| status == TrackingStatus::Delivered)),
        ]
    }

    fn warnings(&self) -> Vec<Json<'static>> {
        let warning = |kind: &'static str, message: String| {
            object(vec![("type", Json::from(kind)), ("message", Json::from(message))])
        };
        let mut warnings = Vec::new();
        let Some(shipment) = self.story.shipment() else { return warnings };
        let outdated = shipment.outdated(&self.story.order.details);
        if self.story.booked().is_some() && !outdated.is_empty() {
            let text = format!(
                "the label was bought with another {}: it is out of date. Edit with forceUpdate=true to void it and book \
                 anew, or confirm that it is to be printed all the same",
                outdated.join(" and ")
            );
            warnings.push(warning("LABEL_OUT_OF_DATE", text));
        }
        if shipment.status == ShipmentStatus::Cancelling || shipment.details.cancel_wanted && shipment.is_live() {
            let text = format!("cancellation was requested on {}", moment_text(shipment.modified_at, &self.zone()));
            warnings.push(warning("CANCELLATION_REQUESTED", text));
        }
        warnings.extend(shipment.details.warnings.iter().map(|text| warning("PROVIDER_WARNING", text.clone())));
        warnings
    }

    /// The status history.
    pub fn history(&self) -> Json<'static> {
        let zone = self.zone();
        let entries = history::of(self.story, self.setup);
        let order = &self.story.order;
        object(vec![
            ("orderId", Json::from(order.id.to_hex24(order.created_at))),
            ("tenantId", Json::from(self.setup.tenant.id.as_str().to_owned())),
            ("orderStatus", Json::List(entries.iter().map(|entry| step(entry, &zone)).collect())),
            ("trackingUrl", words(self.tracking_url())),
        ])
    }
}

/// The id of an order in its shop; ours when it has none.
pub fn external_id(order: &Order) -> String {
    order.details.external_id.clone().unwrap_or_else(|| order.id.number().to_string())
}

fn start_of(day: Date, zone: &TimeZone) -> Option<i64> {
    day.to_zoned(zone.clone()).ok().map(|start| start.timestamp().as_millisecond())
}

/// The day's last millisecond.
fn end_of(day: Date, zone: &TimeZone) -> Option<i64> {
    start_of(day.checked_add(1.day()).ok()?, zone).map(|next| next - 1)
}

fn items(order: &Order, kept: &Kept) -> Vec<Json<'static>> {
    let rest = |index: usize| kept.items.get(index).filter(|_| kept.items.len() == order.details.items.len());
    let item = |(index, item): (usize, &domain::order::LineItem)| {
        let rest = rest(index);
        let title = rest.and_then(|rest| rest.title.clone()).unwrap_or_else(|| item.name.clone());
        let mut members = vec![
            ("sku", words(item.sku.clone())),
            ("quantity", item.quantity.into()),
            ("price", number(item.unit_price.map(|price| price.amount))),
            ("salePrice", number(rest.and_then(|rest| rest.sale_price))),
            ("title", Json::from(title)),
        ];
        let measured = item.measurement;
        members.extend(measured.and_then(|measured| measured.dimensions).map(|sides| ("size", size(&sides))));
        members.extend(measured.and_then(|measured| measured.weight).map(|heavy| ("weight", weight(&heavy))));
        members.extend(item.image_url.clone().map(|image| ("image", Json::from(image))));
        object(members)
    };
    order.details.items.iter().enumerate().map(item).collect()
}

fn step(entry: &Entry, zone: &TimeZone) -> Json<'static> {
    let mut members = vec![
        ("status", Json::from(entry.status.word())),
        ("updatedAt", Json::from(moment_text(entry.at, zone))),
        ("updatedAtEpoch", entry.at.as_millisecond().into()),
        ("note", words(entry.note.clone())),
        ("statusUser", Json::from(entry.user.clone())),
    ];
    members.extend(entry.reason.as_ref().map(|why| ("eventReason", reason(why))));
    members.extend(entry.sub_status.map(|sub| ("subStatus", Json::from(sub))));
    object(members)
}

/// `eventReason`.
pub fn reason(reason: &history::Reason) -> Json<'static> {
    object(vec![
        ("code", Json::from(reason.code)),
        ("title", Json::from(reason.title)),
        ("note", Json::from(reason.note.clone())),
    ])
}
