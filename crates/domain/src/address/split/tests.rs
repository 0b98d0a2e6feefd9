use proptest::prelude::*;

use super::*;

/// How a line is read, in one line.
fn read(line: &str, country: &str) -> String {
    let shown = |split: &Split<'_>| {
        assert_eq!(split.join(), line);
        let part = |part: Option<&str>| part.unwrap_or("-").to_owned();
        format!("{} · {} · {}", part(split.street()), part(split.house_number()), part(split.unit()))
    };
    match split(line, Some(country)) {
        Reading::Sure(split) => shown(&split),
        Reading::Unsure(ways) => format!("? {}", ways.iter().map(shown).collect::<Vec<_>>().join(" ? ")),
    }
}

#[test]
fn c1_every_hard_case_is_split_without_loss_or_left_to_a_person() {
    let lines = [
        ("DE", "Straße des 17. Juni 135"),
        ("DE", "Hauptstr.12a"),
        ("DE", "Hauptstraße12"),
        ("DE", "Hauptstraße, 12"),
        ("DE", "Hauptstraße - 12"),
        ("DE", "Hauptstraße 12-14"),
        ("DE", "Hauptstraße 12 – 14 b"),
        ("DE", "Hauptstraße 12 a, Hinterhaus"),
        ("DE", "Hauptstraße Nr. 12"),
        ("DE", "Hauptstraße 12, 2. OG links"),
        ("DE", "Q5 14"),
        ("DE", "Hauptstraße 12 14"),
        ("DE", "12 Hauptstraße"),
        ("DE", "Schloss Neuschwanstein"),
        ("DE", "Platz der 5 Kirchen"),
        ("AT", "Hauptstraße 12/3/4"),
        ("AT", "Hauptstraße 12 Top 5"),
        ("NL", "Plein 1944 12"),
        ("NL", "1e Helmersstraat 3-III"),
        ("NL", "Kerkstraat 12 hs"),
        ("BE", "Rue de la Loi, 16 bte 3"),
        ("DK", "Vestergade 12, 3. tv."),
        ("IT", "Via XX Settembre 20"),
        ("IT", "Via 4 Novembre 12"),
        ("ES", "Calle Mayor 5, 2º B"),
        ("ES", "Camino de la Fuente s/n"),
        ("ES", "Carretera N-340 km 12,5"),
        ("PT", "Rua 1º de Maio 5, 3º Esq"),
        ("PL", "ul. Długa 5/7 m. 3"),
        ("CZ", "Dlouhá č.p. 123"),
        ("HU", "Fő utca 12. II. em. 3."),
        ("RU", "ул. 9 Мая, д. 5, корп. 2, кв. 3"),
        ("GR", "Ερμού 12"),
        ("KR", "세종대로 110"),
        ("CN", "南京路100号"),
        ("JP", "丸の内1-1-1"),
        ("FR", "12 bis rue de la Paix"),
        ("FR", "12, rue du 8 Mai 1945"),
        ("FR", "12, rue Victor Hugo, Bât. B"),
        ("FR", "rue Victor Hugo 12"),
        ("US", "350 5th Ave Apt 4B"),
        ("US", "350 5th Avenue, 2nd Floor"),
        ("US", "12 1/2 Main St"),
        ("US", "123 Highway 10"),
        ("US", "123 N Main St #5"),
        ("US", "123 A Street"),
        ("GB", "221B Baker Street"),
        ("GB", "Flat 3, 12 High Street"),
        ("GB", "Flat 3, 12 High Street, Unit 4"),
        ("AU", "Unit 5, 12-14 Pitt Street"),
        ("CO", "Calle 10 # 5-20"),
    ];
    let told: Vec<_> =
        lines.iter().map(|(country, line)| format!("{country} {line} = {}", read(line, country))).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    DE Straße des 17. Juni 135 = Straße des 17. Juni · 135 · -
    DE Hauptstr.12a = Hauptstr. · 12a · -
    DE Hauptstraße12 = Hauptstraße · 12 · -
    DE Hauptstraße, 12 = Hauptstraße · 12 · -
    DE Hauptstraße - 12 = Hauptstraße · 12 · -
    DE Hauptstraße 12-14 = Hauptstraße · 12-14 · -
    DE Hauptstraße 12 – 14 b = Hauptstraße · 12 – 14 b · -
    DE Hauptstraße 12 a, Hinterhaus = Hauptstraße · 12 a · Hinterhaus
    DE Hauptstraße Nr. 12 = Hauptstraße · Nr. 12 · -
    DE Hauptstraße 12, 2. OG links = Hauptstraße · 12 · 2. OG links
    DE Q5 14 = Q5 · 14 · -
    DE Hauptstraße 12 14 = ? Hauptstraße 12 14 · - · - ? Hauptstraße 12 · 14 · -
    DE 12 Hauptstraße = ? 12 Hauptstraße · - · - ? Hauptstraße · 12 · -
    DE Schloss Neuschwanstein = Schloss Neuschwanstein · - · -
    DE Platz der 5 Kirchen = ? Platz der 5 Kirchen · - · - ? Platz der · 5 · Kirchen
    AT Hauptstraße 12/3/4 = Hauptstraße · 12/3/4 · -
    AT Hauptstraße 12 Top 5 = Hauptstraße · 12 · Top 5
    NL Plein 1944 12 = ? Plein 1944 12 · - · - ? Plein 1944 · 12 · -
    NL 1e Helmersstraat 3-III = 1e Helmersstraat · 3-III · -
    NL Kerkstraat 12 hs = Kerkstraat · 12 · hs
    BE Rue de la Loi, 16 bte 3 = Rue de la Loi · 16 · bte 3
    DK Vestergade 12, 3. tv. = Vestergade · 12 · 3. tv.
    IT Via XX Settembre 20 = Via XX Settembre · 20 · -
    IT Via 4 Novembre 12 = ? Via 4 Novembre 12 · - · - ? Via 4 Novembre · 12 · -
    ES Calle Mayor 5, 2º B = Calle Mayor · 5 · 2º B
    ES Camino de la Fuente s/n = Camino de la Fuente · s/n · -
    ES Carretera N-340 km 12,5 = ? Carretera N-340 km 12,5 · - · - ? Carretera N-340 km 12 · 5 · -
    PT Rua 1º de Maio 5, 3º Esq = Rua 1º de Maio · 5 · 3º Esq
    PL ul. Długa 5/7 m. 3 = ul. Długa · 5/7 · m. 3
    CZ Dlouhá č.p. 123 = Dlouhá · č.p. 123 · -
    HU Fő utca 12. II. em. 3. = Fő utca · 12 · II. em. 3.
    RU ул. 9 Мая, д. 5, корп. 2, кв. 3 = ул. 9 Мая · д. 5 · корп. 2, кв. 3
    GR Ερμού 12 = Ερμού · 12 · -
    KR 세종대로 110 = 세종대로 · 110 · -
    CN 南京路100号 = 南京路 · 100号 · -
    JP 丸の内1-1-1 = ? 丸の内1-1-1 · - · - ? 丸の内 · 1-1-1 · -
    FR 12 bis rue de la Paix = rue de la Paix · 12 bis · -
    FR 12, rue du 8 Mai 1945 = ? 12, rue du 8 Mai 1945 · - · - ? rue du 8 Mai 1945 · 12 · -
    FR 12, rue Victor Hugo, Bât. B = rue Victor Hugo · 12 · Bât. B
    FR rue Victor Hugo 12 = ? rue Victor Hugo 12 · - · - ? rue Victor Hugo · 12 · -
    US 350 5th Ave Apt 4B = 5th Ave · 350 · Apt 4B
    US 350 5th Avenue, 2nd Floor = 5th Avenue · 350 · 2nd Floor
    US 12 1/2 Main St = Main St · 12 1/2 · -
    US 123 Highway 10 = Highway 10 · 123 · -
    US 123 N Main St #5 = N Main St · 123 · #5
    US 123 A Street = ? 123 A Street · - · - ? A Street · 123 · -
    GB 221B Baker Street = Baker Street · 221B · -
    GB Flat 3, 12 High Street = High Street · 12 · Flat 3
    GB Flat 3, 12 High Street, Unit 4 = ? Flat 3, 12 High Street, Unit 4 · - · - ? High Street · 12 · Flat 3
    AU Unit 5, 12-14 Pitt Street = Pitt Street · 12-14 · Unit 5
    CO Calle 10 # 5-20 = ? Calle 10 # 5-20 · - · - ? Calle · 10 · # 5-20
    ");
}

