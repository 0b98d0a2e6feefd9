//! Countries by their names. The English ones are the public-domain `iso3166.tab` of the IANA time zone database, with its
//! abbreviations written out; the others are those of the Unicode CLDR, under the licence beside the table.

use domain::language::Language;

/// A code, then its name in each language, in the order of [`Language::ALL`].
const TABLE: &str = include_str!("countries.tsv");

/// A country's name; a code nobody listed stays a code.
pub(super) fn name(code: &str, language: Language) -> &str {
    let listed = TABLE.lines().filter_map(|line| line.split_once('\t')).find(|(listed, _)| *listed == code);
    listed.and_then(|(_, names)| names.split('\t').nth(language as usize)).unwrap_or(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_a_name_in_every_language() {
        for line in TABLE.lines() {
            let cells: Vec<_> = line.split('\t').collect();
            assert_eq!(cells.len(), 1 + Language::ALL.len(), "{line}");
            assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{line}");
        }
        assert_eq!(Language::ALL.map(|language| name("DE", language)).join(", "), {
            "Germany, Deutschland, Alemania, Allemagne, Duitsland, Niemcy"
        });
        assert_eq!(name("ZZ", Language::Pl), "ZZ");
    }
}
