//! Prices.

use domain::connector::Trace;
use domain::money::Decimal;
use proptest::prelude::*;

use super::*;

/// A sheet of one service in Germany, with these further columns and cells.
fn with(columns: &str, cells: &str, price: &str, currency: &str) -> CarrierAccount {
    account_with(&format!("{COLUMNS},{columns}\nstandard,home,DE,,0,31.5,{price},{currency},2,{cells}\n"), &[])
}

#[tokio::test]
async fn brackets_begin_inclusive_and_end_exclusive_and_the_narrowest_place_wins() {
    let cases = [
        ("0.0001", "DE", "80331", "4.90"),
        ("4.999999", "DE", "80331", "4.90"),
        ("5", "DE", "80331", "8.90"),
        ("31.499999", "de", "80331", "8.90"),
        ("5", "DE", "", "8.90"),
        ("5", "DE", "25849", "18.90"),
        ("5", "DE", "25 869", "18.90"),
        ("5", "DE", "25870", "8.90"),
        ("5", "DE", "18565", "18.90"),
        ("5", "NL", "1012 AB", "15.87"),
        ("1", "PT", "1000-001", "15.87"),
        ("1", "NZ", "6011", "57.51"),
    ];
    let account = account();
    for (weight, country, postal_code, price) in cases {
        let offer = offer(&account, place(country, postal_code), vec![parcel(weight)]).await;
        let rate = offer.rates.iter().find(|rate| rate.service.service == "standard");
        let total = rate.map(|rate| rate.total.to_string());
        assert_eq!(total, Some(format!("{price} EUR")), "{weight} kg to {country} {postal_code}");
    }
}

