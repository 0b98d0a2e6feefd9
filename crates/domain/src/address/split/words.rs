//! The words and habits by which street lines are read, written down from common knowledge of how each country addresses.

/// On which side of the street the house number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    NumberFirst,
    NumberLast,
}

const NUMBER_FIRST: &[&str] = &[
    "AU", "CA", "FR", "GB", "GF", "GG", "GP", "HK", "IE", "IM", "IN", "JE", "JM", "KE", "LK", "LU", "MC", "MQ", "MT",
    "MY", "NC", "NG", "NZ", "PF", "PH", "PK", "PM", "PR", "RE", "SG", "TH", "US", "VI", "VN", "YT", "ZA",
];

const NUMBER_LAST: &[&str] = &[
    "AD", "AL", "AR", "AT", "AX", "BA", "BE", "BG", "BO", "BR", "BY", "CH", "CL", "CN", "CR", "CY", "CZ", "DE", "DK",
    "EC", "EE", "ES", "FI", "FO", "GE", "GL", "GR", "HR", "HU", "IS", "IT", "KR", "KZ", "LI", "LT", "LV", "ME", "MK",
    "MX", "NL", "NO", "PE", "PL", "PT", "PY", "RO", "RS", "RU", "SE", "SI", "SK", "SM", "TR", "UA", "UY", "VA", "VE",
    "XK",
];

/// The country's way, if it is known.
pub(super) fn order(country: Option<&str>) -> Option<Order> {
    let country = country?;
    if NUMBER_FIRST.contains(&country) {
        Some(Order::NumberFirst)
    } else {
        NUMBER_LAST.contains(&country).then_some(Order::NumberLast)
    }
}

/// Whether a country (two upper-case letters) writes the house number before the street.
pub fn writes_number_first(country: &str) -> bool {
    NUMBER_FIRST.contains(&country)
}

/// Whether streets are named in English, with directions of one letter.
pub(super) fn is_english(country: Option<&str>) -> bool {
    country.is_some_and(|code| ["AU", "CA", "GB", "IE", "NZ", "PR", "US", "VI"].contains(&code))
}

/// Words that begin a flat, a floor, a staircase; lower case, without full stops.
const UNIT: &[&str] = &[
    "apt",
    "apartment",
    "unit",
    "suite",
    "ste",
    "flat",
    "floor",
    "fl",
    "room",
    "rm",
    "bldg",
    "building",
    "lot",
    "#",
    "top",
    "tür",
    "tuer",
    "stiege",
    "stg",
    "stock",
    "whg",
    "wohnung",
    "og",
    "eg",
    "dg",
    "ug",
    "etage",
    "hinterhaus",
    "vorderhaus",
    "rückgebäude",
    "gebäude",
    "aufgang",
    "bus",
    "bte",
    "boîte",
    "boite",
    "app",
    "appt",
    "appartement",
    "appartamento",
    "bât",
    "bat",
    "bâtiment",
    "batiment",
    "esc",
    "escalier",
    "escalera",
    "étage",
    "int",
    "interno",
    "scala",
    "sc",
    "piano",
    "piso",
    "puerta",
    "pta",
    "pto",
    "planta",
    "esq",
    "dto",
    "dcha",
    "izq",
    "andar",
    "lok",
    "lokal",
    "m",
    "mieszk",
    "mieszkanie",
    "кв",
    "квартира",
    "оф",
    "офис",
    "корп",
    "корпус",
    "к",
    "стр",
    "подъезд",
    "под",
    "эт",
    "этаж",
    "byt",
    "vchod",
    "lgh",
    "tr",
    "tv",
    "th",
    "mf",
    "sal",
    "st",
    "em",
    "ajtó",
    "lph",
    "lépcsőház",
    "sz",
    "bl",
    "bloc",
    "ap",
    "et",
    "daire",
    "kat",
    "hs",
    "huis",
    "unidad",
    "depto",
    "dpto",
    "interior",
    "loc",
    "local",
    "διαμ",
    "όροφος",
    "ορ",
    "호",
    "층",
    "室",
    "楼",
    "单元",
];

