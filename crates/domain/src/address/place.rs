//! A special place: a box, a locker, a military address, an island or an enclave, where not every service goes.

use super::Address;

/// A kind of special place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PlaceKind {
    /// A post-office box.
    PoBox,
    /// A parcel locker of the post (Packstation).
    Locker,
    /// A counter of the post that keeps parcels (Postfiliale).
    PostOffice,
    /// Military and diplomatic post of the United States: APO, FPO, DPO.
    Military,
    /// Alaska and Hawaii.
    AlaskaHawaii,
    /// Puerto Rico, Guam, the Virgin Islands, American Samoa, the Northern Marianas.
    UsTerritory,
    /// The Canary Islands.
    Canaries,
    /// Ceuta.
    Ceuta,
    /// Melilla.
    Melilla,
    /// The Balearic Islands.
    Balearics,
    /// The Azores and Madeira.
    PortugueseIslands,
    /// Northern Ireland.
    NorthernIreland,
    /// Jersey, Guernsey and their neighbours.
    ChannelIslands,
    /// The Isle of Man.
    IsleOfMan,
    /// The French overseas departments and territories.
    FrenchOverseas,
    /// Corsica.
    Corsica,
    /// Åland.
    Aland,
    /// Svalbard and Jan Mayen.
    Svalbard,
    /// Livigno.
    Livigno,
    /// Campione d'Italia.
    Campione,
    /// Büsingen.
    Busingen,
    /// Heligoland.
    Heligoland,
    /// Mount Athos.
    Athos,
    /// San Marino.
    SanMarino,
    /// The Vatican.
    Vatican,
    /// The Faroe Islands and Greenland.
    FaroesGreenland,
    /// Samnaun.
    Samnaun,
    /// Kaliningrad.
    Kaliningrad,
}

impl PlaceKind {
    /// Every kind.
    pub const ALL: [Self; 28] = [
        Self::PoBox,
        Self::Locker,
        Self::PostOffice,
        Self::Military,
        Self::AlaskaHawaii,
        Self::UsTerritory,
        Self::Canaries,
        Self::Ceuta,
        Self::Melilla,
        Self::Balearics,
        Self::PortugueseIslands,
        Self::NorthernIreland,
        Self::ChannelIslands,
        Self::IsleOfMan,
        Self::FrenchOverseas,
        Self::Corsica,
        Self::Aland,
        Self::Svalbard,
        Self::Livigno,
        Self::Campione,
        Self::Busingen,
        Self::Heligoland,
        Self::Athos,
        Self::SanMarino,
        Self::Vatican,
        Self::FaroesGreenland,
        Self::Samnaun,
        Self::Kaliningrad,
    ];

    /// The name in setup files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PoBox => "po_box",
            Self::Locker => "locker",
            Self::PostOffice => "post_office",
            Self::Military => "military",
            Self::AlaskaHawaii => "alaska_hawaii",
            Self::UsTerritory => "us_territory",
            Self::Canaries => "canaries",
            Self::Ceuta => "ceuta",
            Self::Melilla => "melilla",
            Self::Balearics => "balearics",
            Self::PortugueseIslands => "portuguese_islands",
            Self::NorthernIreland => "northern_ireland",
            Self::ChannelIslands => "channel_islands",
            Self::IsleOfMan => "isle_of_man",
            Self::FrenchOverseas => "french_overseas",
            Self::Corsica => "corsica",
            Self::Aland => "aland",
            Self::Svalbard => "svalbard",
            Self::Livigno => "livigno",
            Self::Campione => "campione",
            Self::Busingen => "busingen",
            Self::Heligoland => "heligoland",
            Self::Athos => "athos",
            Self::SanMarino => "san_marino",
            Self::Vatican => "vatican",
            Self::FaroesGreenland => "faroes_greenland",
            Self::Samnaun => "samnaun",
            Self::Kaliningrad => "kaliningrad",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// What people call it, for "the recipient is at …".
    pub fn name(self) -> &'static str {
        RULES.iter().find(|rule| rule.kind == self).map_or("a special place", |rule| rule.name)
    }
}

/// How a special place is recognised: in one of the countries, by any of the rest; by the country alone when there is no
/// rest.
struct Rule {
    kind: PlaceKind,
    /// What people call it.
    name: &'static str,
    /// Countries as typed, two letters; any country when empty.
    countries: &'static [&'static str],
    /// Starts of postal codes, without blanks and dashes.
    postal: &'static [&'static str],
    /// States, without the country before them.
    states: &'static [&'static str],
    /// Words in city or state, lower case.
    towns: &'static [&'static str],
    /// Words in the street lines, lower case; `0` stands for any number.
    streets: &'static [&'static str],
}

