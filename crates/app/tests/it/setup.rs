//! Set-up: what a file names is made so, the rest is left alone, and every process sees it.

use std::time::Duration;

use app::channels::ChannelHook;
use app::keys::IssuedKey;
use app::setup::file::SetupFile;
use app::setup::{Applied, IDS_AS_NUMBERS};
use app::{App, Credentials};
use domain::channel::{ChannelNumber, Dialect};
use domain::error::Unknown;
use domain::order::RawJson;
use domain::tenant::{Scope, TenantId};
use domain::{Error, Secret};
use testkit::carrier::Scripted;
use testkit::{Engine, SETUP, TestApp, on_both_engines, scripted_setup};

use crate::fixture::{Shop, WEB_SHOP, builder, with_tables};

fn read(app: &App, text: &str) -> SetupFile {
    let files = |name: &str| Err(format!("no file {name}"));
    app::setup::file::read(text, &files, &|_| None, app.connectors()).unwrap()
}

async fn version(app: &App) -> i64 {
    app.store().read(async |tx| tx.setup_version().await).await.unwrap()
}

async fn knows(app: &App, credentials: Credentials) -> bool {
    match app.authenticate(&credentials, Dialect::Native).await {
        Ok(_) => true,
        Err(Error::Unauthenticated(Unknown::Wrong)) => false,
        Err(error) => panic!("{error}"),
    }
}

fn secret(text: &str) -> Credentials {
    Credentials::Secret(Secret::new(text))
}

/// A setup with everything that holds a secret.
fn rich() -> String {
    with_tables(
        &scripted_setup().replace("settings = {}", "settings = { token = \"tok-in-clear\" }"),
        "[[tenant.webhook]]\nurl = \"https://example.com/hooks\"\nsecret = \"hook-in-clear\"\ndialect = \"native\"\n\
         events = [\"*\"]\n\n[[tenant.routing_rule]]\nname = \"all by house\"\nwhen = 'true'\n\
         then = { only = [\"house\"], pick = \"cheapest\" }\n",
    )
}

impl Shop {
    async fn apply(&self, text: &str) -> domain::Result<Applied> {
        self.app().apply(read(self.app(), text)).await
    }
}

