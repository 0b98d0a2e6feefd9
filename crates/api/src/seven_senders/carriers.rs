//! Carriers that shipments may name.
//!
//! One client sends no shipment at all whose carrier or country is not on this list, so it holds, beside the tenant's own
//! accounts, every carrier that its clients are known to name, each in every country.

use app::App;
use axum::extract::State;
use domain::channel::Dialect;
use domain::tenant::Scope;
use http::StatusCode;

use super::encode::object;
use super::{Answer, Authed};
use crate::dialect::json;
use crate::json::Json;

/// Carriers by the code that shops write, and their names.
const KNOWN: [(&str, &str); 28] = [
    ("asendia", "Asendia"),
    ("austrian_post", "Österreichische Post"),
    ("bpost", "bpost"),
    ("brt", "BRT"),
    ("chronopost", "Chronopost"),
    ("colis_prive", "Colis Privé"),
    ("colissimo", "Colissimo"),
    ("correos", "Correos"),
    ("ctt", "CTT"),
    ("dhl", "DHL"),
    ("dhl_express", "DHL Express"),
    ("dpd", "DPD"),
    ("evri", "Evri"),
    ("fedex", "FedEx"),
    ("gls", "GLS"),
    ("hermes", "Hermes"),
    ("inpost", "InPost"),
    ("mondial_relay", "Mondial Relay"),
    ("mrw", "MRW"),
    ("poste_italiane", "Poste Italiane"),
    ("postnl", "PostNL"),
    ("postnord", "PostNord"),
    ("royal_mail", "Royal Mail"),
    ("seur", "SEUR"),
    ("swiss_post", "Swiss Post"),
    ("tnt", "TNT"),
    ("ups", "UPS"),
    ("yodel", "Yodel"),
];

/// The English name of a country by its two upper-case letters: that of the standard, unless that is long. Kosovo has none
/// there.
pub(super) fn country_name(code: &str) -> Option<&'static str> {
    match code {
        "GB" => Some("United Kingdom"),
        "NL" => Some("Netherlands"),
        "XK" => Some("Kosovo"),
        code => rust_iso3166::from_alpha2(code).map(|country| country.name),
    }
}

/// `GET /carriers`.
pub(super) async fn list(State(_app): State<App>, Authed { caller, .. }: Authed) -> Answer {
    caller.require(Scope::Read)?;
    let mut countries: Vec<&str> = rust_iso3166::ALL.iter().map(|country| country.alpha2).chain(["XK"]).collect();
    countries.sort_unstable();
    let carrier = |code: String, name: String| {
        let countries = countries.iter().copied().map(Json::from).collect();
        object(vec![("code", Json::from(code)), ("name", Json::from(name)), ("countries", Json::List(countries))])
    };
    let mut carriers = Vec::new();
    for account in &caller.setup.accounts {
        let code = account.account.aliases.get(&Dialect::SevenSenders).unwrap_or(&account.account.id);
        let name = account.profile.map_or(code.as_str(), |profile| profile.name);
        carriers.push(carrier(code.clone(), name.to_owned()));
    }
    let is_own = |code: &str| carriers.iter().any(|own| own.get("code").and_then(Json::as_text) == Some(code));
    let others: Vec<_> = KNOWN.iter().filter(|(code, _)| !is_own(code)).collect();
    carriers.extend(others.into_iter().map(|(code, name)| carrier((*code).to_owned(), (*name).to_owned())));
    Ok(json(StatusCode::OK, &Json::List(carriers)))
}