const fn rule(kind: PlaceKind, name: &'static str, countries: &'static [&'static str]) -> Rule {
    Rule { kind, name, countries, postal: &[], states: &[], towns: &[], streets: &[] }
}

/// The table. Sources: the postal codes are those under which each place is known to its own post, written down from common
/// knowledge; the codes of countries are ISO 3166-1, with the reserved IC and EA.
const RULES: &[Rule] = &[
    Rule {
        streets: &[
            "po box",
            "p o box",
            "pobox",
            "post office box",
            "postfach",
            "postbus",
            "boite postale",
            "boîte postale",
            "bp 0",
            "b p 0",
            "apartado",
            "apartado de correos",
            "apdo",
            "casilla",
            "casella postale",
            "caixa postal",
            "skrytka pocztowa",
            "postboks",
            "postbox",
            "postafiók",
            "а я",
            "абонентский ящик",
            "τ θ",
            "gpo box",
            "private bag",
        ],
        ..rule(PlaceKind::PoBox, "a post-office box", &[])
    },
    Rule { streets: &["pl 0"], ..rule(PlaceKind::PoBox, "a post-office box", &["FI"]) },
    Rule { streets: &["pf 0"], ..rule(PlaceKind::PoBox, "a post-office box", &["HU"]) },
    Rule {
        streets: &["packstation", "paczkomat", "parcel locker", "postomat", "my post 24", "locker 0"],
        ..rule(PlaceKind::Locker, "a parcel locker", &[])
    },
    Rule {
        streets: &[
            "postfiliale",
            "poste restante",
            "lista de correos",
            "general delivery",
            "fermo posta",
            "postlagernd",
        ],
        ..rule(PlaceKind::PostOffice, "a counter of the post", &[])
    },
    Rule {
        states: &["AA", "AE", "AP"],
        towns: &["apo", "fpo", "dpo"],
        ..rule(PlaceKind::Military, "military post", &["US"])
    },
    Rule { postal: &["BF1"], towns: &["bfpo"], ..rule(PlaceKind::Military, "military post", &["GB"]) },
    Rule {
        states: &["AK", "HI"],
        postal: &["967", "968", "995", "996", "997", "998", "999"],
        ..rule(PlaceKind::AlaskaHawaii, "in Alaska or Hawaii", &["US"])
    },
    rule(PlaceKind::UsTerritory, "in a territory of the United States", &["PR", "GU", "VI", "AS", "MP"]),
    Rule {
        states: &["PR", "GU", "VI", "AS", "MP"],
        postal: &["006", "007", "008", "009", "969"],
        ..rule(PlaceKind::UsTerritory, "in a territory of the United States", &["US"])
    },
    Rule { postal: &["35", "38"], ..rule(PlaceKind::Canaries, "in the Canary Islands", &["ES"]) },
    rule(PlaceKind::Canaries, "in the Canary Islands", &["IC"]),
    Rule { postal: &["51"], towns: &["ceuta"], ..rule(PlaceKind::Ceuta, "in Ceuta", &["ES", "EA"]) },
    Rule { postal: &["52"], towns: &["melilla"], ..rule(PlaceKind::Melilla, "in Melilla", &["ES", "EA"]) },
    Rule { postal: &["07"], ..rule(PlaceKind::Balearics, "in the Balearic Islands", &["ES"]) },
    Rule { postal: &["9"], ..rule(PlaceKind::PortugueseIslands, "in the Azores or Madeira", &["PT"]) },
    Rule {
        postal: &["BT"],
        states: &["NIR"],
        towns: &["northern ireland"],
        ..rule(PlaceKind::NorthernIreland, "in Northern Ireland", &["GB", "XI"])
    },
    rule(PlaceKind::ChannelIslands, "in the Channel Islands", &["JE", "GG"]),
    Rule { postal: &["JE", "GY"], ..rule(PlaceKind::ChannelIslands, "in the Channel Islands", &["GB"]) },
    rule(PlaceKind::IsleOfMan, "on the Isle of Man", &["IM"]),
    Rule { postal: &["IM"], ..rule(PlaceKind::IsleOfMan, "on the Isle of Man", &["GB"]) },
    rule(
        PlaceKind::FrenchOverseas,
        "in the French overseas departments or territories",
        &["GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF", "NC", "PF", "WF", "TF"],
    ),
    Rule {
        postal: &["97", "98"],
        ..rule(PlaceKind::FrenchOverseas, "in the French overseas departments or territories", &["FR"])
    },
    Rule { postal: &["20"], ..rule(PlaceKind::Corsica, "in Corsica", &["FR"]) },
    rule(PlaceKind::Aland, "in Åland", &["AX"]),
    Rule { postal: &["22"], ..rule(PlaceKind::Aland, "in Åland", &["FI"]) },
    rule(PlaceKind::Svalbard, "in Svalbard or Jan Mayen", &["SJ"]),
    Rule { postal: &["917", "8099"], ..rule(PlaceKind::Svalbard, "in Svalbard or Jan Mayen", &["NO"]) },
    Rule { postal: &["23041"], towns: &["livigno"], ..rule(PlaceKind::Livigno, "in Livigno", &["IT"]) },
    Rule {
        postal: &["22061"],
        towns: &["campione d italia"],
        ..rule(PlaceKind::Campione, "in Campione d'Italia", &["IT"])
    },
    Rule { postal: &["78266"], ..rule(PlaceKind::Busingen, "in Büsingen", &["DE"]) },
    Rule { postal: &["8238"], ..rule(PlaceKind::Busingen, "in Büsingen", &["CH"]) },
    Rule { postal: &["27498"], ..rule(PlaceKind::Heligoland, "on Heligoland", &["DE"]) },
    Rule { postal: &["63086", "63087"], ..rule(PlaceKind::Athos, "on Mount Athos", &["GR"]) },
    rule(PlaceKind::SanMarino, "in San Marino", &["SM"]),
    Rule { postal: &["4789"], ..rule(PlaceKind::SanMarino, "in San Marino", &["IT"]) },
    rule(PlaceKind::Vatican, "in the Vatican", &["VA"]),
    Rule { postal: &["00120"], ..rule(PlaceKind::Vatican, "in the Vatican", &["IT"]) },
    rule(PlaceKind::FaroesGreenland, "in the Faroe Islands or Greenland", &["FO", "GL"]),
    Rule { postal: &["7562", "7563"], ..rule(PlaceKind::Samnaun, "in Samnaun", &["CH"]) },
    Rule { postal: &["236", "237", "238"], ..rule(PlaceKind::Kaliningrad, "in Kaliningrad", &["RU"]) },
];

/// A text as words parted by one blank, lower case, each number a `0`.
fn words(text: &str, keeps_numbers: bool) -> String {
    let mut words = String::from(" ");
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let is_number = word.chars().all(|letter| letter.is_ascii_digit());
        if is_number && !keeps_numbers {
            words.push('0');
        } else {
            words.push_str(&word.to_lowercase());
        }
        words.push(' ');
    }
    words
}

