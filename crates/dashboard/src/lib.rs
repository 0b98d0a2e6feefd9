//! The dialect that speaks HTML: the dashboard for those who ship, and the public tracking page for those who wait.
//!
//! Pages are whole when they leave the server and work without a script; htmx makes a few of them quicker. Nothing is loaded
//! from elsewhere.

use app::App;
use app::import::ReadFile;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Extension, Router};

mod answer;
mod assets;
mod form;
mod frame;
pub mod pages;
mod session;
mod words;

pub use pages::acts::ExportActs;
use pages::{
    acts, batches, branding, carriers, documents, import, keys, order, orders, overview, rules, shipments, webhooks,
};

/// Every page, on its own path: the tracking page at `/t/{token}`, the dashboard at `/` and below `/ui`. `read_file` reads the
/// orders of a file that somebody uploads, `export_acts` writes acts to a file that somebody takes along.
pub fn router(app: App, read_file: ReadFile, export_acts: ExportActs) -> Router {
    let tracking = {
        let (app, logos) = (app.clone(), app.clone());
        let find = move |token: String| {
            let app = app.clone();
            async move { app.tracking_page(&token).await }
        };
        let find_logo = move |token: String| {
            let app = logos.clone();
            async move { app.logo_of_parcel(&token).await }
        };
        pages::tracking::router(find, find_logo)
    };
    let desk = Router::new()
        .route("/", get(async || answer::go_to("/ui/overview")))
        .route("/ui", get(async || answer::go_to("/ui/overview")))
        .route("/ui/sign-in", get(session::ask).post(session::sign_in))
        .route("/ui/sign-out", post(session::sign_out))
        .route("/ui/scan", get(orders::scan))
        .route("/ui/orders", get(orders::show))
        .route("/ui/orders/{id}", get(order::show))
        .route("/ui/orders/{id}/rates", get(order::rates))
        .route("/ui/orders/{id}/ship", post(order::ship))
        .route("/ui/orders/{id}/overrule", post(order::overrule))
        .route("/ui/shipments/{id}/cancel", post(order::cancel))
        .route("/ui/shipments/{id}/packing-slip", get(documents::packing_slip))
        .route("/ui/parcels/{id}/label", get(documents::label))
        .route("/ui/parcels/{id}/preview", get(documents::preview))
        .route("/ui/views", post(orders::keep_view))
        .route("/ui/batches", get(batches::list).post(orders::label))
        .route("/ui/batches/{id}", get(batches::show))
        .route("/ui/batches/{id}/retry", post(batches::retry))
        .route("/ui/batches/{id}/print", post(batches::print))
        .route("/ui/overview", get(overview::show))
        .route("/ui/shipments", get(shipments::list))
        .route("/ui/exceptions", get(shipments::exceptions))
        .route("/ui/carriers", get(carriers::list).post(carriers::save))
        .route("/ui/carrier", get(carriers::new))
        .route("/ui/carriers/{id}", get(carriers::edit))
        .route("/ui/carriers/{id}/check", post(carriers::check))
        .route("/ui/webhooks", get(webhooks::list))
        .route("/ui/webhooks/{id}", get(webhooks::show))
        .route("/ui/webhooks/{id}/pause", post(webhooks::stop))
        .route("/ui/webhooks/{id}/resume", post(webhooks::go_on))
        .route("/ui/webhooks/{id}/resend", post(webhooks::resend_period))
        .route("/ui/deliveries/{id}/resend", post(webhooks::resend))
        .route("/ui/documents", get(documents::list))
        .route("/ui/documents/{id}", get(documents::open))
        .route("/ui/rules", get(rules::show).post(rules::change))
        .route("/ui/branding", get(branding::show).post(branding::save))
        .route(
            "/ui/branding/logo",
            get(branding::logo).post(branding::put_logo).layer(DefaultBodyLimit::max(branding::LARGEST)),
        )
        .route("/ui/branding/logo/remove", post(branding::drop_logo))
        .route("/ui/acts", get(acts::list))
        .route("/ui/acts.csv", get(acts::export))
        .route("/ui/keys", get(keys::list).post(keys::create))
        .route("/ui/keys/{public}/revoke", post(keys::revoke))
        .route("/ui/import", get(import::ask).post(import::take).layer(DefaultBodyLimit::max(import::LARGEST)))
        .route("/ui/{*rest}", get(pages::problem::nowhere))
        .layer(Extension(read_file))
        .layer(Extension(export_acts))
        .with_state(app);
    tracking.merge(assets::router()).merge(desk)
}