/// A country with streets, the ways it writes numbers and units, and whether the number comes first.
struct Ways {
    country: &'static str,
    is_number_first: bool,
    streets: [&'static str; 5],
    numbers: [&'static str; 5],
    /// What stands between number and unit, and the unit.
    units: [(&'static str, &'static str); 4],
}

const NONE: (&str, &str) = ("", "");

const COUNTRIES: [Ways; 20] = [
    Ways {
        country: "DE",
        is_number_first: false,
        streets: ["Straße des 17. Juni", "Hauptstr.", "Am Großen Wannsee", "Q5", "Straße 76"],
        numbers: ["135", "12a", "12 b", "12-14", "Nr. 7"],
        units: [NONE, (", ", "Hinterhaus"), (" ", "2. OG links"), (" // ", "Whg. 12")],
    },
    Ways {
        country: "AT",
        is_number_first: false,
        streets: ["Mariahilfer Straße", "Straße des 1. Mai", "Am Graben", "Landstraßer Hauptstraße", "Zeile 3"],
        numbers: ["12", "12/3/4", "7-9", "5a", "1"],
        units: [NONE, (" ", "Top 5"), (", ", "Stiege 2"), (" ", "Tür 14")],
    },
    Ways {
        country: "CH",
        is_number_first: false,
        streets: ["Bahnhofstrasse", "Rue du Rhône", "Via Nassa", "Rue du 31-Décembre", "Chemin des Fleurs"],
        numbers: ["1", "12a", "3 b", "10-12", "45"],
        units: [NONE, (", ", "Hinterhaus"), (", ", "3. Etage"), (" ", "App. 3")],
    },
    Ways {
        country: "NL",
        is_number_first: false,
        streets: ["Kerkstraat", "1e Helmersstraat", "Plein 1944", "'s-Gravenhekje", "Laan van Meerdervoort"],
        numbers: ["12", "12-3", "3-III", "7a", "100 b"],
        units: [NONE, (" ", "hs"), (", ", "achterhuis"), (" ", "unit 4")],
    },
    Ways {
        country: "BE",
        is_number_first: false,
        streets: [
            "Rue de la Loi",
            "Wetstraat",
            "Avenue du 11 Novembre",
            "Place Sainte-Catherine",
            "Boulevard Général Jacques",
        ],
        numbers: ["16", "16A", "5 bis", "12-14", "200"],
        units: [NONE, (" ", "bte 3"), (" ", "bus 12"), (", ", "étage 2")],
    },
    Ways {
        country: "DK",
        is_number_first: false,
        streets: ["Vestergade", "Gammel Kongevej", "H.C. Andersens Boulevard", "Nørre Allé", "Christian 10. Gade"],
        numbers: ["12", "12B", "7 A", "101", "3-5"],
        units: [NONE, (", ", "3. tv."), (", ", "st. th"), (" ", "2. mf")],
    },
    Ways {
        country: "SE",
        is_number_first: false,
        streets: ["Drottninggatan", "Stora Nygatan", "S:t Eriksgatan", "Kvarteret 5 Träd", "Vasagatan"],
        numbers: ["12", "12 A", "5B", "10-12", "99"],
        units: [NONE, (", ", "lgh 1203"), (" ", "lgh 4"), (", ", "uppgång norr")],
    },
    Ways {
        country: "PL",
        is_number_first: false,
        streets: ["ul. Długa", "al. Jana Pawła II", "ul. 3 Maja", "pl. Wolności", "os. Tysiąclecia"],
        numbers: ["5", "5/7", "12A", "100", "3-5"],
        units: [NONE, (" ", "m. 3"), (", ", "lok. 12"), (" ", "mieszkanie 4")],
    },
    Ways {
        country: "CZ",
        is_number_first: false,
        streets: ["Dlouhá", "třída 28. října", "nám. Míru", "Na Příkopě", "Pod Kaštany"],
        numbers: ["123", "123/5", "č.p. 45", "12a", "7"],
        units: [NONE, (", ", "byt 4"), (", ", "vchod B"), (" ", "byt 12")],
    },
    Ways {
        country: "HU",
        is_number_first: false,
        streets: ["Fő utca", "Petőfi Sándor utca", "Október 6 utca", "Andrássy út", "Rákóczi tér"],
        numbers: ["12", "12/A", "3-5", "101", "7"],
        units: [NONE, (". ", "II. em. 3"), (", ", "1. em. 2"), (" ", "ajtó 5")],
    },
    Ways {
        country: "IT",
        is_number_first: false,
        streets: [
            "Via Roma",
            "Via XX Settembre",
            "Via 4 Novembre",
            "Piazza della Repubblica",
            "Corso Vittorio Emanuele II",
        ],
        numbers: ["5", "12/A", "7 bis", "100", "n. 3"],
        units: [NONE, (", ", "interno 4"), (" ", "scala B"), (", ", "piano 2")],
    },
    Ways {
        country: "ES",
        is_number_first: false,
        streets: ["Calle Mayor", "Avda. de la Constitución", "Plaza 2 de Mayo", "Paseo del Prado", "Camino Viejo"],
        numbers: ["5", "12", "s/n", "7 bis", "nº 3"],
        units: [NONE, (", ", "2º B"), (", ", "escalera 3"), (" ", "piso 4")],
    },
    Ways {
        country: "PT",
        is_number_first: false,
        streets: ["Rua Augusta", "Rua 1º de Maio", "Av. da Liberdade", "Travessa do Carmo", "Rua 25 de Abril"],
        numbers: ["5", "12A", "100", "7-9", "nº 3"],
        units: [NONE, (", ", "3º Esq"), (", ", "andar 2"), (" ", "2º Dto")],
    },
    Ways {
        country: "RU",
        is_number_first: false,
        streets: ["ул. Ленина", "ул. 9 Мая", "Невский проспект", "пр-т Мира", "ул. 1-я Тверская"],
        numbers: ["д. 5", "дом 12", "7", "10/2", "15А"],
        units: [NONE, (", ", "кв. 3"), (", ", "корп. 2, кв. 7"), (" ", "оф. 12")],
    },
    Ways {
        country: "GR",
        is_number_first: false,
        streets: ["Ερμού", "Λεωφόρος Κηφισίας", "25ης Μαρτίου", "Πατησίων", "Αγίου Δημητρίου"],
        numbers: ["12", "12Α", "7-9", "100", "3"],
        units: [NONE, (", ", "διαμ. 3"), (", ", "όροφος 2"), (", ", "ισόγειο")],
    },
    Ways {
        country: "KR",
        is_number_first: false,
        streets: ["세종대로", "테헤란로", "강남대로", "을지로", "종로"],
        numbers: ["110", "12-3", "7", "100", "521"],
        units: [NONE, (", ", "삼성타워"), (", ", "별관"), (", ", "본관")],
    },
    Ways {
        country: "FR",
        is_number_first: true,
        streets: [
            "rue de la Paix",
            "rue du 8 Mai 1945",
            "avenue des Champs-Élysées",
            "place du 11 Novembre",
            "impasse des Lilas",
        ],
        numbers: ["12", "12 bis", "7B", "3-5", "100"],
        units: [NONE, (", ", "Bât. B"), (" ", "appt 4"), (", ", "étage 2")],
    },
    Ways {
        country: "US",
        is_number_first: true,
        streets: ["Main St", "5th Avenue", "N Michigan Ave", "Highway 10", "A Street"],
        numbers: ["350", "12 1/2", "221B", "1600", "10-12"],
        units: [NONE, (" ", "Apt 4B"), (", ", "2nd Floor"), (" ", "#5")],
    },
    Ways {
        country: "GB",
        is_number_first: true,
        streets: ["High Street", "Baker Street", "St John's Road", "The 2 Mile Lane", "Queen's Gate"],
        numbers: ["12", "221B", "10-14", "7a", "100"],
        units: [NONE, (", ", "Flat 3"), (" ", "Unit 12"), (", ", "Garden Court")],
    },
    Ways {
        country: "AU",
        is_number_first: true,
        streets: ["Pitt Street", "George St", "Anzac Parade", "The Esplanade", "Highway 1"],
        numbers: ["12", "12-14", "7A", "100", "3/25"],
        units: [NONE, (" ", "Unit 5"), (", ", "Suite 3"), (", ", "Garden Court")],
    },
];

/// What stands between street and number.
const GAPS_LAST: [&str; 4] = [" ", ", ", "  ", ""];
const GAPS_FIRST: [&str; 4] = [" ", ", ", "  ", " "];

/// 2,000 addresses: twenty countries, five streets, five numbers and four units each, in four ways to write the gap.
fn made() -> impl Iterator<Item = (String, [&'static str; 3], &'static str)> {
    COUNTRIES.iter().flat_map(|ways| {
        (0..100).map(move |turn| {
            let (street, number, (gap, unit)) =
                (ways.streets[turn % 5], ways.numbers[turn / 5 % 5], ways.units[turn / 25]);
            let gaps = if ways.is_number_first { GAPS_FIRST } else { GAPS_LAST };
            let between = match gaps[(turn + turn / 5) % 4] {
                // Without a blank only a bare number can follow, and only a word of more than two letters.
                "" if !number.starts_with(|letter: char| letter.is_ascii_digit())
                    || street.ends_with(char::is_numeric) =>
                {
                    " "
                }
                between => between,
            };
            let line = if ways.is_number_first {
                format!("{number}{between}{street}{gap}{unit}")
            } else {
                format!("{street}{between}{number}{gap}{unit}")
            };
            (line, [street, number, unit], ways.country)
        })
    })
}

#[test]
fn c1_two_thousand_addresses_are_split_wrapped_and_joined_without_losing_a_character_and_never_wrongly() {
    let (mut sure, mut unsure, mut wrong) = (0, 0, Vec::new());
    for (line, [street, number, unit], country) in made() {
        match split(&line, Some(country)) {
            Reading::Sure(found) => {
                assert_eq!(found.join(), line);
                let read = [found.street(), found.house_number(), found.unit()].map(Option::unwrap_or_default);
                if read == [street, number, unit] {
                    sure += 1;
                } else {
                    wrong.push(format!("{country} {line:?}: {read:?}"));
                }
            }
            Reading::Unsure(ways) => {
                unsure += 1;
                assert!(ways.len() > 1, "{country} {line:?} shows one version only");
                for way in ways {
                    assert_eq!(way.join(), line);
                }
            }
        }
        for (most, longest) in [(1, 60), (2, 35), (3, 30), (3, 20)] {
            if let Some(wrapping) = crate::address::Wrapping::of(&[&line, unit], most, longest) {
                assert_eq!(wrapping.join(), [line.as_str(), unit]);
                assert!(wrapping.lines().all(|line| line.chars().count() <= longest));
            }
        }
    }
    assert_eq!(sure + unsure + wrong.len(), 2000);
    assert!(wrong.is_empty(), "{} are split wrongly:\n{}", wrong.len(), wrong.join("\n"));
    insta::assert_snapshot!(format!("{sure} are sure, {unsure} wait for a person"), @"1656 are sure, 344 wait for a person");
}

proptest! {
    #[test]
    fn c1_parts_joined_are_the_line_again_whatever_it_is(
        line in prop_oneof!["\\PC{0,40}", "[A-Za-zäß0-9 .,/#-]{0,40}", "([A-Za-zß]{1,6}[ .,]{0,2}|[0-9]{1,3}[ ,./-]?){0,8}"],
        country in prop::sample::select(vec!["DE", "US", "FR", "HU", "JP", "CN", "NL", "ES", "ZZ"]),
    ) {
        match split(&line, Some(country)) {
            Reading::Sure(split) => prop_assert_eq!(split.join(), line),
            Reading::Unsure(ways) => {
                for way in ways {
                    prop_assert_eq!(way.join(), line.clone());
                }
            }
        }
    }
}