fn holds(text: &str, word: &str) -> bool {
    text.contains(&format!(" {word} "))
}

impl Address {
    /// What kinds of special places the address is at.
    pub fn places(&self) -> Places {
        let country = self.country_code().unwrap_or_default();
        let filled = |field: &Option<String>| field.as_deref().unwrap_or_default().to_owned();
        let postal: String = filled(&self.postal_code).chars().filter(char::is_ascii_alphanumeric).collect();
        let postal = postal.to_ascii_uppercase();
        let state = filled(&self.state).to_ascii_uppercase();
        let state = state.strip_prefix(&format!("{country}-")).unwrap_or(&state);
        let towns = words(&format!("{} / {}", filled(&self.city), filled(&self.state)), true);
        let lines = [&self.company, &self.street1, &self.house_number, &self.street2].map(filled).join(" / ");
        let streets = words(&lines, false);
        let is_at = |rule: &&Rule| {
            let is_there = rule.countries.is_empty() || rule.countries.contains(&country.as_str());
            let is_whole = rule.postal.is_empty() && rule.states.is_empty() && rule.towns.is_empty();
            let by_country = is_whole && rule.streets.is_empty();
            is_there
                && (by_country
                    || rule.postal.iter().any(|start| postal.starts_with(start))
                    || rule.states.contains(&state)
                    || rule.towns.iter().any(|word| holds(&towns, word))
                    || rule.streets.iter().any(|word| holds(&streets, word)))
        };
        let has_box = self.po_box.as_deref().is_some_and(|text| !text.trim().is_empty());
        let found = RULES.iter().filter(is_at).fold(Places::NONE, |found, rule| found.or(Places::of(&[rule.kind])));
        if has_box { found.or(Places::of(&[PlaceKind::PoBox])) } else { found }
    }
}

/// A set of kinds of special places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places(u64);

impl Places {
    /// No place.
    pub const NONE: Self = Self(0);

    /// These kinds.
    pub const fn of(kinds: &[PlaceKind]) -> Self {
        let mut bits = 0;
        let mut place = 0;
        while place < kinds.len() {
            bits |= 1 << kinds[place] as u8;
            place += 1;
        }
        Self(bits)
    }

    /// The kinds in it.
    pub fn kinds(self) -> Vec<PlaceKind> {
        let mut kinds: Vec<_> = RULES.iter().map(|rule| rule.kind).filter(|kind| self.has(*kind)).collect();
        kinds.dedup();
        kinds
    }

    /// Whether a kind is among them.
    pub const fn has(self, kind: PlaceKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// The kinds in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The kinds in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests;
