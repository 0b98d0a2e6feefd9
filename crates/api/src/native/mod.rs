//! The native API, below `/v1`: canonical words, RFC 9457 errors, Bearer secret.

use app::Credentials;
use axum::response::Response;
use domain::Error;
use domain::channel::Dialect;
use http::Method;
use http::request::Parts;

use crate::dialect::{self, Wire, authorization, log_if_ours};
use crate::routes::{Routes, delete, get, patch, post, put};

mod accounts;
pub mod acts;
mod addresses;
mod batches;
mod channels;
mod collections;
mod customs;
mod erasures;
mod error;
pub mod events;
pub mod export;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub mod import;
mod keys;
mod locations;
mod manifests;
mod orders;
mod page;
mod parcels;
mod rates;
mod returns;
pub(crate) mod shape;
mod shipments;
mod tag;
mod tenants;
mod webhooks;

use error::Problems;

/// The dialect's wire.
pub struct Native;

type Authed = dialect::Authed<Native>;
type Body = dialect::Body<Native>;
type Answer = Result<Response, Problems>;

impl Wire for Native {
    const DIALECT: Dialect = Dialect::Native;

    fn credentials(parts: &Parts) -> Option<Credentials> {
        authorization(parts)
    }

    fn refuse(error: Error) -> Response {
        log_if_ours(&error);
        Problems::from(error).answer()
    }

    fn too_large(most_bytes: usize) -> Response {
        Problems::too_large(most_bytes).answer()
    }

    fn too_slow() -> Response {
        Problems::too_slow().answer()
    }

    fn no_such_page() -> Response {
        Problems::no_such_page().answer()
    }

    fn method_not_allowed(method: &Method) -> Response {
        Problems::method_not_allowed(method).answer()
    }
}

