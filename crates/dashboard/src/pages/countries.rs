//! Countries by their English names. The table is the public-domain `iso3166.tab` of the IANA time zone database, with
//! its abbreviations written out.

const TABLE: &str = include_str!("countries.tsv");

/// A country's name; a code nobody listed stays a code.
pub(super) fn name(code: &str) -> &str {
    let listed = TABLE.lines().filter_map(|line| line.split_once('\t')).find(|(listed, _)| *listed == code);
    listed.map_or(code, |(_, name)| name)
}
