//! A language that people who wait for a parcel are spoken to in.

use serde::{Deserialize, Serialize};

/// A language that every word for those who wait exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// Spanish.
    Es,
    /// French.
    Fr,
    /// Dutch.
    Nl,
    /// Polish.
    Pl,
}

impl Language {
    /// Every language, in the order in which words are written down.
    pub const ALL: [Self; 6] = [Self::En, Self::De, Self::Es, Self::Fr, Self::Nl, Self::Pl];

    /// Its code of two letters (ISO 639-1).
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Es => "es",
            Self::Fr => "fr",
            Self::Nl => "nl",
            Self::Pl => "pl",
        }
    }

    /// What those who speak it call it.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
            Self::Es => "Español",
            Self::Fr => "Français",
            Self::Nl => "Nederlands",
            Self::Pl => "Polski",
        }
    }

    /// The language of a tag such as `de`, `de-AT` or `de_at`; `None` for a language that is not spoken here.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let first = tag.trim().split(['-', '_', '.']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(first))
    }

    /// What is spoken in a country (two letters), the language of most people first; empty where it is none of ours.
    pub fn of_country(country: &str) -> &'static [Self] {
        match country {
            "GB" | "IE" | "US" | "AU" | "NZ" | "GG" | "IM" | "JE" | "GI" | "MT" | "SG" | "BM" | "BS" | "BB" | "JM"
            | "TT" | "KY" | "VG" | "VI" | "GU" => &[Self::En],
            "CA" => &[Self::En, Self::Fr],
            "DE" | "AT" | "LI" => &[Self::De],
            "CH" => &[Self::De, Self::Fr],
            "LU" => &[Self::Fr, Self::De],
            "BE" => &[Self::Nl, Self::Fr, Self::De],
            "NL" | "SR" | "AW" | "CW" | "SX" | "BQ" => &[Self::Nl],
            "FR" | "MC" | "GP" | "MQ" | "GF" | "RE" | "YT" | "PM" | "BL" | "MF" | "NC" | "PF" | "WF" | "SN" | "CI"
            | "ML" | "BF" | "NE" | "TG" | "BJ" | "GA" | "CG" | "CD" | "GN" => &[Self::Fr],
            "ES" | "AD" | "MX" | "AR" | "CL" | "CO" | "PE" | "VE" | "EC" | "BO" | "PY" | "UY" | "CR" | "PA" | "NI"
            | "HN" | "SV" | "GT" | "DO" | "CU" | "GQ" => &[Self::Es],
            "PR" => &[Self::Es, Self::En],
            "PL" => &[Self::Pl],
            _ => &[],
        }
    }

    /// The languages of an `Accept-Language` header that are spoken here, the one liked best first (RFC 9110, 12.5.4).
    pub fn accepted(header: &str) -> Vec<Self> {
        let mut liked: Vec<(i32, Self)> = Vec::new();
        for part in header.split(',').take(50) {
            let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
            let weight = rest.trim().strip_prefix("q=").map_or(Some(1.0), |text| text.trim().parse::<f32>().ok());
            let Some(language) = Self::of_tag(tag) else { continue };
            let weight = (weight.unwrap_or(0.0) * 1000.0) as i32;
            if weight > 0 && liked.iter().all(|(_, known)| *known != language) {
                liked.push((weight, language));
            }
        }
        liked.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        liked.into_iter().map(|(_, language)| language).collect()
    }

    /// The language to speak: what was asked for, else what the order says, else what is spoken where the parcel goes (where
    /// several are, the one the reader likes best of them), else what the reader likes, else English.
    pub fn choose(asked: Option<&str>, of_order: Option<&str>, country: Option<&str>, accepts: &str) -> Self {
        let liked = Self::accepted(accepts);
        let spoken = country.map(Self::of_country).unwrap_or_default();
        asked
            .and_then(Self::of_tag)
            .or_else(|| of_order.and_then(Self::of_tag))
            .or_else(|| liked.iter().find(|language| spoken.contains(language)).copied())
            .or_else(|| spoken.first().copied())
            .or_else(|| liked.first().copied())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_decides_then_the_country_then_the_reader() {
        use Language as L;
        let liked = "it, fr-CH;q=0.9, en;q=0.8";
        assert_eq!(L::choose(Some("pl"), Some("de-AT"), Some("NL"), liked), L::Pl);
        assert_eq!(L::choose(Some("xx"), Some("de_AT"), Some("NL"), liked), L::De);
        assert_eq!(L::choose(None, Some("it-IT"), Some("NL"), liked), L::Nl);
        assert_eq!(L::choose(None, None, Some("CH"), liked), L::Fr, "of what is spoken there");
        assert_eq!(L::choose(None, None, Some("CH"), "it"), L::De);
        assert_eq!(L::choose(None, None, Some("JP"), liked), L::Fr);
        assert_eq!(L::choose(None, None, None, "ja"), L::En);
    }

    #[test]
    fn a_header_is_read_by_its_weights() {
        use Language as L;
        assert_eq!(L::accepted("en;q=0.2, de-DE, *;q=0.1, nl;q=0.5, de;q=0.9"), [L::De, L::Nl, L::En]);
        assert_eq!(L::accepted("en;q=0, pl;q=x"), []);
        assert_eq!(L::accepted(""), []);
    }
}
