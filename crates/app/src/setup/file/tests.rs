//! Stories of setup files that are read.

mod customers;
mod mistakes;

use std::sync::Arc;

use domain::Secret;
use domain::account::CarrierAccount;
use domain::channel::Dialect;
use domain::connector::{
    Answer, BookRequest, Booking, Checked, Connection, Connector, Field, FieldKind, Interface, Offer, Profile,
    RateRequest, Trace,
};
use domain::error::Problem;
use domain::measure::Weight;
use domain::routing::Pick;
use domain::tenant::{Mode, Scope};
use domain::webhook::Authentication;
use proptest::prelude::*;

use super::{KeySetup, SetupFile, read};

/// The example of ARCHITECTURE.md, word for word.
const EXAMPLE: &str = r#"
[[tenant]]
id = "acme"                      # also the tenantId of the Delivery Solutions dialect
name = "Acme GmbH"
currency = "EUR"
time_zone = "Europe/Berlin"
# optional: mode = "test" (refuses live carrier accounts; default "live"), default_parcel = { weight_kg = 1.0 } (for orders
# that name no weight; each rate then says that the weight is assumed)

[[tenant.key]]
name = "shop"
public = "pub-acme"
secret = "sec-acme"              # password, x-api-key, API-KEY, client_secret, access_key, bearer
scopes = ["*"]

[[tenant.integration]]           # a channel with the number the Sendcloud dialect uses
id = 7
name = "Web shop"

[[tenant.location]]              # the first one ships what names no location
external_id = "7709"
name = "Boston store"
brand = "acme"
time_zone = "America/New_York"
address = { street1 = "345 Harrison Avenue", city = "Boston", state = "MA", postal_code = "02118", country = "US" }
contact = { name = "Store desk", phone = "+1 617-555-0100" }
carriers = ["house", "sandbox"]  # carrier accounts that serve it; [] = none assigned

[[tenant.carrier_account]]
id = "house"
carrier = "local"                # own fleet or any carrier known by its rate sheet
settings = { rate_sheet = "rates.csv", sscc_prefix = "4012345" }

[[tenant.carrier_account]]
id = "sandbox"
carrier = "sandbox"              # scripted outcomes for tests
settings = { quote = "ok", book = "ok", cancel = "ok" }   # ok | none | refuse | fail | fail_once | time_out | lost_answer
                                 # cancel = "refuse": this carrier never cancels; "fail": this call failed

[[tenant.routing_rule]]          # first rule that matches decides; CEL
name = "heavy parcels go by house"
when = 'parcel.weight_kg > 20.0 && destination.country == "US"'
then = { only = ["house"], pick = "cheapest" }            # only, exclude, prefer; pick = cheapest | fastest

[[tenant.webhook]]
url = "https://example.com/hooks"
secret = "whsec_…"
dialect = "native"               # whose event bodies it gets
events = ["*"]
"#;

/// A carrier known by its rate sheet, which it refuses when the word `bad` stands in it.
struct Local;

/// A carrier that buys real labels.
struct Real;
struct Play;

struct Nothing;

impl Connector for Local {
    fn profile(&self) -> &'static Profile {
        const fn field(name: &'static str, help: &'static str, kind: FieldKind, is_required: bool) -> Field {
            Field { name, help, kind, is_required }
        }
        static PROFILE: Profile = Profile {
            carrier: "local",
            name: "Own fleet",
            fields: &[
                field("rate_sheet", "the path of a rate sheet", FieldKind::File, true),
                field("sscc_prefix", "a GS1 company prefix", FieldKind::Text, false),
                field("token", "a token", FieldKind::Secret, false),
            ],
            is_live: false,
            is_test: false,
            asks_nobody: false,
            can_track: false,
            takes_pushes: false,
            can_cancel: true,
            books_once_a_reference: true,
            has_one_number: false,
            collects_cash: false,
            serials_a_parcel: 1,
            manifests: false,
            collects: false,
            interface: Interface::endless("1"),
        };
        &PROFILE
    }

    fn connect(&self, account: &CarrierAccount) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        match account.files.get("rate_sheet") {
            None => Err(vec![Problem::new("rate_sheet", "is needed")]),
            Some(sheet) if sheet.contains("bad") => {
                Err(vec![Problem::new("rate_sheet/3/price", "line 3: found \"bad\", expected a price")])
            }
            Some(_) => Ok(Arc::new(Nothing)),
        }
    }
}

