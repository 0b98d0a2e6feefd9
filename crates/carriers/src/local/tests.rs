//! Stories about rate sheets, prices, bookings and codes.

mod bookings;
mod prices;
mod sheets;

use std::sync::Arc;

use domain::account::CarrierAccount;
use domain::connector::{Connection, Connector, Offer, Trace};
use domain::measure::{Dimensions, Length};
use domain::parcel::Box as ParcelBox;
use domain::{Problem, address::Address};

use super::{Local, sheet::Sheet};
use crate::conformance::{Specimen, boston, empty_account, parcel, rate_request};

/// The first line of a sheet with the contract's columns only.
const COLUMNS: &str = "service,zone,countries,postal_prefixes,min_weight_kg,max_weight_kg,price,currency,transit_days";

/// What the promises of every connector are tried on.
pub(crate) async fn specimen() -> Specimen {
    Specimen::alone(account())
}

/// The sample sheet on an account of the fleet "House".
pub(crate) fn account() -> CarrierAccount {
    account_with(include_str!("fixtures/rates.csv"), &[])
}

/// A sheet and further settings.
fn account_with(sheet: &str, settings: &[(&str, &str)]) -> CarrierAccount {
    let mut account = empty_account("local");
    account.files.insert("rate_sheet".to_owned(), sheet.to_owned());
    let settings = [("rate_sheet", "rates.csv"), ("sscc_prefix", "4012345")].iter().chain(settings);
    account.settings = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    account
}

fn connect(account: &CarrierAccount) -> Arc<dyn Connection> {
    Local.connect(account).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// What is wrong with a sheet.
fn mistakes(sheet: &str) -> String {
    Sheet::read(sheet, None).map_or_else(|problems| listed(&problems), |_| "nothing".to_owned())
}

/// Problems as people read them: path and message.
fn listed(problems: &[Problem]) -> String {
    folded(problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)))
}

/// Lines, folded at blanks.
fn folded(lines: impl IntoIterator<Item = String>) -> String {
    let fold = |line: String| {
        let (mut text, mut width) = (String::new(), 0);
        for word in line.split_inclusive(' ') {
            if width + word.chars().count() > 110 {
                text.truncate(text.trim_end().len());
                text.push_str("\n    ");
                width = 4;
            }
            width += word.chars().count();
            text.push_str(word);
        }
        text
    };
    lines.into_iter().map(fold).collect::<Vec<_>>().join("\n")
}

/// A recipient with nothing but what decides the place.
fn place(country: &str, postal_code: &str) -> Address {
    let postal_code = Some(postal_code.to_owned()).filter(|code| !code.is_empty());
    Address { country: Some(country.to_owned()), postal_code, ..boston() }
}

/// A box with sides in centimetres.
fn sized(kilograms: &str, sides: [u32; 3]) -> ParcelBox {
    let [length, width, height] = sides.map(|side| Length::from_centimetres(side.into()).unwrap());
    ParcelBox { dimensions: Some(Dimensions { length, width, height }), ..parcel(kilograms) }
}

async fn offer(account: &CarrierAccount, recipient: Address, parcels: Vec<ParcelBox>) -> Offer {
    connect(account).rates(&rate_request(recipient, parcels), &Trace::default()).await.unwrap()
}

/// An offer in words: `service total (parcels + surcharges) days; notes`, then what was left out and why.
fn words(offer: &Offer) -> String {
    let mut lines = Vec::new();
    for rate in &offer.rates {
        let parcels: Vec<_> = rate
            .parcels
            .iter()
            .map(|parcel| {
                let volume = if parcel.is_volumetric { " by volume" } else { "" };
                format!("{} for {}{volume}", parcel.price.amount, parcel.billed_weight.unwrap())
            })
            .collect();
        let mut line = format!("{} {}: {}", rate.service, rate.total, parcels.join(" + "));
        let extras = rate.surcharges.iter().map(|extra| format!(" + {} {}", extra.amount.amount, extra.name));
        line.extend(extras.chain(rate.transit_days.map(|days| format!(", {days} d"))));
        lines.push(line);
        lines.extend(rate.notes.iter().map(|note| format!("  {note}")));
    }
    lines.extend(offer.left_out.iter().map(|(code, reason)| format!("{code} left out: {reason}")));
    folded(lines)
}