/// Units of countries that write the number first.
const ENGLISH_OR_FRENCH: &[&str] = &[
    "apt",
    "apartment",
    "unit",
    "suite",
    "ste",
    "flat",
    "floor",
    "fl",
    "room",
    "rm",
    "bldg",
    "lot",
    "#",
    "bte",
    "boîte",
    "boite",
    "app",
    "appt",
    "appartement",
    "bât",
    "bat",
    "bâtiment",
    "batiment",
    "esc",
    "escalier",
    "étage",
    "etage",
    "porte",
];

/// Words that stand behind the number of a floor.
const FLOOR: &[&str] = &[
    "og",
    "ug",
    "stock",
    "etage",
    "étage",
    "floor",
    "fl",
    "piso",
    "planta",
    "andar",
    "em",
    "tv",
    "th",
    "mf",
    "sal",
    "kat",
    "esq",
    "dto",
    "dcha",
    "izq",
    "piano",
    "эт",
    "этаж",
    "όροφος",
    "ορ",
    "층",
    "楼",
    "室",
    "호",
];

/// Words that say that a house number follows.
const PREFIXES: &[&str] = &[
    "nr", "no", "n", "num", "núm", "number", "nro", "č", "čp", "čísl", "д", "дом", "буд", "№", "nº", "n°", "n.º",
    "č.p", "hnr", "αρ", "αριθ", "house",
];

/// The first word of a text and what is behind it: letters and signs up to a blank, a full stop, a comma or a digit.
fn first_word(text: &str) -> (&str, &str) {
    if let Some(rest) = text.strip_prefix('#') {
        return ("#", rest);
    }
    let end = text.find(|letter: char| !letter.is_alphabetic()).unwrap_or(text.len());
    text.split_at(end)
}

fn is_listed(list: &[&str], word: &str) -> bool {
    !word.is_empty() && list.contains(&word.to_lowercase().as_str())
}

fn skip(text: &str) -> &str {
    text.trim_start_matches(|letter: char| letter.is_whitespace() || ",;./-(".contains(letter))
}

/// Whether what follows a house number is a unit: a listed word, alone or behind a floor's number ("2. OG", "II. em.",
/// "3º B").
pub(super) fn begins_unit(after: &str) -> bool {
    let text = skip(after);
    if text.len() == after.len() && !text.starts_with('#') {
        return false;
    }
    if is_listed(UNIT, first_word(text).0) {
        return true;
    }
    let is_counting = |letter: char| super::numbers::digit(letter).is_some() || "IVX".contains(letter);
    let behind = text.trim_start_matches(is_counting);
    if behind.len() == text.len() {
        return false;
    }
    if behind.starts_with(['º', 'ª', '°']) {
        return true;
    }
    let word = behind.trim_start_matches(['.', ' ']);
    is_listed(FLOOR, first_word(word).0)
}

/// Whether a text that stands before a number ends in the word of a unit, so that the number belongs to that.
pub(super) fn ends_in_unit(before: &str) -> bool {
    let text = before.trim_end().trim_end_matches('.');
    let word = text.rsplit(|letter: char| !letter.is_alphabetic() && letter != '#').next().unwrap_or_default();
    // One or two letters before a number are rather the end of a street's name: "Hauptstr", "Weg am m".
    is_listed(ENGLISH_OR_FRENCH, word) || is_listed(&["top", "stiege", "tür", "bus", "кв", "корп", "lgh", "byt"], word)
}

/// Whether a text holds the word of a unit followed by a number.
pub(super) fn mentions_unit(text: &str) -> bool {
    text.char_indices().any(|(place, letter)| super::numbers::digit(letter).is_some() && ends_in_unit(&text[..place]))
}

/// Whether a text is a unit and nothing else: "Flat 3,", "Unit 5".
pub(super) fn is_unit(text: &str) -> bool {
    let text = text.trim_matches(super::is_between);
    let (word, rest) = first_word(text);
    let rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '.');
    is_listed(ENGLISH_OR_FRENCH, word) && !rest.is_empty() && !rest.contains(|letter: char| letter.is_whitespace())
}

