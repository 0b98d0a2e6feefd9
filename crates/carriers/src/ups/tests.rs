//! Canonical to request; URL and method; answer to canonical; error to canonical. The documents in `fixtures/` are written
//! after UPS's published OpenAPI, with made-up parties.

mod answers;
mod errors;
mod requests;

use std::sync::Arc;

use domain::account::CarrierAccount;
use domain::connector::{BookRequest, Connection};
use domain::measure::Dimensions;
use domain::parcel::Box as ParcelBox;
use domain::service::ServiceCode;
use domain::{Secret, Timestamp};

use super::stand_in::{self, Ups};
use crate::conformance::{Specimen, berlin, book_request, empty_account, near, parcel};
use crate::testing::{Server, http, standing};

/// What the promises of every connector are tried on.
pub(crate) async fn specimen() -> Specimen {
    let server = stand_in::start(standing(Timestamp::UNIX_EPOCH)).await;
    Specimen { account: account(&server.url), recipient: berlin(), stand_in: Box::new(server) }
}

/// An account at a stand-in.
fn account(url: &str) -> CarrierAccount {
    let mut account = empty_account("ups");
    let base = format!("{url}/api");
    let settings = [
        ("client_id", stand_in::CLIENT_ID),
        ("account_number", stand_in::ACCOUNT),
        ("base_url", &base),
        ("token_url", url),
    ];
    account.settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    account.credentials.insert("client_secret".to_owned(), Secret::new(stand_in::CLIENT_SECRET));
    account
}

fn connect(account: &CarrierAccount) -> Arc<dyn Connection> {
    let connected = super::connector(&http()).connect(account);
    connected.unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// A stand-in and a connection to it.
async fn standing_in() -> (Server<Ups>, Arc<dyn Connection>) {
    let server = stand_in::start(standing(Timestamp::UNIX_EPOCH)).await;
    let connection = connect(&account(&server.url));
    (server, connection)
}

/// A parcel of 2.5 lb, 10 by 8 by 4 inches.
fn small() -> ParcelBox {
    let side = |text: &str| domain::measure::Length::from_centimetres(text.parse().unwrap()).unwrap();
    let dimensions = Dimensions { length: side("25.4"), width: side("20.32"), height: side("10.16") };
    ParcelBox { dimensions: Some(dimensions), ..parcel("1.133") }
}

/// Asks for a booking of Ground nearby.
fn ground(parcels: Vec<ParcelBox>) -> BookRequest {
    book_request(&ServiceCode::new("house", "03"), near(), parcels, 7)
}
