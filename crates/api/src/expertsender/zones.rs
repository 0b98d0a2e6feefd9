//! Time zones by the names clients use: IANA's (`Europe/Warsaw`) and Windows's (`Pacific Standard Time`).

use jiff::tz::TimeZone;

/// The territory under which CLDR lists what a Windows name means all over the world.
const WORLD: &str = "001";

/// The zone with this name; `None` when nobody calls one so.
pub fn zone(name: &str) -> Option<TimeZone> {
    let known = |name: &str| TimeZone::get(name).ok().filter(|zone| !zone.is_unknown());
    known(name).or_else(|| known(localzone::win_zone_to_iana(name, Some(WORLD))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_known_by_both_names() {
        let named = |name: &str| zone(name).and_then(|zone| zone.iana_name().map(str::to_owned));
        for (name, iana) in [
            ("UTC", "UTC"),
            ("Europe/Warsaw", "Europe/Warsaw"),
            ("europe/warsaw", "Europe/Warsaw"),
            ("Pacific Standard Time", "America/Los_Angeles"),
            ("Central European Standard Time", "Europe/Warsaw"),
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("India Standard Time", "Asia/Calcutta"),
            ("Tokyo Standard Time", "Asia/Tokyo"),
        ] {
            assert_eq!(named(name).as_deref(), Some(iana), "{name}");
        }
        for name in ["", "Local", "Mars Standard Time", "Europe/Atlantis", "Etc/Unknown", "+02:00"] {
            assert_eq!(named(name), None, "{name}");
        }
    }
}