on_both_engines! {
    async fn applying_twice_changes_nothing(engine: Engine) {
        let shop = Shop::built(engine, |builder| builder.setup(rich())).await;
        let before = version(shop.app()).await;
        assert_eq!(shop.apply(&rich()).await.unwrap(), Applied::default());
        assert_eq!(version(shop.app()).await, before);
        let changed = shop.apply(&rich().replace("tok-in-clear", "another").replace("Oss", "Ravenstein")).await;
        let changes: Vec<_> = changed.unwrap().changes.into_iter().collect();
        assert_eq!(changes, [("carrier_account", 1), ("location", 1)]);
        assert_eq!(version(shop.app()).await, before + 1);
    }

    async fn a_changed_secret_revokes_the_old_one_and_its_tokens(engine: Engine) {
        let shop = Shop::open(engine).await;
        let token = shop.app().issue_token("pub-acme", &Secret::new("sec-acme"), "tok_").await.unwrap().token;
        assert!(knows(shop.app(), Credentials::Bearer(token.clone())).await);
        let changed = shop.apply(&scripted_setup().replace("sec-acme", "sec-fresh")).await.unwrap();
        assert_eq!(changed.changes.into_iter().collect::<Vec<_>>(), [("key", 1)]);
        assert!(!knows(shop.app(), secret("sec-acme")).await);
        assert!(!knows(shop.app(), Credentials::Bearer(token)).await);
        assert!(knows(shop.app(), secret("sec-fresh")).await);
        assert!(knows(shop.app(), secret("sec-other")).await);
        let refused = shop.app().issue_token("pub-acme", &Secret::new("sec-acme"), "tok_").await;
        assert_eq!(refused.unwrap_err(), Error::Unauthenticated(Unknown::Wrong));
    }

    async fn a_token_is_good_for_an_hour(engine: Engine) {
        let shop = Shop::open(engine).await;
        let issued = shop.app().issue_token("pub-acme", &Secret::new("sec-acme"), "tok_").await.unwrap();
        assert_eq!((issued.expires_in, issued.public.as_str()), (Duration::from_hours(1), "pub-acme"));
        assert!(issued.token.reveal().starts_with("tok_"));
        let bearer = || Credentials::Bearer(issued.token.clone());
        shop.t.clock.advance(Duration::from_secs(3599));
        assert!(knows(shop.app(), bearer()).await);
        shop.t.clock.advance(Duration::from_secs(1));
        assert!(!knows(shop.app(), bearer()).await);
        // The secret itself is a bearer too, and a pair must fit.
        assert!(knows(shop.app(), Credentials::Bearer(Secret::new("sec-acme"))).await);
        let pair = |public: &str| Credentials::Pair(public.to_owned(), Secret::new("sec-acme"));
        assert!(knows(shop.app(), pair("pub-acme")).await);
        assert!(!knows(shop.app(), pair("pub-other")).await);
    }

    async fn another_tenants_secret_or_public_part_is_refused_and_nothing_is_changed(engine: Engine) {
        let shop = Shop::open(engine).await;
        let before = version(shop.app()).await;
        let taken = [
            ("secret = \"sec-other\"", "secret = \"sec-acme\"", "tenant[late].key[shop].secret"),
            ("public = \"pub-other\"", "public = \"pub-acme\"", "tenant[late].key[shop].public"),
        ];
        for (own, foreign, path) in taken {
            let of_other = &scripted_setup()[scripted_setup().rfind("[[tenant]]").unwrap()..];
            let late = of_other.replace("id = \"other\"", "id = \"late\"").replace("pub-other", "pub-late");
            let late = late.replace("sec-other", "sec-late");
            let late = late.replace(&own.replace("other", "late"), foreign);
            let renamed = "[[tenant]]\nid = \"acme\"\nname = \"Renamed\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\n\n";
            let refused = shop.apply(&format!("{renamed}{late}")).await;
            let Err(Error::Invalid(problems)) = refused else { panic!("{foreign}") };
            assert_eq!(problems.len(), 1);
            assert_eq!(problems[0].path, path);
            assert!(!problems[0].message.contains("sec-"), "{}", problems[0].message);
        }
        assert_eq!(version(shop.app()).await, before);
        let tenants = shop.app().store().read(async |tx| tx.tenants().await).await.unwrap();
        let names: Vec<_> = tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        assert_eq!(names, ["Acme GmbH", "Other Ltd"]);
        assert!(knows(shop.app(), secret("sec-acme")).await && !knows(shop.app(), secret("sec-late")).await);
    }

    async fn what_the_file_does_not_name_is_left_alone(engine: Engine) {
        let shop = Shop::open(engine).await;
        let kept = r#"{"shop_url":"https://shop.example/","order_ids_as_numbers":false,"note":1.50}"#;
        let set = async |settings: &'static str| {
            let caller = shop.t.caller("sec-acme", Dialect::Sendcloud).await;
            let change = move |channel: &mut domain::channel::Channel| -> Result<ChannelHook, ()> {
                channel.settings = RawJson::new(settings.to_owned()).unwrap();
                Ok(ChannelHook::Keep)
            };
            shop.app().edit_channel(&caller, WEB_SHOP, change).await.unwrap().unwrap();
        };
        let settings = async || {
            let caller = shop.t.caller("sec-acme", Dialect::Sendcloud).await;
            shop.app().channel(&caller, WEB_SHOP).unwrap().settings.as_str().to_owned()
        };
        set(kept).await;
        assert_eq!(shop.apply(&scripted_setup()).await.unwrap(), Applied::default());
        assert_eq!(settings().await, kept);
        // What the file owns is set back, the rest stays digit for digit.
        assert_eq!(IDS_AS_NUMBERS, "order_ids_as_numbers");
        set(r#"{"shop_url":"https://shop.example/","order_ids_as_numbers":true,"note":1.50}"#).await;
        let changed = shop.apply(&scripted_setup()).await.unwrap();
        assert_eq!(changed.changes.into_iter().collect::<Vec<_>>(), [("integration", 1)]);
        assert_eq!(
            settings().await,
            r#"{"note":1.50,"order_ids_as_numbers":false,"shop_url":"https://shop.example/"}"#
        );
        // A file that names less takes nothing away.
        let less = &SETUP[..SETUP.find("[[tenant.key]]").unwrap()];
        assert_eq!(shop.apply(less).await.unwrap(), Applied::default());
        let setup = shop.t.caller("sec-acme", Dialect::Native).await.setup;
        assert_eq!((setup.locations.len(), setup.accounts.len()), (1, 1));
        assert!(setup.channel(ChannelNumber(8)).is_some());
    }

    async fn another_processs_change_is_seen_within_a_second(engine: Engine) {
        let shop = Shop::open(engine).await;
        assert!(knows(shop.app(), secret("sec-acme")).await);
        let other = shop.t.another(shop.app().connectors().to_vec()).await;
        other.apply(read(&other, &scripted_setup().replace("sec-acme", "sec-fresh"))).await.unwrap();
        shop.t.clock.advance(Duration::from_secs(1));
        assert!(!knows(shop.app(), secret("sec-acme")).await);
        assert!(knows(shop.app(), secret("sec-fresh")).await);
        other.store().close().await;
    }

    async fn a_key_is_made_for_a_tenant_that_exists(engine: Engine) {
        let shop = Shop::open(engine).await;
        let acme = TenantId::new("acme").unwrap();
        let IssuedKey { public, secret: made, .. } = shop.app().create_key(domain::act::Actor::operator(), &acme, "robot", vec![Scope::Read]).await.unwrap();
        let caller = shop.app().authenticate(&Credentials::Pair(public, made), Dialect::Native).await.unwrap();
        assert_eq!((caller.tenant(), caller.key.scopes.as_slice()), (&acme, [Scope::Read].as_slice()));
        assert!(knows(shop.app(), secret("sec-acme")).await);
        let nobody = TenantId::new("nobody").unwrap();
        let refused = shop.app().create_key(domain::act::Actor::operator(), &nobody, "robot", vec![Scope::Read]).await;
        assert!(matches!(refused, Err(Error::Invalid(problems)) if problems[0].path == "tenant"));
    }

    async fn a_webhook_that_may_not_be_is_refused_as_soon_as_it_is_written_down(engine: Engine) {
        let hook = |url: &str| {
            format!("[[tenant.webhook]]\nurl = \"{url}\"\nsecret = \"hook\"\ndialect = \"native\"\nevents = [\"*\"]\n")
        };
        let bad = ["http://example.com/hooks", "https://10.0.0.1/", "https://[::1]/", "https://localhost/"];
        let hooks: String = bad.iter().copied().chain(["https://example.com/hooks"]).map(hook).collect();
        let setup = with_tables(&scripted_setup(), &hooks);
        let strict = Shop::built(engine, |builder| builder.options(|options| options.allow_private_webhooks = false)).await;
        let before = version(strict.app()).await;
        let Err(Error::Invalid(problems)) = strict.apply(&setup).await else { panic!("they were taken") };
        let paths: Vec<_> = problems.iter().map(|problem| problem.path.clone()).collect();
        assert_eq!(paths, bad.map(|url| format!("tenant[acme].webhook[{url}].url")));
        assert_eq!(
            problems[0].message,
            "webhooks do not go there: \"http\" is not https; expected an https URL with a public address, unless the \
             operator sets allow_private_webhooks"
        );
        assert_eq!(version(strict.app()).await, before);
        strict.apply(&with_tables(&scripted_setup(), &hook("https://example.com/hooks"))).await.unwrap();
        let lenient = Shop::open(engine).await;
        assert_eq!(lenient.apply(&setup).await.unwrap().changes["webhook"], 5);
    }

    async fn a_database_without_keys_gets_a_tenant_and_one_key_once(engine: Engine) {
        let early = "[[tenant]]\nid = \"early\"\nname = \"Early\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\n";
        let t = TestApp::builder(engine).setup(early).build().await;
        let IssuedKey { public, secret: made, .. } = t.app.first_start().await.unwrap().unwrap();
        let caller = t.app.authenticate(&Credentials::Pair(public, made), Dialect::Native).await.unwrap();
        assert_eq!(caller.tenant().as_str(), "default");
        assert_eq!(caller.key.scopes, Scope::ALL);
        assert!(t.app.first_start().await.unwrap().is_none());
        let shop = Shop::open(engine).await;
        assert!(shop.app().first_start().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn no_secret_lies_in_the_database_in_clear() {
    let carrier = Scripted::new();
    let t = builder(Engine::Sqlite, &carrier).setup(rich()).build().await;
    let token = t.app.issue_token("pub-acme", &Secret::new("sec-acme"), "tok_").await.unwrap().token;
    let made = t
        .app
        .create_key(domain::act::Actor::operator(), &TenantId::new("acme").unwrap(), "robot", vec![Scope::Read])
        .await
        .unwrap()
        .secret;
    let store::Config::Sqlite { path } = t.store_config() else { panic!("this is SQLite") };
    let mut bytes = std::fs::read(path).unwrap();
    bytes.extend(std::fs::read(path.with_extension("db-wal")).unwrap());
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("pub-acme") && holds("https://example.com/hooks"));
    for hidden in ["sec-acme", "sec-other", "hook-in-clear", "tok-in-clear", token.reveal(), made.reveal()] {
        assert!(!holds(hidden), "{hidden}");
    }
    // They can be used all the same.
    let setup = t.caller("sec-acme", Dialect::Native).await.setup;
    assert_eq!(setup.endpoints[0].secret.reveal(), "hook-in-clear");
    assert_eq!(setup.account("house").unwrap().account.credentials["token"].reveal(), "tok-in-clear");
    assert!(!format!("{:?}", setup.account("house").unwrap().account).contains("tok-in-clear"));
}

#[tokio::test]
async fn a_test_tenant_buys_no_real_labels() {
    let carrier = Scripted::new();
    let t = builder(Engine::Sqlite, &carrier).build().await;
    let mut setup = read(&t.app, &scripted_setup());
    setup.tenants[0].tenant.mode = domain::tenant::Mode::Test;
    let before = version(&t.app).await;
    let refused = t.app.apply(setup).await;
    let path = "tenant[acme].carrier_account[house].carrier";
    assert!(matches!(refused, Err(Error::Invalid(problems)) if problems[0].path == path));
    assert_eq!(version(&t.app).await, before);
}
