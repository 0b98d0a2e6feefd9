//! What pages load besides themselves: one stylesheet and two scripts, inside the binary. A path holds the hash of the content,
//! so that a browser may keep it for ever and still never shows an old one.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};

/// One file.
pub(crate) struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static str,
    hash: LazyLock<String>,
}

macro_rules! asset {
    ($name:literal, $media_type:literal) => {
        Asset {
            name: $name,
            media_type: $media_type,
            content: include_str!(concat!("../assets/", $name)),
            hash: LazyLock::new(|| hash(include_str!(concat!("../assets/", $name)))),
        }
    };
}

/// The stylesheet.
pub(crate) static STYLE: Asset = asset!("desk.css", "text/css; charset=utf-8");
/// The few lines of script that are ours.
pub(crate) static SCRIPT: Asset = asset!("desk.js", "text/javascript; charset=utf-8");
/// htmx, as its authors publish it.
pub(crate) static HTMX: Asset = asset!("htmx.min.js", "text/javascript; charset=utf-8");

/// The beginning of the content's hash, in hexadecimal digits.
fn hash(content: &str) -> String {
    let digest = Sha256::digest(content);
    let start = digest.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    format!("{start:016x}")
}

impl Asset {
    /// Where it is.
    pub(crate) fn path(&self) -> String {
        format!("/ui/assets/{}/{}", *self.hash, self.name)
    }
}

/// The files on their paths.
pub(crate) fn router() -> Router {
    Router::new().route("/ui/assets/{hash}/{name}", get(serve))
}

async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let found = [&STYLE, &SCRIPT, &HTMX].into_iter().find(|asset| asset.name == name && *asset.hash == hash);
    let Some(asset) = found else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, asset.content).into_response()
}
