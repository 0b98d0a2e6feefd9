//! A geocoder over HTTP, in the shape of Nominatim (`/search`) or Photon (`/api`): asked at a measured pace, and never twice
//! about the same address while its answer is remembered.
//!
//! Sources: nominatim.org/release-docs, "Search queries" and "Output formats"; photon's README, "Search API".

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::address::check::{AddressChecker, CheckedBy, FieldReason, Finding, Looking, check};
use domain::address::{Address, AddressStatus, writes_number_first};
use domain::error::CarrierError;
use domain::tenant::{GeocoderApi, GeocoderSetup};
use futures::StreamExt as _;
use reqwest::Url;
use serde::Deserialize;
use tokio::time::Instant;

use crate::{App, guard};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long somebody may wait for their turn.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The largest answer that is read, in bytes.
const MOST_BYTES: usize = 256 * 1024;
/// Answers that are remembered at most.
const MOST_REMEMBERED: usize = 10_000;

/// What this process knows of geocoders.
#[derive(Default)]
pub(crate) struct Geocoders {
    remembered: Mutex<HashMap<String, Option<Place>>>,
    /// When each may be asked again.
    turns: Mutex<HashMap<String, Instant>>,
}

impl Geocoders {
    /// Forgets every answer: addresses are what was asked.
    pub(crate) fn forget(&self) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A place as a geocoder describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    street: Option<String>,
    house_number: Option<String>,
    postal_code: Option<String>,
    /// The city first, then what else the place may go by.
    towns: Vec<String>,
    latitude: Option<String>,
    longitude: Option<String>,
}

/// One geocoder.
pub(crate) struct Geocoder<'a> {
    pub(crate) app: &'a App,
    pub(crate) setup: &'a GeocoderSetup,
}

fn unavailable(message: impl Into<String>, retry_after: Option<u64>) -> CarrierError {
    CarrierError::busy(message, retry_after)
}

impl AddressChecker for Geocoder<'_> {
    fn check<'a>(&'a self, address: &'a Address) -> Looking<'a> {
        Box::pin(async move {
            let by_rules = check(address);
            // What cannot be right need not be looked for.
            if by_rules.status == AddressStatus::Failed {
                return Ok(by_rules);
            }
            let wanted = by_rules.proposal.unwrap_or_else(|| address.clone());
            let place = self.find(&wanted).await?;
            Ok(judge(address, &wanted, place.as_ref()))
        })
    }
}

