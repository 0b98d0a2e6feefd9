//! Good and bad sheets and settings.

use proptest::prelude::*;

use super::*;

#[test]
fn every_mistake_of_a_sheet_is_named_by_line_column_value_and_reason() {
    let sheet = "service,zone,countries,postal_prefixes,min_weight_kg,max_weight_kg,price,currency,transit_days,name,\
                 fuel_percent,surcharges,oversize_over_cm,oversize_price,volumetric_divisor,max_length_cm,\
                 max_girth_cm,max_parcels
standard,home,DE,,0,5,4.90,EUR,2,Standard,,,,,,,,
standard,home,DE,,3,8,8.90,EUR,2,Normal,,,,,,,,
stan dard,,Germany,10*,-1,heavy,\"4,90\",EURO,soon,,,,,,,,,
standard,home,UK;EL;DE,20-1,5,5,1e3,XAU,1.5,,x%,peak,120,,0,long,-1,0
standard,home,*;DE,200-10,0.0000001,9999999,99999999999,eur,400,,1001,fuel=1;x=2,,5,,,,
standard,world,*,10,0,5,1_000,EUR,2,,,a=1;a=2,,,,,,
standard,home,DE,10;10-1A;ABCDEFGHIJK,0,5,4.90

,,,,,,,,,,,,,,,,,
express,home,AT,,0,5,4.90,EUR,2,,,,,,4000,,,
express,home,AT;BE,,5,9,4.90,EUR,2,,,,,,5000,,,
express,other,BE;NL,,8,12,4.90,EUR,2,,,=1,,,5000,,,
express,other,BE;NL,,8,12,4.90,EUR,2,,,,,,5000,,,
";
    insta::assert_snapshot!(mistakes(sheet), @r#"
    rate_sheet/3/name: line 3, name: "Normal": line 2 calls the service "Standard"
    rate_sheet/4/service: line 4, service: "stan dard": expected 1 to 64 letters, digits, - _ or .
    rate_sheet/4/zone: line 4, zone: nothing stands here: what people call the place; shown when nothing fits
    rate_sheet/4/countries: line 4, countries: "Germany": no ISO 3166 code of two letters
    rate_sheet/4/postal_prefixes: line 4, postal_prefixes: "10*": expected a prefix such as 10 or a range such as
        10115-10999
    rate_sheet/4/min_weight_kg: line 4, min_weight_kg: "-1": expected digits and a point, such as 31.5
    rate_sheet/4/max_weight_kg: line 4, max_weight_kg: "heavy": expected digits and a point, such as 31.5
    rate_sheet/4/price: line 4, price: "4,90": expected digits and a point, such as 4.90
    rate_sheet/4/currency: line 4, currency: "EURO": no currency of ISO 4217 with minor units; expected such as
        EUR
    rate_sheet/4/transit_days: line 4, transit_days: "soon": expected whole days, 0 to 365
    rate_sheet/5/countries: line 5, countries: "UK;EL;DE": ISO 3166 calls the United Kingdom GB
    rate_sheet/5/postal_prefixes: line 5, postal_prefixes: "20-1": both ends of a range have the same length;
        write a prefix without its dash
    rate_sheet/5/price: line 5, price: "1e3": expected digits and a point, such as 4.90
    rate_sheet/5/currency: line 5, currency: "XAU": no currency of ISO 4217 with minor units; expected such as EUR
    rate_sheet/5/transit_days: line 5, transit_days: "1.5": expected whole days, 0 to 365
    rate_sheet/5/fuel_percent: line 5, fuel_percent: "x%": expected digits and a point, such as 12.5
    rate_sheet/5/surcharges: line 5, surcharges: "peak": expected such as peak=1.50;residential=5%
    rate_sheet/5/oversize_price: line 5, oversize_price: nothing stands here: see oversize_over_cm
    rate_sheet/5/volumetric_divisor: line 5, volumetric_divisor: "0": expected more than zero, such as 5000
    rate_sheet/5/max_length_cm: line 5, max_length_cm: "long": expected digits and a point, such as 120
    rate_sheet/5/max_girth_cm: line 5, max_girth_cm: "-1": expected digits and a point, such as 120
    rate_sheet/5/max_parcels: line 5, max_parcels: "0": expected a whole number from 1
    rate_sheet/5/max_weight_kg: line 5, max_weight_kg: "5": expected more than min_weight_kg
    rate_sheet/6/countries: line 6, countries: "*;DE": * stands alone, for the rest of the world
    rate_sheet/6/postal_prefixes: line 6, postal_prefixes: "200-10": both ends of a range have the same length;
        write a prefix without its dash
    rate_sheet/6/min_weight_kg: line 6, min_weight_kg: "0.0000001": expected at most 6 digits after the point
    rate_sheet/6/max_weight_kg: line 6, max_weight_kg: "9999999": expected at most 1000000
    rate_sheet/6/price: line 6, price: "99999999999": expected at most 10000000
    rate_sheet/6/transit_days: line 6, transit_days: "400": expected whole days, 0 to 365
    rate_sheet/6/fuel_percent: line 6, fuel_percent: "1001": expected at most 1000
    rate_sheet/6/surcharges: line 6, surcharges: "fuel=1;x=2": fuel has columns of its own
    rate_sheet/6/oversize_over_cm: line 6, oversize_over_cm: nothing stands here: a parcel whose longest side is
        longer costs oversize_price more
    rate_sheet/7/price: line 7, price: "1_000": expected digits and a point, such as 4.90
    rate_sheet/7/surcharges: line 7, surcharges: "a=1;a=2": a stands here twice
    rate_sheet/7/postal_prefixes: line 7, postal_prefixes: "10": * is the rest of the world and has no postal
        codes: name the countries
    rate_sheet/8: line 8: 7 cells for 18 columns; a cell with a comma in it is written in double quotes
    rate_sheet/12/volumetric_divisor: line 12, volumetric_divisor: line 11 has another one for service express in
        AT
    rate_sheet/13/surcharges: line 13, surcharges: "=1": a surcharge has a name, such as peak=1.50
    rate_sheet/14/min_weight_kg: line 14, min_weight_kg: 8 to 12 kg overlaps 5 to 9 kg in line 12: two prices of
        service express in BE
    "#);
}

#[test]
fn a_wrong_first_line_is_the_only_thing_named() {
    let first_lines = [
        "",
        "\u{feff}\r\n\r\n",
        "service;zone;countries\nstandard;home;DE\n",
        "service,zone,zone,kind,,countries,postal_prefixes,min_weight_kg,max_weight_kg,price,currency\nx,y\n",
        COLUMNS,
    ];
    insta::assert_snapshot!(first_lines.map(mistakes).join("\n---\n"), @r#"
    rate_sheet: the sheet is empty: expected a first line with the columns' names
    ---
    rate_sheet: the sheet is empty: expected a first line with the columns' names
    ---
    rate_sheet/1: line 1: the columns are parted by something else: expected commas
    ---
    rate_sheet/1/columns: line 1, columns: "zone": the column stands here twice
    rate_sheet/1/columns: line 1, columns: "kind": no such column; there are service, zone, countries,
        postal_prefixes, min_weight_kg, max_weight_kg, price, currency, transit_days, name, routing_code,
        fuel_percent, surcharges, oversize_over_cm, oversize_price, volumetric_divisor, max_length_cm,
        max_girth_cm, max_parcels, round_to
    rate_sheet/1/columns: line 1, columns: nothing stands here: no such column; there are service, zone,
        countries, postal_prefixes, min_weight_kg, max_weight_kg, price, currency, transit_days, name,
        routing_code, fuel_percent, surcharges, oversize_over_cm, oversize_price, volumetric_divisor,
        max_length_cm, max_girth_cm, max_parcels, round_to
    rate_sheet/1: line 1: the column transit_days is missing: days from hand-over to delivery, blank when nobody
        says
    ---
    rate_sheet: the sheet has no prices
    "#);
}

#[test]
fn a_step_that_the_currency_cannot_show_is_refused() {
    let sheet =
        "service,zone,countries,postal_prefixes,min_weight_kg,max_weight_kg,price,currency,transit_days,round_to
standard,home,CH,,0,5,4.90,CHF,2,0.05
standard,home,CH,,5,9,4.90,CHF,2,0.005
standard,home,CH,,9,12,490,JPY,2,0.50
standard,home,CH,,12,15,4.90,CHF,2,0
";
    insta::assert_snapshot!(mistakes(sheet), @r#"
    rate_sheet/3/round_to: line 3, round_to: "0.005": CHF has 2 decimal places
    rate_sheet/4/round_to: line 4, round_to: "0.50": JPY has 0 decimal places
    rate_sheet/5/round_to: line 5, round_to: "0": expected more than zero, such as 5
    "#);
}

#[test]
fn paths_lead_to_the_cell() {
    let problems = Sheet::read(&format!("{COLUMNS}\nstandard,home,DE,,0,5,,EUR,2\n"), None).unwrap_err();
    assert_eq!(problems[0].path, "rate_sheet/2/price");
    assert_eq!(problems[0].rule, domain::error::Rule::Missing);
}

#[test]
fn byte_order_marks_line_ends_quotes_order_and_letter_case_are_free() {
    let columns = "Price , currency,transit_days,service,zone,postal_prefixes,countries,max_weight_kg,min_weight_kg";
    let sheet = format!("\u{feff}{columns}\r\n\r\n\"4.90\",eur,,standard,\"home, DE\",, de ; at ,5,0\r\n\r\n");
    let sheet = Sheet::read(&sheet, None).unwrap();
    assert_eq!(sheet.rows.len(), 1);
    let row = &sheet.rows[0];
    assert_eq!((row.line, row.currency.as_str(), row.transit_days), (3, "EUR", None));
    assert_eq!(sheet.services["standard"].name, "Standard");
    assert!(sheet.services["standard"].brackets(*b"AT", None).is_some());
}

#[test]
fn the_contract_s_sample_is_a_good_sheet() {
    let sheet = format!(
        "{COLUMNS}
standard,home,DE,,0,5,4.90,EUR,2
same_day,berlin,DE,10;12;13,0,20,19.90,EUR,0
standard,neighbours,AT;BE;FR;LU;NL;PL,,5,31.5,14.90,EUR,3
"
    );
    assert_eq!(mistakes(&sheet), "nothing");
}

#[test]
fn limits_of_lines_and_places_are_named() {
    let blank = "\n".repeat(200_000);
    let long = mistakes(&format!("{COLUMNS}\n{blank}standard"));
    assert_eq!(long, "rate_sheet: the sheet has more than 200000 lines");
    let letters = || 'A'..='Z';
    let codes = letters().flat_map(|first| letters().map(move |second| format!("{first}{second}")));
    let countries: Vec<_> = codes.filter(|code| super::super::read::countries(code).is_ok()).collect();
    let prefixes: Vec<_> = (10_000..18_000).map(|code| code.to_string()).collect();
    let (countries, prefixes) = (countries.join(";"), prefixes.join(";"));
    let sheet = format!("{COLUMNS}\nstandard,home,{countries},{prefixes},0,5,4.90,EUR,2\n");
    assert_eq!(mistakes(&sheet), "rate_sheet: the sheet names more than 2000000 places (countries × postal entries)");
    let bad = "standard,home,DE,,0,5,x,EUR,2\n".repeat(10_003);
    assert!(mistakes(&format!("{COLUMNS}\n{bad}")).ends_with("and 3 further mistakes"));
}

#[test]
fn wrong_settings_are_named_beside_the_sheet_s_mistakes() {
    let settings = [
        ("sscc_prefix", "40a"),
        ("volumetric_divisor", "0"),
        ("matrix", "aztec"),
        ("max_line_length", "9"),
        ("phone_required", "standard, slow"),
        ("carier_name", "x"),
    ];
    let Err(problems) = Local.connect(&account_with(include_str!("../fixtures/rates.csv"), &settings)) else {
        panic!("wrong settings were taken")
    };
    insta::assert_snapshot!(listed(&problems), @r#"
    carier_name: a local account has no field "carier_name": expected one of rate_sheet, sscc_prefix,
        carrier_name, volumetric_divisor, matrix, max_line_length, phone_required, not_served, no_returns,
        no_return_address
    sscc_prefix: sscc_prefix is "40a": expected a GS1 company prefix of 4 to 12 digits
    volumetric_divisor: volumetric_divisor is "0": expected cm³ a kilogram, such as 5000
    matrix: matrix is "aztec": expected qr or datamatrix
    max_line_length: max_line_length is "9": expected a whole number, 10 to 200
    phone_required: phone_required is "slow": expected services of the rate sheet, parted by commas
    "#);
}

proptest! {
    #[test]
    fn reading_never_panics(
        text in "\\PC{0,200}",
        cells in prop::collection::vec("[-0-9A-Z;,.*=%\"\\n é+]{0,30}", 0..20),
    ) {
        let _ = Sheet::read(&text, None);
        let _ = Sheet::read(&format!("{COLUMNS},surcharges\n{}\n", cells.join(",")), None);
        let entries = cells.join("").replace(',', "");
        let _ = Sheet::read(&format!("{COLUMNS}\nstandard,home,DE,{entries},0,5,1,EUR,2\n"), None);
    }

    #[test]
    fn looking_up_a_code_finds_the_narrowest_of_all_entries(
        entries in prop::collection::hash_set("[0-9A-C]{1,3}|[0-9]{2}-[0-9]{2}|[0-9A-C]{3}-[0-9A-C]{3}", 1..40),
        code in "[0-9A-Ca]{0,4}",
    ) {
        use super::super::postal::{PostalEntry, PostalIndex, plain};
        let entries: Vec<_> = entries.iter().filter_map(|text| PostalEntry::parse(text).ok()).collect();
        let index = PostalIndex::new(entries.iter().map(|entry| (*entry, ())));
        let found = index.narrowest(&plain(&code)).map(|stretch| stretch.entry);
        // One by one: an index of a single entry tells whether that entry holds the code.
        let holds = |entry: PostalEntry| PostalIndex::new([(entry, ())]).narrowest(&plain(&code)).is_some();
        let holding = entries.iter().filter(|entry| holds(**entry));
        let narrowest = holding.min_by(|a, b| a.by_narrowness(b)).copied();
        prop_assert_eq!(found.map(|entry| entry.to_string()), narrowest.map(|entry| entry.to_string()));
    }
}