/// Everything below `/v1`.
pub(crate) fn routes() -> Routes<Native> {
    Routes::below("/v1")
        .at("/v1/orders", [get(orders::list), post(orders::create)])
        .at("/v1/orders/{id}", [get(orders::show), put(orders::replace), delete(orders::delete)])
        .at("/v1/orders/{id}/cancel", [post(orders::cancel)])
        .at("/v1/orders/{id}/acts", [get(acts::of_order)])
        .at("/v1/orders/{id}/address", [get(addresses::show)])
        .at("/v1/orders/{id}/address/check", [post(addresses::check)])
        .at("/v1/orders/{id}/address/overrule", [post(addresses::overrule)])
        .at("/v1/orders/{id}/address/split", [post(addresses::split)])
        .at("/v1/orders/{id}/shipments", [get(shipments::of_order), post(shipments::create)])
        .at("/v1/orders/{id}/returns", [get(returns::of_order), post(returns::create)])
        .at("/v1/orders/{id}/rates", [post(rates::quote)])
        .at("/v1/routing-rules", [get(rates::rules), put(rates::replace_rules)])
        .at("/v1/routing-rules/rehearse", [post(rates::rehearse)])
        .at("/v1/orders/{id}/tracking-numbers", [post(shipments::record)])
        .at("/v1/shipments", [get(shipments::list)])
        .at("/v1/shipments/{id}", [get(shipments::show)])
        .at("/v1/shipments/{id}/exchanges", [get(shipments::exchanges)])
        .at("/v1/shipments/{id}/settle", [post(shipments::settle)])
        .at("/v1/shipments/{id}/advance", [post(shipments::advance)])
        .at("/v1/shipments/{id}/cancel", [post(shipments::cancel)])
        .at("/v1/shipments/{id}/documents", [get(shipments::documents)])
        .at("/v1/shipments/{id}/packing-slip", [get(shipments::packing_slip)])
        .at("/v1/shipments/{id}/commercial-invoice", [get(customs::commercial_invoice)])
        .at("/v1/shipments/{id}/tracking-events", [post(shipments::report)])
        .at("/v1/parcels", [get(parcels::unscanned)])
        .at("/v1/parcels/{id}/label", [get(parcels::label)])
        .at("/v1/parcels/{id}/customs-form", [get(customs::form)])
        .at("/v1/parcels/{id}/tracking-events", [get(parcels::tracking_events)])
        .at("/v1/documents", [get(shipments::all_documents)])
        .at("/v1/documents/{id}", [get(parcels::document)])
        .at("/v1/manifests", [get(manifests::list), post(manifests::create)])
        .at("/v1/manifests/{id}", [get(manifests::show)])
        .at("/v1/manifests/{id}/parcels", [get(manifests::parcels)])
        .at("/v1/manifests/{id}/left-behind", [get(manifests::left_behind)])
        .at("/v1/manifests/{id}/close", [post(manifests::close)])
        .at("/v1/manifests/{id}/document", [get(manifests::document)])
        .at("/v1/collections", [get(collections::list), post(collections::create)])
        .at("/v1/collections/{id}", [get(collections::show)])
        .at("/v1/collections/{id}/cancel", [post(collections::cancel)])
        .at("/v1/batches", [get(batches::list), post(batches::create)])
        .at("/v1/batches/{id}", [get(batches::show)])
        .at("/v1/batches/{id}/orders", [get(batches::orders)])
        .at("/v1/batches/{id}/documents", [get(batches::documents)])
        .at("/v1/batches/{id}/retry", [post(batches::retry)])
        .at("/v1/batches/{id}/print", [post(batches::print)])
        .at("/v1/carriers", [get(accounts::carriers)])
        .at("/v1/carrier-accounts", [get(accounts::list), post(accounts::create)])
        .at("/v1/carrier-accounts/{id}", [get(accounts::show), patch(accounts::change), delete(accounts::delete)])
        .at("/v1/carrier-accounts/{id}/check", [post(accounts::check)])
        .at("/v1/unknown-tracking-codes", [get(accounts::unknown_codes)])
        .at("/v1/acts", [get(acts::list)])
        .at("/v1/erasures", [get(erasures::list), post(erasures::create)])
        .at("/v1/erasures/{id}", [get(erasures::show)])
        .at("/v1/exports/orders", [get(export::orders)])
        .at("/v1/exports/shipments", [get(export::shipments)])
        .at("/v1/exports/rates", [get(export::rates)])
        .at("/v1/events", [get(events::feed)])
        .at("/v1/events/{id}/deliveries", [get(events::deliveries)])
        .at("/v1/locations", [get(locations::list), post(locations::create)])
        .at("/v1/locations/{id}", [get(locations::show), put(locations::replace), delete(locations::delete)])
        .at("/v1/channels", [get(channels::list), post(channels::create)])
        .at("/v1/channels/{id}", [get(channels::show), patch(channels::rename), delete(channels::delete)])
        .at("/v1/keys", [get(keys::list), post(keys::create)])
        .at("/v1/keys/{id}", [get(keys::show), delete(keys::revoke)])
        .at("/v1/keys/{id}/rotate", [post(keys::rotate)])
        .at("/v1/tenants", [get(tenants::list), post(tenants::create)])
        .at("/v1/tenants/{id}", [get(tenants::show)])
        .at("/v1/webhooks", [get(webhooks::list), post(webhooks::create)])
        .at("/v1/webhooks/{id}", [get(webhooks::show), patch(webhooks::change), delete(webhooks::delete)])
        .at("/v1/webhooks/{id}/test", [post(webhooks::test)])
        .at("/v1/webhooks/{id}/pause", [post(webhooks::pause)])
        .at("/v1/webhooks/{id}/resume", [post(webhooks::resume)])
        .at("/v1/webhooks/{id}/deliveries", [get(webhooks::deliveries)])
        .at("/v1/webhooks/{id}/resend", [post(webhooks::resend_period)])
        .at("/v1/deliveries/{id}/resend", [post(webhooks::resend)])
}