/// Where a unit begins behind the street of a line that writes its number first, in bytes of `text`.
pub(super) fn unit_at(text: &str) -> Option<usize> {
    let mut has_street = false;
    let mut is_word_start = true;
    for (place, letter) in text.char_indices() {
        let rest = &text[place..];
        if is_word_start && has_street {
            let (word, behind) = first_word(rest);
            let next = behind.trim_start_matches(|letter: char| letter.is_whitespace() || ".:°".contains(letter));
            let end = next.find(|letter: char| letter.is_whitespace() || letter == ',').unwrap_or(next.len());
            let value = &next[..end];
            let is_value =
                value.chars().count() == 1 || value.contains(|letter| super::numbers::digit(letter).is_some());
            if is_listed(ENGLISH_OR_FRENCH, word) && is_value {
                return Some(place);
            }
        }
        // Behind a comma: "2nd Floor", "Bâtiment Nord", a town without digits.
        if letter == ',' && has_street {
            let has_digits = rest.contains(|letter| super::numbers::digit(letter).is_some());
            let has_unit =
                rest.split(|letter: char| !letter.is_alphabetic()).any(|word| is_listed(ENGLISH_OR_FRENCH, word));
            if has_unit || !has_digits {
                return Some(place);
            }
        }
        has_street |= letter.is_alphabetic();
        is_word_start = letter.is_whitespace() || letter == ',';
    }
    None
}

/// Where the word begins that says that a house number follows, if one ends this text.
pub(super) fn prefix_at(before: &str) -> Option<usize> {
    let text = before.trim_end();
    let longest = PREFIXES.iter().filter_map(|prefix| {
        let stripped = text.trim_end_matches(['.', ':']);
        let start = stripped.char_indices().rev().nth(prefix.chars().count() - 1)?.0;
        let is_it = stripped[start..].to_lowercase() == **prefix;
        let is_word = stripped[..start].chars().next_back().is_some_and(|letter| !letter.is_alphanumeric());
        // A single letter needs a full stop or a sign to be more than a street's last letter.
        let is_marked = prefix.chars().count() > 1 || text.len() > stripped.len() || *prefix == "№";
        (is_it && is_word && is_marked).then_some(start)
    });
    longest.min()
}

/// The same for a number that follows without a blank.
pub(super) fn is_prefix_before(before: &str) -> bool {
    !before.ends_with(char::is_whitespace) && prefix_at(before).is_some()
}

/// "s/n" and "б/н": this house has no number, and the line says so.
pub(super) fn without_number(line: &str) -> Option<(usize, usize)> {
    let lower = line.to_lowercase();
    if lower.len() != line.len() {
        return None;
    }
    ["s/n", "б/н"].into_iter().find_map(|sign| {
        let place = lower.find(sign)?;
        let end = place + sign.len();
        let is_apart = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
        (is_apart(line[..place].chars().next_back()) && is_apart(line[end..].chars().next())).then_some((place, end))
    })
}

/// Whether a street begins with a single letter and a blank, which may be the house number's.
pub(super) fn begins_with_letter(street: &str) -> bool {
    let (word, rest) = first_word(street.trim_start_matches(super::is_between));
    word.chars().count() == 1 && rest.starts_with(' ') && !"NSEWnsew".contains(word)
}

/// Whether a text ends in the word of a numbered road.
pub(super) fn ends_in_highway(before: &str) -> bool {
    const HIGHWAY: &[&str] =
        &["highway", "hwy", "route", "rte", "road", "rd", "interstate", "parkway", "fm", "sr", "cr"];
    let text = before.trim_end();
    let word = text.rsplit(char::is_whitespace).next().unwrap_or_default();
    is_listed(HIGHWAY, word)
}

/// "bis", "ter", "quater": a further house of the same number.
pub(super) fn is_repetition(word: &str) -> bool {
    is_listed(&["bis", "ter", "quater", "quinquies"], word)
}

/// Letters that make a number an ordinal, always or before a word.
pub(super) fn is_ordinal(suffix: &str) -> bool {
    is_always_ordinal(suffix) || is_listed(&["e", "de", "ste", "er", "o", "os", "ος", "η"], suffix)
}

/// Letters that make a number an ordinal whatever follows.
pub(super) fn is_always_ordinal(suffix: &str) -> bool {
    is_listed(&["st", "nd", "rd", "th", "ème", "eme", "ère", "ого", "го", "я", "й", "летия", "ª", "º"], suffix)
}
