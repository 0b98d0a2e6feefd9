//! The dialect that speaks HTML: for now the public tracking page of a parcel.
//!
//! Pages are whole when they leave the server: no script, no request but the one for the page itself.

use app::App;
use axum::Router;

mod answer;
pub mod pages;

/// Every page, on its own path: `GET` and `HEAD` of `/t/{token}`.
pub fn router(app: App) -> Router {
    pages::tracking::router(move |token| {
        let app = app.clone();
        async move { app.tracking_page(&token).await }
    })
}