impl Geocoder<'_> {
    fn url(&self, address: &Address) -> Result<Url, CarrierError> {
        let unusable = |why: String| CarrierError::Unsupported(format!("the geocoder's URL: {why}"));
        let mut url: Url = self.setup.url.parse().map_err(|error| unusable(format!("{error}")))?;
        if let Some(why) = guard::refusal(&url, self.app.options().allow_private_webhooks) {
            return Err(unusable(why));
        }
        let path = match self.setup.api {
            GeocoderApi::Nominatim => "search",
            GeocoderApi::Photon => "api",
        };
        let segments = url.path_segments_mut();
        segments.map_err(|()| unusable("it has no path".to_owned()))?.pop_if_empty().push(path);
        let mut query = url.query_pairs_mut();
        match self.setup.api {
            GeocoderApi::Nominatim => {
                query.extend_pairs([("format", "jsonv2"), ("addressdetails", "1"), ("limit", "1")]);
                let country = address.country_code().map(|code| code.to_ascii_lowercase());
                let fields = [
                    ("street", address.street_line()),
                    ("city", address.city.clone()),
                    ("postalcode", address.postal_code.clone()),
                    ("countrycodes", country),
                ];
                query.extend_pairs(fields.into_iter().filter_map(|(name, value)| Some((name, value?))));
            }
            GeocoderApi::Photon => {
                let country = address.country_code().unwrap_or_default();
                query.extend_pairs([("limit", "1"), ("q", &format!("{}, {country}", address.one_line()))]);
            }
        }
        drop(query);
        Ok(url)
    }

    /// Waits for this geocoder's next turn.
    async fn turn(&self) -> Result<(), CarrierError> {
        let pace = Duration::from_secs(1) / self.setup.requests_per_second.max(1);
        let at = {
            let mut turns = self.app.geocoders().turns.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let next = turns.get(&self.setup.url).copied().unwrap_or(now).max(now);
            if next - now > LONGEST_WAIT {
                return Err(unavailable("too many addresses wait to be looked at", Some(LONGEST_WAIT.as_secs())));
            }
            turns.insert(self.setup.url.clone(), next + pace);
            next
        };
        tokio::time::sleep_until(at).await;
        Ok(())
    }

    /// The place that fits an address best; `None` when there is none.
    async fn find(&self, address: &Address) -> Result<Option<Place>, CarrierError> {
        let url = self.url(address)?;
        let known = &self.app.geocoders().remembered;
        let remembered = known.lock().unwrap_or_else(PoisonError::into_inner).get(url.as_str()).cloned();
        if let Some(place) = remembered {
            return Ok(place);
        }
        self.turn().await?;
        let key = url.as_str().to_owned();
        let answer = self.app.parts().http.get(url).timeout(TIMEOUT).send().await;
        // What stands in the URL is somebody's address, which no log needs.
        let answer = answer.map_err(|error| unavailable(format!("the geocoder: {}", error.without_url()), None))?;
        let status = answer.status();
        let header = answer.headers().get(reqwest::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = header.and_then(|seconds| seconds.parse().ok());
        match status.as_u16() {
            200 => {}
            429 | 500..=599 => return Err(unavailable(format!("the geocoder answers {status}"), retry_after)),
            401 | 403 => return Err(CarrierError::Credentials(format!("the geocoder answers {status}"))),
            _ => return Err(CarrierError::Unreadable(format!("the geocoder answers {status}"))),
        }
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| unavailable(format!("the geocoder: {}", error.without_url()), None))?;
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(CarrierError::Unreadable(format!(
                    "the geocoder's answer has more than {MOST_BYTES} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        let place = match self.setup.api {
            GeocoderApi::Nominatim => read_nominatim(&body),
            GeocoderApi::Photon => read_photon(&body),
        };
        let place = place.map_err(|error| CarrierError::Unreadable(format!("the geocoder's answer: {error}")))?;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(key, place.clone());
        Ok(place)
    }
}

/// An entry of Nominatim's list.
#[derive(Deserialize)]
struct NominatimEntry {
    lat: Option<String>,
    lon: Option<String>,
    #[serde(default)]
    address: HashMap<String, String>,
}

fn read_nominatim(body: &[u8]) -> serde_json::Result<Option<Place>> {
    const STREETS: [&str; 4] = ["road", "pedestrian", "square", "place"];
    const TOWNS: [&str; 7] = ["city", "town", "village", "municipality", "hamlet", "suburb", "city_district"];
    let entries: Vec<NominatimEntry> = serde_json::from_slice(body)?;
    Ok(entries.into_iter().next().map(|entry| {
        let field = |name: &str| entry.address.get(name).cloned();
        Place {
            street: STREETS.iter().find_map(|name| field(name)),
            house_number: field("house_number"),
            postal_code: field("postcode"),
            towns: TOWNS.iter().filter_map(|name| field(name)).collect(),
            latitude: entry.lat.clone(),
            longitude: entry.lon.clone(),
        }
    }))
}

/// Photon's GeoJSON.
#[derive(Deserialize)]
struct PhotonAnswer {
    features: Vec<PhotonFeature>,
}

#[derive(Deserialize)]
struct PhotonFeature {
    properties: PhotonProperties,
    geometry: Option<PhotonGeometry>,
}

#[derive(Deserialize)]
struct PhotonProperties {
    street: Option<String>,
    housenumber: Option<String>,
    postcode: Option<String>,
    city: Option<String>,
    locality: Option<String>,
    district: Option<String>,
    /// The street itself, when it and no house was found.
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct PhotonGeometry {
    /// Longitude, latitude.
    coordinates: Vec<serde_json::Number>,
}

fn read_photon(body: &[u8]) -> serde_json::Result<Option<Place>> {
    let answer: PhotonAnswer = serde_json::from_slice(body)?;
    Ok(answer.features.into_iter().next().map(|feature| {
        let found = feature.properties;
        let coordinate = |place: usize| Some(feature.geometry.as_ref()?.coordinates.get(place)?.to_string());
        let is_street = found.kind.as_deref() == Some("street");
        Place {
            street: found.street.or(found.name.filter(|_| is_street)),
            house_number: found.housenumber,
            postal_code: found.postcode,
            towns: [found.city, found.locality, found.district].into_iter().flatten().collect(),
            latitude: coordinate(1),
            longitude: coordinate(0),
        }
    }))
}

/// The words of a text as they are compared: case aside, usual endings of streets shortened.
fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase().replace("straße", "str").replace("strasse", "str").replace('ß', "ss");
    let words = lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let short = |word: &str| match word {
        "street" => "st".to_owned(),
        "avenue" => "ave".to_owned(),
        "road" => "rd".to_owned(),
        "boulevard" => "blvd".to_owned(),
        "drive" => "dr".to_owned(),
        "lane" => "ln".to_owned(),
        word => word.to_owned(),
    };
    words.map(short).collect()
}

fn is_same(one: &str, other: &str) -> bool {
    words(one).concat() == words(other).concat()
}

/// What a place says about an address: `typed` as the shop wrote it, `wanted` as the country would write it.
fn judge(typed: &Address, wanted: &Address, place: Option<&Place>) -> Finding {
    let failed = |field: &str, message: &str| Finding {
        status: AddressStatus::Failed,
        by: CheckedBy::Geocoder,
        proposal: None,
        reasons: vec![FieldReason { field: field.to_owned(), message: message.to_owned() }],
        latitude: None,
        longitude: None,
    };
    let Some(place) = place else { return failed("street1", "no such address was found") };
    let line = wanted.street_line().unwrap_or_default();
    let mut proposal = wanted.clone();
    let street = words(place.street.as_deref().unwrap_or_default());
    let number = words(place.house_number.as_deref().unwrap_or_default());
    let typed_words = words(&line);
    // Blanks are not compared: "Main St 12a" and "Main St 12 a" are one house.
    let has_street = typed_words.concat().contains(&street.concat());
    let rest: String = typed_words.concat().replacen(&street.concat(), "", 1);
    let has_number = place.house_number.is_some() && rest.contains(&number.concat());
    let wants_number = rest.chars().any(|letter| letter.is_ascii_digit());
    if place.house_number.is_none() && wants_number {
        return failed("street1", "the street was found, a house with this number was not");
    }
    if let (Some(street), false) = (&place.street, has_street && (has_number || place.house_number.is_none())) {
        let country = wanted.country_code().unwrap_or_default();
        let number = place.house_number.clone();
        proposal.house_number = None;
        proposal.street1 = Some(match number {
            Some(number) if writes_number_first(&country) => format!("{number} {street}"),
            Some(number) => format!("{street} {number}"),
            None => street.clone(),
        });
    }
    if let Some(found) = &place.postal_code
        && !wanted.postal_code.as_deref().is_some_and(|typed| is_same(typed, found))
    {
        proposal.postal_code = Some(found.clone());
    }
    let is_there = place.towns.iter().any(|town| wanted.city.as_deref().is_some_and(|typed| is_same(typed, town)));
    if let (Some(town), false) = (place.towns.first(), is_there) {
        proposal.city = Some(town.clone());
    }
    let is_as_typed = proposal == *typed;
    Finding {
        status: if is_as_typed { AddressStatus::Verified } else { AddressStatus::Proposed },
        by: CheckedBy::Geocoder,
        proposal: (!is_as_typed).then_some(proposal),
        reasons: Vec::new(),
        latitude: place.latitude.clone(),
        longitude: place.longitude.clone(),
    }
}