#[tokio::test]
async fn every_part_of_a_price_is_shown_and_what_does_not_fit_says_why() {
    let account = account();
    let berlin = offer(&account, place("DE", "10115"), vec![parcel("3"), sized("25", [130, 40, 30])]).await;
    insta::assert_snapshot!(words(&berlin), @r#"
    house:standard 23.30 EUR: 4.90 for 3 kg + 8.90 for 25 kg + 9.50 oversize, 2 d
      parcel 1: no dimensions: size limits and oversize not considered
    house:express left out: no zone of the rate sheet holds DE "10115"
    house:same_day left out: parcel 2: weight 25 kg: zone berlin takes less than 20 kg; parcel 2: longest side
        130 cm: at most 120 cm
    "#);
    let holland = offer(&account, place("NL", "1012AB"), vec![sized("3", [60, 40, 40])]).await;
    insta::assert_snapshot!(words(&holland), @r#"
    house:standard 10.54 EUR: 9.90 for 3 kg + 0.64 fuel, 3 d
    house:express 32.79 EUR: 24.90 for 3 kg + 3.00 morning + 1.25 residential + 3.64 fuel, 1 d
    house:same_day left out: no zone of the rate sheet holds NL "1012AB"
    "#);
    let too_large = offer(&account, place("DE", "80331"), vec![sized("31.5", [210, 80, 80])]).await;
    insta::assert_snapshot!(words(&too_large), @r#"
    house:express left out: no zone of the rate sheet holds DE "80331"
    house:same_day left out: no zone of the rate sheet holds DE "80331"
    house:standard left out: weight 31.5 kg: zone home takes less than 31.5 kg; longest side 210 cm: at most 200
        cm; length plus girth 530 cm: at most 360 cm
    "#);
    let nowhere = offer(&account, Address { country: None, ..boston() }, vec![parcel("3")]).await;
    insta::assert_snapshot!(words(&nowhere), @"
    house:express left out: the recipient has no country
    house:same_day left out: the recipient has no country
    house:standard left out: the recipient has no country
    ");
}

#[tokio::test]
async fn the_larger_of_gross_and_volumetric_weight_is_billed_and_missing_dimensions_are_said() {
    let sheet = format!("{COLUMNS}\nstandard,home,DE,,0,5,4.90,EUR,2\nstandard,home,DE,,5,31.5,8.90,EUR,2\n");
    let account = account_with(&sheet, &[("volumetric_divisor", "5000")]);
    let assumed = ParcelBox { weight_is_assumed: true, ..parcel("1") };
    let parcels =
        vec![sized("3", [60, 40, 40]), sized("30", [60, 40, 40]), parcel("3"), assumed, sized("1", [0, 9, 9])];
    let offer = offer(&account, place("DE", "10115"), parcels).await;
    insta::assert_snapshot!(words(&offer), @"
    house:standard 32.50 EUR: 8.90 for 19.2 kg by volume + 8.90 for 30 kg + 4.90 for 3 kg + 4.90 for 1 kg + 4.90
        for 1 kg, 2 d
      parcel 1: billed by volume: 19.2 kg instead of 3 kg (cm³ / 5000)
      parcel 3: no dimensions: volumetric weight not considered
      parcel 4: weight assumed: nobody said it
      parcel 4: no dimensions: volumetric weight not considered
    ");
}

#[tokio::test]
async fn a_line_may_have_its_own_divisor() {
    let account = with("volumetric_divisor", "4000", "4.90", "EUR");
    let offer = offer(&account, place("DE", "10115"), vec![sized("3", [10, 10, 123])]).await;
    insta::assert_snapshot!(words(&offer), @"
    house:standard 4.90 EUR: 4.90 for 3.075 kg by volume, 2 d
      billed by volume: 3.075 kg instead of 3 kg (cm³ / 4000)
    ");
}

#[tokio::test]
async fn surcharges_are_added_exactly_and_the_sum_is_rounded_once_to_the_currency() {
    let cases = [
        // 4.99 + 12.5 % = 5.61375
        ("fuel_percent", "12.5", "4.99", "EUR", 1, "5.61"),
        // three times 5.61375 = 16.84125, not 3 × 5.61
        ("fuel_percent", "12.5", "4.99", "EUR", 3, "16.84"),
        // half goes away from zero
        ("fuel_percent", "0", "4.905", "EUR", 1, "4.91"),
        ("fuel_percent", "0", "0.0049", "EUR", 1, "0.00"),
        ("fuel_percent", "10", "495", "JPY", 1, "545"),
        ("fuel_percent", "10", "1.2345", "KWD", 1, "1.358"),
        // 10 + 2 + 10 × 5 % = 12.50, then 10 % of that
        ("surcharges,fuel_percent", "residential=5%;peak=2.00,10", "10", "EUR", 1, "13.75"),
        ("surcharges", "residential=5%", "9.99", "EUR", 2, "20.98"),
    ];
    for (columns, cells, price, currency, count, total) in cases {
        let account = with(columns, cells, price, currency);
        let offer = offer(&account, place("DE", "10115"), vec![parcel("1"); count]).await;
        assert_eq!(offer.rates[0].total.to_string(), format!("{total} {currency}"), "{price} {cells} × {count}");
    }
}

#[tokio::test]
async fn ties_of_postal_entries_and_codes_that_are_none_end_the_same_way_each_time() {
    let sheet = format!(
        "{COLUMNS}
standard,a,GB,AB10-AB16,0,30,1,EUR,1
standard,b,GB,AB,0,30,2,EUR,1
standard,c,DE,1,0,30,3,EUR,1
standard,d,DE,10-19,0,30,4,EUR,1
standard,e,DE,10115-10999,0,30,5,EUR,1
standard,f,DE,101,0,30,6,EUR,1
standard,g,DE,10500-11499,0,30,7,EUR,1
standard,h,*,,0,30,8,EUR,1
"
    );
    let account = account_with(&sheet, &[]);
    let cases = [
        ("GB", "ab12 1xy", 1),
        ("GB", "AB21 9AA", 2),
        ("GB", "SW1A 1AA", 8),
        ("DE", "19999", 4),
        ("DE", "1", 3),
        ("DE", "10115", 6),
        ("DE", "10300", 5),
        ("DE", "10700", 5),
        ("DE", "11000", 7),
        ("DE", "1A115", 3),
        ("DE", "é", 8),
        ("DE", "+1", 8),
        ("FR", "", 8),
    ];
    for (country, postal_code, price) in cases {
        let offer = offer(&account, place(country, postal_code), vec![parcel("1")]).await;
        assert_eq!(offer.rates[0].total.amount, Decimal::new(price * 100, 2), "{country} {postal_code}");
    }
}

#[tokio::test]
async fn one_service_can_be_asked_for_by_name_or_code() {
    let connection = connect(&account());
    let mut ask = rate_request(place("DE", "10115"), vec![parcel("1")]);
    let mut answers = Vec::new();
    for service in ["same_day", "house:same_day", "other:same_day", "slow"] {
        ask.service = Some(service.to_owned());
        answers.push(words(&connection.rates(&ask, &Trace::default()).await.unwrap()));
    }
    insta::assert_snapshot!(answers.join("\n"), @"
    house:same_day 19.90 EUR: 19.90 for 1 kg, 0 d
      no dimensions: size limits and oversize not considered
    house:same_day 19.90 EUR: 19.90 for 1 kg, 0 d
      no dimensions: size limits and oversize not considered
    house:other:same_day left out: the rate sheet has no such service
    house:slow left out: the rate sheet has no such service
    ");
}

#[tokio::test]
async fn parcels_priced_in_two_currencies_have_no_sum_and_too_many_parcels_no_price() {
    let sheet =
        format!("{COLUMNS},max_parcels\nstandard,home,DE,,0,5,4.90,EUR,2,2\nstandard,home,DE,,5,31.5,8.90,CHF,2,\n");
    let account = account_with(&sheet, &[]);
    let mixed = offer(&account, place("DE", "10115"), vec![parcel("1"), parcel("5")]).await;
    let many = offer(&account, place("DE", "10115"), vec![parcel("1"); 3]).await;
    let none = offer(&account, place("DE", "10115"), Vec::new()).await;
    insta::assert_snapshot!([mixed, many, none].map(|offer| words(&offer)).join("\n"), @"
    house:standard left out: the parcels are priced in EUR and CHF: there is no sum
    house:standard left out: 3 parcels: at most 2 in one shipment
    house:standard left out: a shipment has at least one parcel
    ");
}

#[test]
fn a_quote_from_fifty_thousand_lines_looks_only_at_its_own_country() {
    let countries = ["AT", "BE", "DE", "FR", "NL"];
    let lines = (0..50_000).map(|line| {
        let (country, code) = (countries[line % 5], 10_000 + line / 5);
        format!("standard,{line},{country},{code},0,31.5,4.90,EUR,2\n")
    });
    let sheet = Sheet::read(&format!("{COLUMNS}\n{}", lines.collect::<String>()), None).unwrap();
    assert_eq!(sheet.rows.len(), 50_000);
    let service = &sheet.services["standard"];
    assert_eq!(service.countries.len(), 5);
    assert_eq!(service.countries[b"DE"].parts.near("15000").count(), 1);
    assert_eq!(service.brackets(*b"DE", Some("15000")), Some(&vec![25_002]));
    assert_eq!(service.brackets(*b"IT", Some("15000")), None);
}

fn amounts() -> impl Strategy<Value = String> {
    (0_i64..100_000_000, 0_u32..6).prop_map(|(digits, scale)| Decimal::new(digits, scale).to_string())
}

proptest! {
    #[test]
    fn the_parts_of_every_price_add_up_to_its_total(
        (price, fixed, currency) in (amounts(), amounts(), prop::sample::select(vec!["EUR", "JPY", "KWD", "USD"])),
        (percent, fuel) in (0_u32..1000, 0_u32..1000),
        weights in prop::collection::vec(1_u64..31_499_999, 1..20),
    ) {
        prop_assume!(price.parse::<Decimal>().unwrap() <= Decimal::from(10_000_000));
        prop_assume!(fixed.parse::<Decimal>().unwrap() <= Decimal::from(10_000_000));
        let (percent, fuel) = (Decimal::new(percent.into(), 2), Decimal::new(fuel.into(), 1));
        let cells = format!("{fuel},peak={fixed};residential={percent}%");
        let account = with("fuel_percent,surcharges", &cells, &price, currency);
        let boxes = weights.iter().map(|&milligrams| {
            parcel(&super::super::sheet::kilograms(milligrams).to_string())
        });
        let parcels: Vec<_> = boxes.collect();
        let ask = rate_request(place("DE", "10115"), parcels);
        let connection = connect(&account);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let offer = runtime.block_on(connection.rates(&ask, &Trace::default())).unwrap();
        prop_assert_eq!(&offer, &runtime.block_on(connection.rates(&ask, &Trace::default())).unwrap());
        let rate = &offer.rates[0];
        let (price, fixed): (Decimal, Decimal) = (price.parse().unwrap(), fixed.parse().unwrap());
        let share = |percent: Decimal| percent / Decimal::ONE_HUNDRED;
        let one = (price + fixed + price * share(percent)) * (Decimal::ONE + share(fuel));
        let exact = one * Decimal::from(weights.len());
        let digits = match currency { "JPY" => 0, "KWD" => 3, _ => 2 };
        let parts = rate.parcels.iter().map(|parcel| parcel.price);
        let parts: Vec<_> = parts.chain(rate.surcharges.iter().map(|extra| extra.amount)).map(|m| m.amount).collect();
        prop_assert_eq!(parts.iter().sum::<Decimal>(), rate.total.amount);
        prop_assert!(parts.iter().all(|part| part.scale() == digits && !part.is_sign_negative()));
        prop_assert!((rate.total.amount - exact).abs() * Decimal::TWO <= Decimal::new(1, digits));
    }
}

#[tokio::test]
async fn h5_sums_are_exact_and_rounded_once_to_the_currencys_own_places() {
    // Three parcels: rounded one by one they would come to 342, 3.42 and 3.177.
    for (currency, price, total) in [("JPY", "109", "343"), ("EUR", "1.09", "3.43"), ("KWD", "1.009", "3.178")] {
        let sheet = format!(
            "service,zone,countries,postal_prefixes,min_weight_kg,max_weight_kg,price,currency,transit_days,fuel_percent\n\
             standard,all,*,,0,100,{price},{currency},,5\n"
        );
        let parcels = vec![parcel("0.0001"), parcel("1"), parcel("99.999999")];
        let rate = offer(&account_with(&sheet, &[]), place("DE", "10115"), parcels).await.rates.remove(0);
        assert_eq!(rate.total.amount, total.parse::<Decimal>().unwrap(), "{currency}");
        let parts = rate.parcels.iter().map(|parcel| parcel.price.amount);
        let parts: Decimal = parts.chain(rate.surcharges.iter().map(|extra| extra.amount.amount)).sum();
        assert_eq!(parts, rate.total.amount, "{currency}");
    }
}

#[tokio::test]
async fn h5_a_tenth_of_a_gram_is_not_nothing_and_50000_of_them_are_5_kilograms() {
    let sheet = "service,zone,countries,postal_prefixes,min_weight_kg,max_weight_kg,price,currency,transit_days\n\
                 light,all,*,,0,5,1.00,EUR,\nheavy,all,*,,5,31.5,2.00,EUR,\n";
    let services = async |milligrams: u64| {
        let weight = domain::measure::Weight::from_milligrams(milligrams).unwrap();
        let parcels = vec![ParcelBox { weight, ..parcel("1") }];
        let rates = offer(&account_with(sheet, &[]), place("DE", "10115"), parcels).await.rates;
        rates
            .iter()
            .map(|rate| format!("{} for {}", rate.service.service, rate.parcels[0].billed_weight.unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(services(100).await, ["light for 0.0001 kg"]);
    assert_eq!(services(100 * 49_999).await, ["light for 4.9999 kg"]);
    assert_eq!(services(100 * 50_000).await, ["heavy for 5 kg"]);
}

#[tokio::test]
async fn h5_amounts_keep_to_the_steps_of_a_currency_without_small_coins() {
    for (step, currency, price, parts, total) in [
        ("5", "HUF", "1111", ["1110.00", "1110.00", "115.00"], "2335.00"),
        ("0.05", "CHF", "9.99", ["10.00", "10.00", "1.00"], "21.00"),
        ("1", "SEK", "49.50", ["50.00", "49.00", "5.00"], "104.00"),
        ("", "HUF", "1111", ["1111.00", "1111.00", "111.10"], "2333.10"),
    ] {
        let sheet = format!(
            "service,zone,countries,postal_prefixes,min_weight_kg,max_weight_kg,price,currency,transit_days,fuel_percent,round_to\n\
             standard,all,*,,0,100,{price},{currency},,5,{step}\n"
        );
        let rate = offer(&account_with(&sheet, &[]), place("HU", "1011"), vec![parcel("1"), parcel("2")])
            .await
            .rates
            .remove(0);
        let shown = rate.parcels.iter().map(|parcel| parcel.price.amount.to_string());
        let shown: Vec<_> = shown.chain(rate.surcharges.iter().map(|extra| extra.amount.amount.to_string())).collect();
        assert_eq!(
            (shown, rate.total.amount.to_string()),
            (parts.map(str::to_owned).to_vec(), total.to_owned()),
            "{currency} {step}"
        );
    }
}
