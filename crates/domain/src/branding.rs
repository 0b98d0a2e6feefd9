//! Branding: how a tenant looks to those who wait for its parcels.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The contrast that text needs to be read (WCAG 2.2, 1.4.3).
const READABLE: f64 = 4.5;

/// What text stands on: the page and the cards on it, light and dark.
const LIGHT: [Colour; 2] = [Colour([0xff, 0xff, 0xff]), Colour([0xf3, 0xf5, 0xf8])];
const DARK: [Colour; 2] = [Colour([0x17, 0x1e, 0x26]), Colour([0x0e, 0x13, 0x18])];

/// How a tenant looks to those who wait for its parcels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Branding {
    /// What they know it as; the tenant's name when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The colour of what moves: headings, links, the way of the parcel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
    /// The colour behind name and logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_colour: Option<Colour>,
    /// The logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<Logo>,
}

/// A logo: a picture whose bytes lie with the documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logo {
    /// SHA-256 of the bytes, lower-case hexadecimal.
    pub sha256: String,
    /// What kind of picture it is.
    pub kind: LogoKind,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// The kinds of pictures a logo may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogoKind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
}

impl LogoKind {
    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// A colour: red, green and blue of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colour([u8; 3]);

impl Colour {
    /// Black.
    pub const BLACK: Self = Self([0, 0, 0]);
    /// White.
    pub const WHITE: Self = Self([0xff, 0xff, 0xff]);
    /// What stands in for a colour that nobody chose.
    pub const USUAL: Self = Self([0x0b, 0x5c, 0xad]);

    /// Six hexadecimal digits.
    pub fn digits(self) -> String {
        let [red, green, blue] = self.0;
        format!("{red:02x}{green:02x}{blue:02x}")
    }

    /// Its relative luminance, from 0 (black) to 1 (white), as WCAG 2.2 defines it.
    fn luminance(self) -> f64 {
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(part);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// The contrast of two colours, from 1 (none) to 21 (black on white).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Black or white, whichever is read better on it; one of the two always can be.
    #[must_use]
    pub fn ink(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) { Self::WHITE } else { Self::BLACK }
    }

    /// The nearest colour of the same hue that can be read on light pages: itself, or darker.
    #[must_use]
    pub fn on_light(self) -> Self {
        self.towards(Self::BLACK, LIGHT)
    }

    /// The nearest colour of the same hue that can be read on dark pages: itself, or lighter.
    #[must_use]
    pub fn on_dark(self) -> Self {
        self.towards(Self::WHITE, DARK)
    }

    fn towards(self, end: Self, grounds: [Self; 2]) -> Self {
        let mixed = |step: u32| {
            let part = |place: usize| (u32::from(self.0[place]) * (100 - step) + u32::from(end.0[place]) * step) / 100;
            Self([0, 1, 2].map(|place| part(place) as u8))
        };
        let is_readable = |colour: &Self| grounds.iter().all(|ground| colour.contrast(*ground) >= READABLE);
        (0..=100).map(mixed).find(is_readable).unwrap_or(end)
    }
}

/// `#` and six hexadecimal digits.
impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.digits())
    }
}

/// Why a text is no colour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a colour as # and six hexadecimal digits, such as #0b5cad")]
pub struct NotAColour;

impl FromStr for Colour {
    type Err = NotAColour;

    /// Reads six hexadecimal digits, with or without `#` before them.
    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAColour);
        }
        let all = u32::from_str_radix(digits, 16).map_err(|_| NotAColour)?;
        let [_, red, green, blue] = all.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl Serialize for Colour {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 80;

impl Branding {
    /// What is shown in another shade than it was chosen in, for whoever chose it.
    pub fn notes(&self) -> Vec<String> {
        let Some(colour) = self.colour else { return Vec::new() };
        let note = |shown: Colour, change: &str, ground: &str| {
            (shown != colour)
                .then(|| format!("{colour} is too {change} to be read on {ground} pages, where it is shown as {shown}"))
        };
        [note(colour.on_light(), "light", "light"), note(colour.on_dark(), "dark", "dark")]
            .into_iter()
            .flatten()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().unwrap()
    }

    proptest! {
        #[test]
        fn every_colour_is_shown_so_that_it_can_be_read(parts in any::<[u8; 3]>()) {
            let chosen = Colour(parts);
            prop_assert!(LIGHT.iter().all(|ground| chosen.on_light().contrast(*ground) >= READABLE));
            prop_assert!(DARK.iter().all(|ground| chosen.on_dark().contrast(*ground) >= READABLE));
            prop_assert!(chosen.contrast(chosen.ink()) >= READABLE);
            prop_assert_eq!(chosen.to_string().parse::<Colour>().unwrap(), chosen);
        }
    }

    #[test]
    fn contrasts_are_those_of_the_standard() {
        let rounded = |one: &str, two: &str| (colour(one).contrast(colour(two)) * 100.0).round() / 100.0;
        assert!((rounded("#000000", "#ffffff") - 21.0).abs() < f64::EPSILON);
        assert!((rounded("#767676", "#ffffff") - 4.54).abs() < f64::EPSILON);
        assert!((rounded("#ffffff", "#ffffff") - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_shown_in_another_shade_and_that_is_said() {
        let look = |text: &str| Branding { colour: Some(colour(text)), ..Branding::default() }.notes();
        assert_eq!(look("#ffe000"), ["#ffe000 is too light to be read on light pages, where it is shown as #7f7000"]);
        assert_eq!(look("#0b5cad"), ["#0b5cad is too dark to be read on dark pages, where it is shown as #4f89c3"]);
        // Neither readable on white nor on the lighter of the dark grounds.
        assert_eq!(look("#808080").len(), 2);
        assert_eq!(Branding::default().notes(), [""; 0]);
    }

    #[test]
    fn what_is_no_colour_is_refused() {
        for text in ["", "#fff", "red", "#0b5ca", "#0b5cadff", "#0b5cag", "##b5cad", "+b5cad"] {
            assert_eq!(text.parse::<Colour>(), Err(NotAColour), "{text}");
        }
        assert_eq!(colour("0B5CAD"), Colour::USUAL);
    }
}
