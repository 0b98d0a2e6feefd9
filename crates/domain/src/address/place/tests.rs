use super::*;

/// An address written `country postal code|state|city|street`.
fn at(written: &str) -> Address {
    let mut fields = written.split('|').map(|text| (!text.is_empty()).then(|| text.to_owned()));
    let mut next = || fields.next().flatten();
    Address {
        country: next(),
        postal_code: next(),
        state: next(),
        city: next(),
        street1: next(),
        street2: next(),
        ..Address::default()
    }
}

#[test]
fn c5_special_places_are_recognised_and_their_neighbours_are_not() {
    let addresses = [
        "US|10001|NY|New York|PO Box 12",
        "US|10001|NY|New York|P.O. Box 12",
        "US|10001|NY|New York|12 Poboxer Street",
        "DE|10115||Berlin|Postfach 12 34 56",
        "FR|75001||Paris|BP 123",
        "FR|75001||Paris|12 rue de la BP",
        "ES|28001||Madrid|Apartado de Correos 5",
        "RU|101000||Москва|а/я 15",
        "DE|10115||Berlin|Packstation 123",
        "DE|10115||Berlin|1234567|Packstation 123",
        "DE|10115||Berlin|Postfiliale 501",
        "PL|00-001||Warszawa|Paczkomat WAW01A",
        "US|09012|AE|APO|PSC 1 Box 5",
        "US|96601|AP|FPO|Unit 5",
        "US|34002||DPO|Unit 9900",
        "US|36104|US-AL|Montgomery|1 Capo Street",
        "GB|BF1 3AA||BFPO 12|1 Regiment",
        "US|99501|AK|Anchorage|1 Main St",
        "US|96813|HI|Honolulu|1 Main St",
        "PR|00901||San Juan|1 Calle",
        "US|00901|PR|San Juan|1 Calle",
        "US|96910|GU|Hagåtña|1 Road",
        "ES|35001||Las Palmas|Calle 1",
        "ES|38001||Santa Cruz|Calle 1",
        "IC|35001||Las Palmas|Calle 1",
        "ES|51001||Ceuta|Calle 1",
        "ES|52001||Melilla|Calle 1",
        "ES|07001||Palma|Calle 1",
        "ES|28035||Madrid|Calle Ceuta 5",
        "PT|9000-001||Funchal|Rua 1",
        "PT|1000-001||Lisboa|Rua 1",
        "GB|BT1 1AA||Belfast|1 High Street",
        "GB|B1 1AA||Birmingham|1 High Street",
        "GB|je2 3ab||St Helier|1 High Street",
        "GG|GY1 1AA||St Peter Port|1 High Street",
        "GB|IM1 1AA||Douglas|1 High Street",
        "FR|97400||Saint-Denis|1 rue",
        "RE|97400||Saint-Denis|1 rue",
        "FR|98800||Nouméa|1 rue",
        "FR|20000||Ajaccio|1 rue",
        "FR|21000||Dijon|1 rue",
        "FI|22100||Mariehamn|Gatan 1",
        "AX|22100||Mariehamn|Gatan 1",
        "NO|9170||Longyearbyen|Vei 1",
        "IT|23041||Livigno|Via 1",
        "IT|22061||Campione d'Italia|Via 1",
        "DE|78266||Büsingen am Hochrhein|Weg 1",
        "CH|8238||Büsingen|Weg 1",
        "DE|27498||Helgoland|Weg 1",
        "GR|630 86||Karyes|Οδός 1",
        "IT|47890||San Marino|Via 1",
        "IT|00120||Città del Vaticano|Via 1",
        "FO|100||Tórshavn|Gøta 1",
        "CH|7563||Samnaun|Weg 1",
        "RU|236000||Калининград|ул. 1",
    ];
    let told = addresses.map(|written| {
        let kinds = at(written).places().kinds();
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        format!("{written} = {}", if names.is_empty() { "-".to_owned() } else { names.join(", ") })
    });
    insta::assert_snapshot!(told.join("\n"), @"
    US|10001|NY|New York|PO Box 12 = a post-office box
    US|10001|NY|New York|P.O. Box 12 = a post-office box
    US|10001|NY|New York|12 Poboxer Street = -
    DE|10115||Berlin|Postfach 12 34 56 = a post-office box
    FR|75001||Paris|BP 123 = a post-office box
    FR|75001||Paris|12 rue de la BP = -
    ES|28001||Madrid|Apartado de Correos 5 = a post-office box
    RU|101000||Москва|а/я 15 = a post-office box
    DE|10115||Berlin|Packstation 123 = a parcel locker
    DE|10115||Berlin|1234567|Packstation 123 = a parcel locker
    DE|10115||Berlin|Postfiliale 501 = a counter of the post
    PL|00-001||Warszawa|Paczkomat WAW01A = a parcel locker
    US|09012|AE|APO|PSC 1 Box 5 = military post
    US|96601|AP|FPO|Unit 5 = military post
    US|34002||DPO|Unit 9900 = military post
    US|36104|US-AL|Montgomery|1 Capo Street = -
    GB|BF1 3AA||BFPO 12|1 Regiment = military post
    US|99501|AK|Anchorage|1 Main St = in Alaska or Hawaii
    US|96813|HI|Honolulu|1 Main St = in Alaska or Hawaii
    PR|00901||San Juan|1 Calle = in a territory of the United States
    US|00901|PR|San Juan|1 Calle = in a territory of the United States
    US|96910|GU|Hagåtña|1 Road = in a territory of the United States
    ES|35001||Las Palmas|Calle 1 = in the Canary Islands
    ES|38001||Santa Cruz|Calle 1 = in the Canary Islands
    IC|35001||Las Palmas|Calle 1 = in the Canary Islands
    ES|51001||Ceuta|Calle 1 = in Ceuta
    ES|52001||Melilla|Calle 1 = in Melilla
    ES|07001||Palma|Calle 1 = in the Balearic Islands
    ES|28035||Madrid|Calle Ceuta 5 = -
    PT|9000-001||Funchal|Rua 1 = in the Azores or Madeira
    PT|1000-001||Lisboa|Rua 1 = -
    GB|BT1 1AA||Belfast|1 High Street = in Northern Ireland
    GB|B1 1AA||Birmingham|1 High Street = -
    GB|je2 3ab||St Helier|1 High Street = in the Channel Islands
    GG|GY1 1AA||St Peter Port|1 High Street = in the Channel Islands
    GB|IM1 1AA||Douglas|1 High Street = on the Isle of Man
    FR|97400||Saint-Denis|1 rue = in the French overseas departments or territories
    RE|97400||Saint-Denis|1 rue = in the French overseas departments or territories
    FR|98800||Nouméa|1 rue = in the French overseas departments or territories
    FR|20000||Ajaccio|1 rue = in Corsica
    FR|21000||Dijon|1 rue = -
    FI|22100||Mariehamn|Gatan 1 = in Åland
    AX|22100||Mariehamn|Gatan 1 = in Åland
    NO|9170||Longyearbyen|Vei 1 = in Svalbard or Jan Mayen
    IT|23041||Livigno|Via 1 = in Livigno
    IT|22061||Campione d'Italia|Via 1 = in Campione d'Italia
    DE|78266||Büsingen am Hochrhein|Weg 1 = in Büsingen
    CH|8238||Büsingen|Weg 1 = in Büsingen
    DE|27498||Helgoland|Weg 1 = on Heligoland
    GR|630 86||Karyes|Οδός 1 = on Mount Athos
    IT|47890||San Marino|Via 1 = in San Marino
    IT|00120||Città del Vaticano|Via 1 = in the Vatican
    FO|100||Tórshavn|Gøta 1 = in the Faroe Islands or Greenland
    CH|7563||Samnaun|Weg 1 = in Samnaun
    RU|236000||Калининград|ул. 1 = in Kaliningrad
    ");
    let boxed = Address { po_box: Some("12".to_owned()), ..at("DE|10115||Berlin|") };
    assert_eq!(boxed.places(), Places::of(&[PlaceKind::PoBox]));
}
