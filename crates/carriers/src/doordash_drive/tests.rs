//! Canonical to request; URL and method; answer to canonical; error to canonical. The documents in `fixtures/` are written
//! after DoorDash's documentation and the types of its own client, with made-up parties.

mod answers;
mod bookings;
mod errors;
mod requests;

use std::sync::Arc;

use domain::account::CarrierAccount;
use domain::connector::{BookRequest, Connection, Trace};
use domain::rate::Rate;
use domain::service::ServiceCode;
use domain::{Secret, Timestamp};

use super::stand_in::{self, DoorDash};
use crate::conformance::{Specimen, book_request, empty_account, near, parcel, rate_request};
use crate::testing::{Server, http, standing};

/// What the promises of every connector are tried on.
pub(crate) async fn specimen() -> Specimen {
    let server = stand_in::start(standing(Timestamp::UNIX_EPOCH)).await;
    Specimen { account: account(&server.url), recipient: near(), stand_in: Box::new(server) }
}

/// An account at a stand-in.
fn account(url: &str) -> CarrierAccount {
    let mut account = empty_account("doordash_drive");
    let settings = [("developer_id", stand_in::DEVELOPER_ID), ("key_id", stand_in::KEY_ID), ("base_url", url)];
    account.settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let secrets = [("signing_secret", stand_in::SIGNING_SECRET), ("push_authorization", stand_in::AUTHORIZATION)];
    account.credentials = secrets.into_iter().map(|(name, value)| (name.to_owned(), Secret::new(value))).collect();
    account
}

fn connect(account: &CarrierAccount) -> Arc<dyn Connection> {
    let connected = super::connector(&http()).connect(account);
    connected.unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// A stand-in and a connection to it.
async fn standing_in() -> (Server<DoorDash>, Arc<dyn Connection>) {
    let server = stand_in::start(standing(Timestamp::UNIX_EPOCH)).await;
    let connection = connect(&account(&server.url));
    (server, connection)
}

/// The only rate there is.
async fn quoted(connection: &Arc<dyn Connection>) -> Rate {
    let offer = connection.rates(&rate_request(near(), vec![parcel("1")]), &Trace::default()).await.unwrap();
    offer.rates.into_iter().next().unwrap_or_else(|| panic!("{:?}", offer.left_out))
}

/// Asks for a booking at a rate.
fn at(rate: Option<Rate>) -> BookRequest {
    let ask = book_request(&ServiceCode::new("house", "standard"), near(), vec![parcel("1")], 7);
    BookRequest { rate, ..ask }
}
