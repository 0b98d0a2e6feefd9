//! Stories of setup files that are refused.

use domain::error::Problem;

use super::{EXAMPLE, read_text};

/// Every mistake, one a line.
pub(super) fn mistakes(text: &str) -> String {
    let problems = read_text(text).expect_err("the file has mistakes");
    let line = |problem: &Problem| format!("{} · {}\n", problem.path, problem.message);
    problems.iter().map(line).collect()
}

#[test]
fn every_mistake_is_listed_at_once_with_its_place() {
    let text = r#"
colour = "red"

[[tenant]]
id = "Acme"
name = 12
curency = "EUR"
time_zone = "Europe/Berln"
mode = "test"
default_parcel = { weight_kg = 0.0000001, heigth = 1 }

[[tenant]]
id = "acme"
name = "Acme GmbH"
currency = "EUX"
time_zone = "Europe/Berlin"
mode = "test"

[[tenant.key]]
name = "shop"
public = "pub:acme"
secret = "sec-acme"
scopes = ["read", "buyy"]

[[tenant.key]]
name = "second shop"
public = "pub-acme"
secret = "sec-acme"
scopes = []

[[tenant.key]]
name = "third shop"
public = "pub-acme"
secret = { env = "MISSING" }
scopes = "*"

[[tenant.key]]
name = "fourth shop"
public = "pub-4"
secret = 1234
scopes = ["*"]

[[tenant.integration]]
id = 1000000
name = "Web shop"

[[tenant.integration]]
id = 7
name = "Web shop"
colour = { file = "empty.txt" }

[[tenant.integration]]
id = 7
name = ""

[[tenant.location]]
external_id = 7709
name = "Boston store"
time_zone = "Mars/Olympus"
address = { street1 = "345 Harrison Avenue", town = "Boston", country = "XX" }
carriers = ["huose", "nobody"]

[[tenant.location]]
external_id = "8"
name = "Depot"
address = "345 Harrison Avenue"
aliases = { sendclod = "4711" }

[[tenant.carrier_account]]
id = "house"
carrier = "local"
settings = { rate_sheet = "bad.csv", sscc_prefix = { env = "TOKEN" }, ssc_prefix = "4012345" }

[[tenant.carrier_account]]
id = "house:2"
carrier = "local"
settings = { rate_sheet = "absent.csv", token = "" }

[[tenant.carrier_account]]
id = "house"
carrier = "local"

[[tenant.carrier_account]]
id = "other"
carrier = "locla"

[[tenant.carrier_account]]
id = "live"
carrier = "real"
settings = { password = "hunter2" }

[[tenant.routing_rule]]
name = "rule"
when = ""
then = { only = ["house:standard", "hause:standard"], pick = "best", use = "house" }

[[tenant.routing_rule]]
name = "rule"
when = "true"
then = {}

[[tenant.webhook]]
url = "ftp://example.com/hooks"
secret = { env = "TOKEN", file = "secret.txt" }
dialect = "sendclout"
events = ["shipment.*", "shipment.boked"]

[[tenant.webhook]]
url = "https://user:hunter2@example.com/hooks"
secret = "s"
dialect = "native"
events = ["*"]

[[tenant.webhook]]
url = "https://user:hunter2@example.com/hooks"
secret = "s"
dialect = "native"
events = [2026-03-01]

[[tenant]]
id = "acme"
name = "Acme again"
currency = "EUR"
time_zone = "UTC"
key = { name = "shop" }
"#;
    let mistakes = mistakes(text);
    assert!(!mistakes.contains("hunter2") && !mistakes.contains("1234") && !mistakes.contains("sec-acme"));
    insta::assert_snapshot!(mistakes, @r#"
    colour · line 2: there is no such key, expected one of tenant
    tenant[Acme].currency · line 4: missing, expected an ISO 4217 currency in capitals such as "EUR"
    tenant[Acme].id · line 5: found "Acme", expected 1 to 64 lower-case letters, digits, - or _
    tenant[Acme].name · line 6: found 12, expected text
    tenant[Acme].curency · line 7: there is no such key, did you mean currency?
    tenant[Acme].time_zone · line 8: found "Europe/Berln", expected an IANA time zone such as "Europe/Berlin"
    tenant[Acme].default_parcel.weight_kg · line 10: found 0.0000001, expected kilograms above zero, to the milligram, such as 1.0
    tenant[Acme].default_parcel.heigth · line 10: there is no such key, expected one of weight_kg
    tenant[acme].currency · line 15: found "EUX", expected an ISO 4217 currency in capitals such as "EUR"
    tenant[acme].key[pub:acme].public · line 21: found "pub:acme", expected 1 to 200 letters, digits and signs, without blanks and colons
    tenant[acme].key[pub:acme].scopes[#2] · line 23: found "buyy", expected *, one of viewer, packer, operator, admin or one of read, write, print, buy, void, setup, erase, overrule
    tenant[acme].key[pub-acme].secret · line 28: found the secret of the key in line 19 again, expected one of its own: it finds its key
    tenant[acme].key[pub-acme].scopes · line 29: found a list, expected ["*"], a role such as ["packer"] or a list of some of read, write, print, buy, void, setup, erase, overrule
    tenant[acme].key[pub-acme].public · line 33: found "pub-acme" again, expected it once only: it stands in line 27 already
    tenant[acme].key[pub-acme].secret.env · line 34: the environment variable MISSING is not set, expected it to hold the secret
    tenant[acme].key[pub-acme].scopes · line 35: found "*", expected ["*"], a role such as ["packer"] or a list of some of read, write, print, buy, void, setup, erase, overrule
    tenant[acme].key[pub-4].secret · line 40: found integer, expected a secret as text, { env = "NAME" } or { file = "PATH" }
    tenant[acme].integration[1000000].id · line 44: found 1000000, expected a whole number from 1 to 999999
    tenant[acme].integration[7].colour · line 50: there is no such key, expected one of id, name, order_ids_as_numbers
    tenant[acme].integration[7].id · line 53: found "7" again, expected it once only: it stands in line 48 already
    tenant[acme].integration[7].name · line 54: found "", expected text
    tenant[acme].location[7709].external_id · line 57: found 7709, expected an id as text such as "7709"
    tenant[acme].location[7709].time_zone · line 59: found "Mars/Olympus", expected an IANA time zone such as "Europe/Berlin"
    tenant[acme].location[7709].address.country · line 60: found "XX", expected an ISO 3166 country of two letters such as "DE"
    tenant[acme].location[7709].address.city · line 60: missing, expected a city
    tenant[acme].location[7709].address.town · line 60: there is no such key, expected one of country, street1, city, name, company, house_number, street2, po_box, postal_code, state, phone, email
    tenant[acme].location[7709].carriers[#1] · line 61: found "huose", which no carrier_account of this tenant has as its id; did you mean house?
    tenant[acme].location[7709].carriers[#2] · line 61: found "nobody", which no carrier_account of this tenant has as its id; expected one of house, live, other
    tenant[acme].location[8].address · line 66: found "345 Harrison Avenue", expected a table such as { street1 = …, city = …, country = "DE" }
    tenant[acme].location[8].aliases.sendclod · line 67: "sendclod" is no dialect: expected one of native, sendcloud, delivery_solutions, expertsender, seven_senders, crowdsender
    tenant[acme].carrier_account[house].settings.sscc_prefix · line 72: found a table, expected a GS1 company prefix
    tenant[acme].carrier_account[house].settings.ssc_prefix · line 72: there is no such key, did you mean sscc_prefix?
    tenant[acme].carrier_account[house].settings.rate_sheet[3].price · line 72: in the file "bad.csv": line 3: found "bad", expected a price
    tenant[acme].carrier_account[house:2].id · line 75: found "house:2", expected an id without colons such as "house"
    tenant[acme].carrier_account[house:2].settings.rate_sheet · line 77: cannot read the file "absent.csv": no such file
    tenant[acme].carrier_account[house:2].settings.token · line 77: found nothing in it, expected a secret as text, { env = "NAME" } or { file = "PATH" }
    tenant[acme].carrier_account[house].settings.rate_sheet · line 79: missing, expected the path of a rate sheet
    tenant[acme].carrier_account[house].id · line 80: found "house" again, expected it once only: it stands in line 70 already
    tenant[acme].carrier_account[other].carrier · line 85: found "locla", which is no carrier of this version; did you mean local?
    tenant[acme].carrier_account[live].carrier · line 89: found "real", which buys real labels, expected a carrier without real labels: the tenant's mode is "test"
    tenant[acme].carrier_account[live].settings.password · line 90: there is no such key, and none is expected here
    tenant[acme].routing_rule[rule].when · line 94: found "", expected a CEL expression as text
    tenant[acme].routing_rule[rule].then.only[#2] · line 95: found "hause", which no carrier_account of this tenant has as its id; did you mean house?
    tenant[acme].routing_rule[rule].then.pick · line 95: found "best", expected "cheapest" or "fastest"
    tenant[acme].routing_rule[rule].then.use · line 95: there is no such key, expected one of only, exclude, prefer, pick
    tenant[acme].routing_rule[rule].name · line 98: found "rule" again, expected it once only: it stands in line 93 already
    tenant[acme].routing_rule[rule].then · line 100: found nothing, expected at least one of only, exclude, prefer, pick
    tenant[acme].webhook[ftp://example.com/hooks].url · line 103: found "ftp://example.com/hooks", expected an absolute http or https URL such as "https://example.com/hooks"
    tenant[acme].webhook[ftp://example.com/hooks].secret · line 104: found both of env and file, expected a secret as text, { env = "NAME" } or { file = "PATH" }
    tenant[acme].webhook[ftp://example.com/hooks].dialect · line 105: found "sendclout", expected one of native, sendcloud, delivery_solutions, expertsender, seven_senders, crowdsender
    tenant[acme].webhook[ftp://example.com/hooks].events[#2] · line 106: found "shipment.boked", expected *, a group such as shipment.* or an event such as shipment.booked
    tenant[acme].webhook[#3] · line 114: this url and dialect stand in the webhook of line 109 already, expected them once
    tenant[acme].webhook[#3].events[#1] · line 118: found 2026-03-01, expected *, a group such as shipment.* or an event such as shipment.booked
    tenant[acme].id · line 121: found "acme" again, expected it once only: it stands in line 13 already
    tenant[acme].key · line 125: found a table, expected one or more tables, each headed by its name in double brackets
    "#);
}

#[test]
fn what_is_no_toml_tells_its_lines_and_nothing_of_its_text() {
    let text = "[[tenant]]\nid = \"acme\nname = = 3\nsecret = hunter2\nid = 4\n";
    insta::assert_snapshot!(mistakes(text), @r#"
    · line 2: invalid basic string, expected `"`
    · line 3: extra `=`, expected nothing
    · line 3: unexpected key or value, expected newline, `#`
    · line 4: string values must be quoted, expected literal string
    · line 5: duplicate key
    "#);
}

#[test]
fn a_file_without_a_tenant_is_a_mistake() {
    insta::assert_snapshot!(mistakes(""), @"tenant · line 1: missing, expected at least one table [[tenant]]");
    insta::assert_snapshot!(mistakes("tenant = 3"), @"tenant · line 1: found 3, expected one or more tables, each headed by its name in double brackets");
    insta::assert_snapshot!(mistakes("tenant = [3]"), @"tenant[#1] · line 1: found 3, expected one or more tables, each headed by its name in double brackets");
}

#[test]
fn keys_are_unique_over_all_tenants() {
    let second = EXAMPLE.replace("id = \"acme\"", "id = \"beta\"");
    insta::assert_snapshot!(mistakes(&format!("{EXAMPLE}{second}")), @r#"
    tenant[beta].key[pub-acme].public · line 61: found "pub-acme" again, expected it once only: it stands in line 12 already
    tenant[beta].key[pub-acme].secret · line 62: found the secret of the key in line 10 again, expected one of its own: it finds its key
    "#);
}

#[test]
fn an_alias_names_one_thing() {
    let second = "[[tenant.location]]\nexternal_id = \"2\"\nname = \"Depot\"\naliases = { sendcloud = \"4711\" }\n\
                  address = { street1 = \"Hafen 1\", city = \"Bremen\", country = \"de\" }\n";
    let first = EXAMPLE.replace("brand = \"acme\"", "aliases = { sendcloud = 4711 }");
    insta::assert_snapshot!(mistakes(&format!("{first}{second}")), @r#"tenant[acme].location[2].aliases.sendcloud · line 53: found "4711" again, expected it once only: it stands in line 23 already"#);
    let file = read_text(&format!("{EXAMPLE}{second}")).unwrap();
    assert_eq!(file.tenants[0].locations[1].address.country.as_deref(), Some("DE"));
}

#[test]
fn cut_offs_and_holidays_are_times_and_days() {
    let wrong = "cut_offs = { monday = \"15:00\", tuesday = \"25:00\", someday = \"15:00\" }\n\
                 holidays = [\"2026-12-25\", \"Christmas\"]\n";
    let text = EXAMPLE.replace("brand = \"acme\"", wrong);
    insta::assert_snapshot!(mistakes(&text), @r#"
    tenant[acme].location[7709].cut_offs.someday · line 23: "someday" is no weekday: expected monday, tuesday, wednesday, thursday, friday, saturday, sunday
    tenant[acme].location[7709].cut_offs.tuesday · line 23: found "25:00", expected a time such as "15:00"
    tenant[acme].location[7709].holidays[#2] · line 24: found "Christmas", expected a day such as "2026-12-25"
    "#);
}
