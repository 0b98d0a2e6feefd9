//! How the page looks: the sender's colours as a stylesheet of their own, and its logo.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::branding::{Branding, Colour, LogoKind};
use domain::{Error, Result};

/// What stands in an address for a colour that nobody chose.
const NONE: &str = "none";

/// A logo as the page shows it.
pub(super) struct Logo {
    pub(super) path: String,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Whether it stands on white, since nobody chose what it stands on.
    pub(super) on_plate: bool,
}

impl Logo {
    pub(super) fn of(branding: &Branding, token: &str) -> Option<Self> {
        let logo = branding.logo.as_ref()?;
        let path = format!("{token}/logo");
        let on_plate = branding.header_colour.is_none();
        Some(Self { path, width: logo.width, height: logo.height, on_plate })
    }
}

/// Where the stylesheet of these colours is, seen from the page. It is made of its address, so it needs no tenant and stays
/// good for ever.
pub(super) fn style_of(branding: &Branding) -> Option<String> {
    let digits = |colour: Option<Colour>| colour.map_or_else(|| NONE.to_owned(), Colour::digits);
    let is_plain = branding.colour.is_none() && branding.header_colour.is_none();
    (!is_plain).then(|| format!("style/{}-{}.css", digits(branding.colour), digits(branding.header_colour)))
}

/// A colour of an address, spelled as [`style_of`] spells it.
fn colour(text: &str) -> Option<Option<Colour>> {
    if text == NONE {
        return Some(None);
    }
    let colour: Colour = text.parse().ok()?;
    (colour.digits() == text).then_some(Some(colour))
}

/// Colours that can be read on light and on dark pages, whatever was chosen.
fn stylesheet(chosen: Option<Colour>, header: Option<Colour>) -> String {
    let moving =
        |shown: fn(Colour) -> Colour| chosen.map(|chosen| format!("--moving:{};", shown(chosen))).unwrap_or_default();
    let band = header.map(|header| format!("--band:{header};--band-ink:{};--band-line:{header};", header.ink()));
    let band = band.unwrap_or_default();
    let (light, dark) = (moving(Colour::on_light) + &band, moving(Colour::on_dark) + &band);
    format!(":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n")
}

/// `GET /t/style/{colours}`.
pub(super) async fn style(Path(colours): Path<String>) -> Response {
    let found = colours.strip_suffix(".css").and_then(|colours| {
        let (chosen, header) = colours.split_once('-')?;
        Some(stylesheet(colour(chosen)?, colour(header)?))
    });
    let Some(text) = found else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}

/// A logo as an answer: a picture and nothing else, whoever made it.
pub(crate) fn logo(found: Result<(LogoKind, Bytes)>) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "private, max-age=600"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    match found {
        Ok((kind, bytes)) => (headers, [(header::CONTENT_TYPE, kind.media_type())], bytes).into_response(),
        Err(Error::NotFound(_)) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "a logo cannot be shown: {error}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_shown_so_that_they_can_be_read_in_light_and_dark() {
        let (yellow, navy): (Colour, Colour) = ("#ffe000".parse().unwrap(), "#101c3c".parse().unwrap());
        insta::assert_snapshot!(stylesheet(Some(yellow), Some(navy)), @r"
        :root{--moving:#7f7000;--band:#101c3c;--band-ink:#ffffff;--band-line:#101c3c;}
        @media (prefers-color-scheme:dark){:root{--moving:#ffe000;--band:#101c3c;--band-ink:#ffffff;--band-line:#101c3c;}}
        ");
    }

    #[tokio::test]
    async fn an_address_of_colours_is_read_in_one_spelling_only() {
        let status = async |path: &str| style(Path(path.to_owned())).await.status().as_u16();
        let branding = Branding { colour: "#FFE000".parse().ok(), ..Branding::default() };
        assert_eq!(style_of(&branding).as_deref(), Some("style/ffe000-none.css"));
        assert_eq!(style_of(&Branding::default()), None);
        assert_eq!(status("ffe000-none.css").await, 200);
        assert_eq!(status("none-101c3c.css").await, 200);
        for path in ["FFE000-none.css", "ffe000.css", "ffe000-none", "ffe000-none-none.css", "}-none.css", ""] {
            assert_eq!(status(path).await, 404, "{path}");
        }
    }

    #[tokio::test]
    async fn a_logo_is_a_picture_and_nothing_else() {
        let answer = logo(Ok((LogoKind::Png, Bytes::from_static(b"png"))));
        let text = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(text("content-type"), "image/png");
        assert_eq!(text("x-content-type-options"), "nosniff");
        assert_eq!(text("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(text("cross-origin-resource-policy"), "same-origin");
        assert_eq!(logo(Err(Error::NotFound("logo"))).status(), StatusCode::NOT_FOUND);
    }
}