impl Connector for Real {
    fn profile(&self) -> &'static Profile {
        static PROFILE: Profile = Profile {
            carrier: "real",
            name: "Real",
            fields: &[],
            is_live: true,
            is_test: false,
            asks_nobody: false,
            can_track: false,
            takes_pushes: false,
            can_cancel: true,
            books_once_a_reference: true,
            has_one_number: false,
            collects_cash: false,
            serials_a_parcel: 0,
            manifests: false,
            collects: false,
            interface: Interface::endless("1"),
        };
        &PROFILE
    }

    fn connect(&self, _account: &CarrierAccount) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        Ok(Arc::new(Nothing))
    }
}

impl Connector for Play {
    fn profile(&self) -> &'static Profile {
        const fn field(name: &'static str, kind: FieldKind) -> Field {
            Field { name, help: "an outcome", kind, is_required: false }
        }
        static PROFILE: Profile = Profile {
            carrier: "sandbox",
            name: "Sandbox",
            fields: &[
                field("quote", FieldKind::Text),
                field("book", FieldKind::Text),
                field("cancel", FieldKind::Text),
                field("factor", FieldKind::Text),
                field("password", FieldKind::Secret),
            ],
            is_live: false,
            is_test: true,
            asks_nobody: false,
            can_track: false,
            takes_pushes: false,
            can_cancel: true,
            books_once_a_reference: true,
            has_one_number: false,
            collects_cash: false,
            serials_a_parcel: 0,
            manifests: false,
            collects: false,
            interface: Interface::endless("1"),
        };
        &PROFILE
    }

    fn connect(&self, _account: &CarrierAccount) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        Ok(Arc::new(Nothing))
    }
}

impl Connection for Nothing {
    fn rates<'a>(&'a self, _ask: &'a RateRequest, _trace: &'a Trace) -> Answer<'a, Offer> {
        Box::pin(async { Ok(Offer::default()) })
    }

    fn book<'a>(&'a self, _ask: &'a BookRequest, _trace: &'a Trace) -> Answer<'a, Booking> {
        Box::pin(async { Err(domain::CarrierError::Unsupported("booking".to_owned())) })
    }

    fn check<'a>(&'a self, _trace: &'a Trace) -> Answer<'a, Checked> {
        Box::pin(async { Ok(Checked::default()) })
    }
}

fn files(path: &str) -> Result<Vec<u8>, String> {
    let bytes: &[u8] = match path {
        "rates.csv" => b"service,zone\n",
        "bad.csv" => b"bad\n",
        "secret.txt" => b"from-a-file\r\n",
        "empty.txt" => b"\n",
        // A JPEG of 320 × 200 pixels, as far as its frame tells.
        "logo.jpg" => b"\xff\xd8\xff\xc0\0\x0b\x08\0\xc8\x01\x40\x01\x01\x11\0\xff\xd9",
        "logo.svg" => b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "latin1.csv" => b"caf\xe9\n",
        _ => return Err("no such file".to_owned()),
    };
    Ok(bytes.to_vec())
}

fn env(name: &str) -> Option<String> {
    (name == "TOKEN").then(|| "from-the-environment".to_owned())
}

fn read_text(text: &str) -> Result<SetupFile, Vec<Problem>> {
    read(text, &files, &env, &[Arc::new(Local), Arc::new(Real), Arc::new(Play)])
}

