//! Dates and times as a language writes them.

use domain::language::Language;
use jiff::civil::{Date, DateTime};

/// Months, as they stand in a date.
fn months(language: Language) -> [&'static str; 12] {
    match language {
        Language::En => [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        Language::De => [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        Language::Es => [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
        Language::Fr => [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        Language::Nl => [
            "januari",
            "februari",
            "maart",
            "april",
            "mei",
            "juni",
            "juli",
            "augustus",
            "september",
            "oktober",
            "november",
            "december",
        ],
        // In the genitive, as dates are.
        Language::Pl => [
            "stycznia",
            "lutego",
            "marca",
            "kwietnia",
            "maja",
            "czerwca",
            "lipca",
            "sierpnia",
            "września",
            "października",
            "listopada",
            "grudnia",
        ],
    }
}

/// Short names of the days of a week, Monday first.
fn weekdays(language: Language) -> [&'static str; 7] {
    match language {
        Language::En => ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
        Language::De => ["Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."],
        Language::Es => ["lun", "mar", "mié", "jue", "vie", "sáb", "dom"],
        Language::Fr => ["lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."],
        Language::Nl => ["ma", "di", "wo", "do", "vr", "za", "zo"],
        Language::Pl => ["pon.", "wt.", "śr.", "czw.", "pt.", "sob.", "niedz."],
    }
}

/// A day.
pub(super) fn date(language: Language, date: Date) -> String {
    let weekday = weekdays(language)[date.weekday().to_monday_zero_offset() as usize % 7];
    let month = months(language)[(date.month() as usize + 11) % 12];
    let (day, year) = (date.day(), date.year());
    match language {
        Language::Fr if day == 1 => format!("{weekday} 1er {month} {year}"),
        Language::En | Language::Nl | Language::Fr => format!("{weekday} {day} {month} {year}"),
        Language::De => format!("{weekday}, {day}. {month} {year}"),
        Language::Es => format!("{weekday}, {day} de {month} de {year}"),
        Language::Pl => format!("{weekday}, {day} {month} {year}"),
    }
}

/// A day and a time of it, to the minute.
pub(super) fn date_time(language: Language, at: DateTime) -> String {
    let (day, hour, minute) = (date(language, at.date()), at.hour(), at.minute());
    match language {
        Language::En | Language::Pl => format!("{day}, {hour:02}:{minute:02}"),
        Language::De => format!("{day}, {hour:02}:{minute:02} Uhr"),
        Language::Es => format!("{day}, {hour}:{minute:02}"),
        Language::Fr => format!("{day} à {hour:02}:{minute:02}"),
        Language::Nl => format!("{day} om {hour:02}:{minute:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_writes_a_time_in_its_own_way() {
        let at: DateTime = "2026-03-01T09:05:59".parse().unwrap();
        let written = Language::ALL.map(|language| date_time(language, at)).join("\n");
        insta::assert_snapshot!(written, @r"
        Sun 1 March 2026, 09:05
        So., 1. März 2026, 09:05 Uhr
        dom, 1 de marzo de 2026, 9:05
        dim. 1er mars 2026 à 09:05
        zo 1 maart 2026 om 09:05
        niedz., 1 marca 2026, 09:05
        ");
        let other = Language::ALL.map(|language| date(language, "2026-08-12".parse().unwrap())).join("\n");
        insta::assert_snapshot!(other, @r"
        Wed 12 August 2026
        Mi., 12. August 2026
        mié, 12 de agosto de 2026
        mer. 12 août 2026
        wo 12 augustus 2026
        śr., 12 sierpnia 2026
        ");
    }
}