#[test]
fn the_example_of_the_architecture_reads_without_a_mistake() {
    let file = read_text(EXAMPLE).unwrap();
    insta::assert_debug_snapshot!(file, @r#"
    SetupFile {
        tenants: [
            TenantSetup {
                tenant: Tenant {
                    id: TenantId(
                        "acme",
                    ),
                    name: "Acme GmbH",
                    currency: EUR,
                    time_zone: "Europe/Berlin",
                    mode: Live,
                    default_weight: None,
                    fallback_rate: None,
                    customers: CustomerBook {
                        matching: Email,
                        consents: [],
                        attributes: [],
                    },
                    address_check: None,
                    branding: None,
                    notices: None,
                },
                keys: [
                    KeySetup {
                        name: "shop",
                        public: "pub-acme",
                        secret: [redacted],
                        scopes: [
                            Read,
                            Write,
                            Print,
                            Buy,
                            Void,
                            Setup,
                            Erase,
                            Overrule,
                        ],
                    },
                ],
                integrations: [
                    IntegrationSetup {
                        id: 7,
                        name: "Web shop",
                        order_ids_as_numbers: false,
                    },
                ],
                locations: [
                    Location {
                        external_id: "7709",
                        name: "Boston store",
                        brand: Some(
                            "acme",
                        ),
                        time_zone: Some(
                            "America/New_York",
                        ),
                        address: Address {
                            name: None,
                            company: None,
                            street1: Some(
                                "345 Harrison Avenue",
                            ),
                            house_number: None,
                            street2: None,
                            po_box: None,
                            postal_code: Some(
                                "02118",
                            ),
                            city: Some(
                                "Boston",
                            ),
                            state: Some(
                                "MA",
                            ),
                            country: Some(
                                "US",
                            ),
                            phone: None,
                            email: None,
                        },
                        contact: Some(
                            Contact {
                                name: Some(
                                    "Store desk",
                                ),
                                phone: Some(
                                    "+1 617-555-0100",
                                ),
                                email: None,
                            },
                        ),
                        return_to: None,
                        billing: None,
                        carriers: Some(
                            [
                                "house",
                                "sandbox",
                            ],
                        ),
                        aliases: {},
                        cut_offs: None,
                        extra: {},
                    },
                ],
                carrier_accounts: [
                    CarrierAccount {
                        id: "house",
                        carrier: "local",
                        settings: {
                            "sscc_prefix": "4012345",
                        },
                        credentials: {},
                        files: {
                            "rate_sheet": "service,zone\n",
                        },
                        calls_per_minute: None,
                        aliases: {},
                    },
                    CarrierAccount {
                        id: "sandbox",
                        carrier: "sandbox",
                        settings: {
                            "book": "ok",
                            "cancel": "ok",
                            "quote": "ok",
                        },
                        credentials: {},
                        files: {},
                        calls_per_minute: None,
                        aliases: {},
                    },
                ],
                routing_rules: [
                    RoutingRule {
                        name: "heavy parcels go by house",
                        location: None,
                        brand: None,
                        when: "parcel.weight_kg > 20.0 && destination.country == \"US\"",
                        then: RuleAction {
                            only: Some(
                                [
                                    "house",
                                ],
                            ),
                            exclude: None,
                            prefer: None,
                            pick: Some(
                                Cheapest,
                            ),
                        },
                    },
                ],
                webhooks: [
                    WebhookSetup {
                        url: "https://example.com/hooks",
                        secret: [redacted],
                        dialect: Native,
                        events: [
                            "*",
                        ],
                        concurrency: 1,
                        variant: None,
                        authentication: None,
                        mode: None,
                        description: None,
                    },
                ],
                logo: None,
            },
        ],
    }
    "#);
}

#[test]
fn everything_optional_is_read() {
    let text = EXAMPLE
        .replace("# optional:", "mode = \"test\"\ndefault_parcel = { weight_kg = 0.1 }\n#")
        .replace("secret = \"sec-acme\"", "secret = { env = \"TOKEN\" }")
        .replace("[\"*\"]\n\n[[tenant.integration]]", "[\"buy\", \"read\", \"buy\"]\n\n[[tenant.integration]]")
        .replace("id = 7", "id = 7\norder_ids_as_numbers = true")
        .replace("carriers = [\"house\", \"sandbox\"]", "aliases = { sendcloud = 4711, crowdsender = \"620c\" }")
        .replace("sscc_prefix = \"4012345\"", "sscc_prefix = 4012345, token = { env = \"TOKEN\" }")
        .replace("quote = \"ok\"", "quote = true, factor = 1.50, password = { env = \"TOKEN\" }");
    let file = read_text(&text).unwrap();
    let acme = &file.tenants[0];
    assert_eq!(acme.tenant.mode, Mode::Test);
    assert_eq!(acme.tenant.default_weight, Weight::from_milligrams(100_000));
    let secret = Secret::new("from-the-environment");
    let (name, public) = ("shop".to_owned(), "pub-acme".to_owned());
    let key = KeySetup { name, public, secret: secret.clone(), scopes: vec![Scope::Read, Scope::Buy] };
    assert_eq!(acme.keys, [key]);
    assert!(acme.integrations[0].order_ids_as_numbers);
    assert_eq!(acme.locations[0].carriers, None);
    assert_eq!(acme.locations[0].aliases[&Dialect::Sendcloud], "4711");
    assert_eq!(acme.carrier_accounts[0].settings["sscc_prefix"], "4012345");
    assert_eq!(acme.carrier_accounts[0].credentials["token"], secret);
    assert_eq!(acme.carrier_accounts[1].settings["quote"], "true");
    assert_eq!(acme.carrier_accounts[1].settings["factor"], "1.50");
    assert_eq!(acme.carrier_accounts[1].credentials["password"], secret);
    assert_eq!(acme.routing_rules[0].then.pick, Some(Pick::Cheapest));
}

#[test]
fn an_endpoint_says_what_it_knows_its_caller_by_and_whether_it_hears_of_trials() {
    let hook = |more: &str| EXAMPLE.replace("dialect = \"native\"", &format!("dialect = \"native\"\n{more}"));
    for (by, header, value) in [
        ("{ basic = \"user:pass word\" }", "authorization", "Basic dXNlcjpwYXNzIHdvcmQ="),
        ("{ bearer = { env = \"TOKEN\" } }", "authorization", "Bearer from-the-environment"),
        ("{ api_key = \"k\" }", "x-api-key", "k"),
        ("{ api_key = \"k\", header = \"X-Shop\" }", "x-shop", "k"),
    ] {
        let more = format!("mode = \"test\"\ndescription = \"Shop\"\nauthentication = {by}");
        let file = read_text(&hook(&more)).unwrap();
        let webhook = &file.tenants[0].webhooks[0];
        let expected = Authentication { header: header.to_owned(), value: Secret::new(value) };
        assert_eq!(webhook.authentication, Some(expected), "{by}");
        assert_eq!((webhook.mode, webhook.description.as_deref()), (Some(Mode::Test), Some("Shop")));
    }
    let expected = "expected one of basic = \"user:password\", bearer and api_key, and header with api_key only";
    for (by, why) in [
        ("{}", expected),
        ("{ bearer = \"a\", api_key = \"b\" }", expected),
        ("{ bearer = \"a\", header = \"b\" }", expected),
        ("{ basic = \"user\" }", "expected \"user:password\""),
        ("{ api_key = \"k\", header = \"webhook-id\" }", "expected the name of a header"),
        ("{ api_key = \"k\", header = \"a b\" }", "expected the name of a header"),
    ] {
        let told = mistakes::mistakes(&hook(&format!("authentication = {by}")));
        assert!(told.lines().count() == 1 && told.contains(why), "{by}: {told}");
    }
}

#[test]
fn a_location_says_until_when_parcels_leave_on_each_day() {
    let cut_offs = "cut_offs = { monday = \"15:00\", saturday = \"09:30\" }\nholidays = [\"2026-12-25\"]\n";
    let read =
        |text: &str| read_text(&EXAMPLE.replace("brand = \"acme\"", text)).unwrap().tenants[0].locations[0].clone();
    let read_cut_offs = read(cut_offs).cut_offs.unwrap();
    let written: Vec<_> = read_cut_offs.weekdays.iter().map(|time| time.map(|time| time.to_string())).collect();
    let at = |text: &str| Some(text.to_owned());
    assert_eq!(written, [at("15:00:00"), None, None, None, None, at("09:30:00"), None]);
    assert_eq!(read_cut_offs.holidays[0].to_string(), "2026-12-25");
    let only_holidays = read("holidays = [\"2026-12-25\"]\n").cut_offs.unwrap();
    assert!(only_holidays.weekdays.iter().all(Option::is_some), "parcels leave on every other day");
}

#[test]
fn looks_and_notices_are_read_with_the_logo() {
    let with = |tables: &str| {
        EXAMPLE.replacen("time_zone = \"Europe/Berlin\"\n", &format!("time_zone = \"Europe/Berlin\"\n{tables}"), 1)
    };
    let text = with(
        "branding = { name = \"Acme\", colour = \"#FFE000\", header_colour = \"#101c3c\", logo = \"logo.jpg\" }\n\
         notices = { of = [\"problem\", \"shipped\", \"shipped\"], reply_to = \"help@example.com\" }\n",
    );
    let tenant = read_text(&text).unwrap().tenants.remove(0);
    assert_eq!(tenant.logo.map(|bytes| bytes.to_vec()), Some(files("logo.jpg").unwrap()));
    insta::assert_json_snapshot!((tenant.tenant.branding, tenant.tenant.notices), @r##"
    [
      {
        "name": "Acme",
        "colour": "#ffe000",
        "header_colour": "#101c3c",
        "logo": {
          "sha256": "ca93573487ad346dcc93b880febe8d8f71d06e19f7b01dcdb44c4d37764bb215",
          "kind": "jpeg",
          "width": 320,
          "height": 200
        }
      },
      {
        "of": [
          "shipped",
          "problem"
        ],
        "reply_to": "help@example.com"
      }
    ]
    "##);
    let text = with(
        "branding = { name = \" \", colour = \"red\", logo = \"logo.svg\", color = \"#ffffff\" }\n\
         notices = { of = [\"sent\"], reply_to = \"help\" }\n",
    );
    insta::assert_snapshot!(mistakes::mistakes(&text), @r##"
    tenant[acme].branding.name · line 7: found " ", expected a name of at most 80 characters
    tenant[acme].branding.colour · line 7: found "red", expected a colour as # and six hexadecimal digits, such as "#0b5cad"
    tenant[acme].branding.logo · line 7: the logo is neither a PNG nor a JPEG, expected one of these
    tenant[acme].branding.color · line 7: there is no such key, did you mean colour?
    tenant[acme].notices.of[#1] · line 8: found "sent", expected one of shipped, out_for_delivery, at_service_point, delivered, problem
    tenant[acme].notices.reply_to · line 8: found "help", expected an e-mail address such as "help@example.com"
    "##);
}

proptest! {
    #[test]
    fn reading_never_panics(
        text in "\\PC{0,200}",
        cut in any::<prop::sample::Index>(),
        put in "[\\[\\]={}\"'a-z0-9.\n-]{0,8}",
    ) {
        let _ = read_text(&text);
        // An example with a piece changed goes deeper than noise does.
        let mut place = cut.index(EXAMPLE.len());
        while !EXAMPLE.is_char_boundary(place) {
            place -= 1;
        }
        let (before, after) = EXAMPLE.split_at(place);
        let _ = read_text(&format!("{before}{put}{after}"));
        let _ = read_text(before);
    }
}
