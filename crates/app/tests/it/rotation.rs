//! Rotation of the installation's key: everything moves, at whatever instant it was cut short before, and nobody works
//! with keys that cannot read everything.

use std::sync::Mutex;
use std::time::Duration;

use app::rotation::{Progress, Rotated};
use app::{App, Credentials, Random, Vault};
use domain::account::CarrierAccount;
use domain::channel::Dialect;
use domain::ids::EndpointId;
use domain::tenant::TenantId;
use domain::{Error, Secret};
use store::webhooks::EndpointRow;
use testkit::{on_both_engines, scripted_setup};

use crate::fixture::{Shop, with_tables};

/// A vault under one key, as the tests' applications have one under sevens.
fn vault(key: u8) -> Vault {
    Vault::new(&[key; 32], Random::default()).unwrap()
}

/// A vault under one key that still knows another.
fn changing(key: u8, previous: u8) -> Vault {
    vault(key).with_previous(&[previous; 32]).unwrap()
}

fn setup(hook_secret: &str) -> String {
    with_tables(
        &scripted_setup().replace("settings = {}", "settings = { token = \"tok-house\" }"),
        &format!(
            "[[tenant.webhook]]\nurl = \"https://example.com/hooks\"\nsecret = \"{hook_secret}\"\n\
             dialect = \"native\"\nevents = [\"*\"]\n"
        ),
    )
}

async fn apply(app: &App, text: &str) -> domain::Result<app::setup::Applied> {
    let files = |name: &str| Err(format!("no file {name}"));
    app.apply(app::setup::file::read(text, &files, &|_| None, app.connectors()).unwrap()).await
}

/// A shop under sevens, whose webhook has changed its secret today.
async fn shop(engine: testkit::Engine) -> Shop {
    let shop = Shop::built(engine, |builder| builder.setup(setup("hook-old"))).await;
    shop.app().check_key().await.unwrap();
    apply(shop.app(), &setup("hook-new")).await.unwrap();
    shop
}

/// As many more accounts and endpoints, put there as a process with this key would.
async fn crowd(app: &App, vault: Vault, count: u64) {
    let acme = TenantId::new("acme").unwrap();
    let put = async move |tx: &mut store::setup::SetupTx<'_, '_>| {
        let acme = TenantId::new("acme").unwrap();
        for number in 1..=count {
            let account = CarrierAccount { id: format!("more-{number:04}"), ..house(tx, &acme).await? };
            let credentials = vault.encrypt(&format!("{{\"token\":\"tok-{number}\"}}"))?;
            tx.put_carrier_account(number as usize, &account, &credentials).await?;
            let known_by = format!("[\"x-api-key\",\"api-{number}\"]");
            let endpoint = EndpointRow {
                authentication: (number <= 3).then(|| vault.encrypt(&known_by)).transpose()?,
                mode: None,
                description: None,
                // Numbers of two to four digits.
                id: EndpointId::new(90 + 7 * number).unwrap(),
                url: format!("https://example.com/{number}"),
                dialect: Dialect::Native,
                channel: None,
                events: vec!["*".to_owned()],
                secret: vault.encrypt(&format!("hook-{number}"))?,
                previous: None,
                concurrency: 1,
                variant: None,
            };
            tx.put_webhook_endpoint(&endpoint).await?;
        }
        Ok(())
    };
    let write = app.store().write(async move |tx| tx.change_setup(&acme, &crate::fixture::signed(), &put).await);
    write.await.unwrap();
}

async fn house(tx: &mut store::Tx<'_>, tenant: &TenantId) -> domain::Result<CarrierAccount> {
    let accounts = tx.carrier_accounts(tenant).await?;
    Ok(accounts.into_iter().find(|(account, _)| account.id == "house").unwrap().0)
}

/// Every secret a process reads of tenant `acme`: each account's token, each endpoint's secrets.
async fn secrets(app: &App) -> domain::Result<Vec<String>> {
    let setup = app.tenant_setup(&TenantId::new("acme").unwrap()).await?.unwrap();
    let tokens = setup.accounts.iter().map(|account| account.account.credentials["token"].reveal().to_owned());
    let hooks = setup.endpoints.iter().flat_map(|endpoint| {
        let previous = endpoint.previous_secret.as_ref().map(|(secret, _)| secret.reveal().to_owned());
        let known_by = endpoint.authentication.as_ref().map(|known| known.value.reveal().to_owned());
        std::iter::once(endpoint.secret.reveal().to_owned()).chain(previous).chain(known_by)
    });
    Ok(tokens.chain(hooks).collect())
}

async fn rotate(app: &App) -> domain::Result<Rotated> {
    app.rotate_installation_key(&|_| {}).await
}

async fn knows(app: &App, secret: &str) -> bool {
    app.authenticate(&Credentials::Secret(Secret::new(secret)), Dialect::Native).await.is_ok()
}

fn waiting(rotated: &Rotated) -> Vec<&str> {
    rotated.waiting.iter().map(|row| row.key.public.as_str()).collect()
}

fn refusal(checked: domain::Result<()>) -> String {
    match checked {
        Err(Error::Conflict(text)) => text,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

on_both_engines! {
    async fn everything_encrypted_moves_to_the_new_key_and_unused_secrets_are_listed(engine: Engine) {
        let shop = shop(engine).await;
        let before = secrets(shop.app()).await.unwrap();
        assert_eq!(before, ["tok-house", "hook-new", "hook-old"]);
        let both = shop.t.another_with(changing(8, 7)).await;
        both.check_key().await.unwrap();
        // Read with either key before anything has moved, and written with the new one.
        assert_eq!(secrets(&both).await.unwrap(), before);
        assert!(knows(&both, "sec-acme").await);
        let rotated = rotate(&both).await.unwrap();
        assert_eq!((rotated.accounts, rotated.endpoints), (1, 1));
        // One secret was used meanwhile and has moved, the other has not.
        assert_eq!(waiting(&rotated), ["pub-other"]);
        let again = rotate(&both).await.unwrap();
        assert_eq!((again.accounts, again.endpoints), (0, 0));

        let new = shop.t.another_with(vault(8)).await;
        new.check_key().await.unwrap();
        assert_eq!(secrets(&new).await.unwrap(), before);
        assert!(knows(&new, "sec-acme").await && !knows(&new, "sec-other").await);
        assert!(knows(&both, "sec-other").await);
        assert!(knows(&new, "sec-other").await);
        assert_eq!(waiting(&rotate(&both).await.unwrap()), Vec::<&str>::new());
        let old = refusal(shop.app().check_key().await);
        assert!(old.starts_with("this is not the key the database was made with"), "{old}");
    }

    async fn a_rotation_that_is_cut_short_after_any_batch_is_finished_by_the_next(engine: Engine) {
        let shop = shop(engine).await;
        crowd(shop.app(), vault(7), 230).await;
        let before = secrets(shop.app()).await.unwrap();
        let both = shop.t.another_with(changing(8, 7)).await;
        both.check_key().await.unwrap();
        // 231 rows of each kind are three batches of each, and three authentications are one.
        for batch in 1..=7 {
            let app = both.clone();
            let cut = tokio::spawn(async move {
                let told = Mutex::new(0);
                let tell = |_: Progress| {
                    let mut told = told.lock().unwrap();
                    *told += 1;
                    assert!(*told < batch, "cut short after batch {batch}");
                };
                app.rotate_installation_key(&tell).await
            });
            assert!(cut.await.unwrap_err().is_panic());
            // Half way: both keys read everything, either alone is refused and told what to do.
            let both = shop.t.another_with(changing(8, 7)).await;
            both.check_key().await.unwrap();
            assert_eq!(secrets(&both).await.unwrap(), before);
            both.store().close().await;
            for alone in [7, 8] {
                let alone = shop.t.another_with(vault(alone)).await;
                let refused = refusal(alone.check_key().await);
                assert!(refused.contains("then run `waybill rotate-key`"), "{refused}");
                alone.store().close().await;
            }
        }
        let told = Mutex::new(Vec::new());
        let rotated = both.rotate_installation_key(&|progress| told.lock().unwrap().push(progress)).await.unwrap();
        // Each batch that was cut short had been stored.
        assert_eq!((rotated.accounts, rotated.endpoints), (0, 0));
        let told: Vec<_> = told.lock().unwrap().iter().map(|step| (step.what, step.done, step.of)).collect();
        let steps = |what| [(what, 100, 231), (what, 200, 231), (what, 231, 231)];
        let last = vec![("authentication at the webhook endpoint", 3, 3)];
        assert_eq!(told, [steps("carrier account").to_vec(), steps("webhook endpoint").to_vec(), last].concat());
        let new = shop.t.another_with(vault(8)).await;
        new.check_key().await.unwrap();
        assert_eq!(secrets(&new).await.unwrap(), before);
    }

    async fn links_and_tokens_of_the_previous_key_stay_good_beside_the_new_one(engine: Engine) {
        let shop = shop(engine).await;
        let shipment = shop.shipped("1001").await;
        let document = shop.app().documents(&shop.acme, shipment.id).await.unwrap()[0].id;
        let link = shop.app().document_link(shop.acme.tenant(), document);
        let link = link.rsplit('/').next().unwrap();
        let token = shop.app().issue_token("pub-acme", &Secret::new("sec-acme"), "tok_").await.unwrap().token;
        let both = shop.t.another_with(changing(8, 7)).await;
        both.check_key().await.unwrap();
        rotate(&both).await.unwrap();
        assert!(both.open_document_link(link).await.is_ok());
        let bearer = Credentials::Bearer(token);
        assert!(both.authenticate(&bearer, Dialect::Native).await.is_ok());
        // Also once the secret has moved, and for one bought then.
        let bought = both.issue_token("pub-acme", &Secret::new("sec-acme"), "tok_").await.unwrap().token;
        assert!(both.authenticate(&bearer, Dialect::Native).await.is_ok());
        let new = shop.t.another_with(vault(8)).await;
        assert!(new.open_document_link(link).await.is_err());
        assert!(new.authenticate(&bearer, Dialect::Native).await.is_err());
        assert!(new.authenticate(&Credentials::Bearer(bought), Dialect::Native).await.is_ok());
    }

    async fn keys_that_cannot_read_everything_are_refused_with_what_to_do(engine: Engine) {
        let shop = shop(engine).await;
        let check = async |vault: Vault| {
            let app = shop.t.another_with(vault).await;
            let checked = app.check_key().await;
            app.store().close().await;
            checked
        };
        let refused = refusal(check(vault(8)).await);
        assert!(refused.ends_with("give the other one with previous_key or previous_key_file"), "{refused}");
        let refused = refusal(check(changing(8, 9)).await);
        assert!(refused.contains("and neither is previous_key"), "{refused}");
        // A node that is to read the new key before anybody writes with it changes nothing.
        check(changing(7, 8)).await.unwrap();
        check(vault(7)).await.unwrap();
        check(changing(8, 7)).await.unwrap();
        check(changing(7, 8)).await.unwrap();
        for half in [vault(7), vault(8), changing(8, 9), changing(9, 7)] {
            assert!(refusal(check(half).await).starts_with("another key is taking the place"), "half way");
        }
        let alone = shop.t.another_with(vault(7)).await;
        let Err(Error::Invalid(problems)) = rotate(&alone).await else { panic!("a rotation without a previous key") };
        assert_eq!(problems[0].path, "previous_key");
    }

    async fn nodes_that_know_both_keys_change_over_one_by_one(engine: Engine) {
        let shop = shop(engine).await;
        // All of them learn the new key before anybody uses it.
        let waiting_node = shop.t.another_with(changing(7, 8)).await;
        waiting_node.check_key().await.unwrap();
        let changed_node = shop.t.another_with(changing(8, 7)).await;
        changed_node.check_key().await.unwrap();
        assert!(knows(&changed_node, "sec-acme").await);
        apply(&changed_node, &setup("hook-newer")).await.unwrap();
        // Each reads what the other wrote, and what moved does not move back.
        assert!(knows(&waiting_node, "sec-acme").await && knows(&waiting_node, "sec-other").await);
        assert_eq!(secrets(&waiting_node).await.unwrap(), ["tok-house", "hook-newer", "hook-new"]);
        assert_eq!(apply(&waiting_node, &setup("hook-newer")).await.unwrap().changes.len(), 0);
        let issued = changed_node.rotate_key(domain::act::Actor::operator(), "pub-acme", Duration::from_hours(1)).await.unwrap().secret;
        let token = waiting_node.issue_token("pub-acme", &issued, "tok_").await.unwrap().token;
        assert!(changed_node.authenticate(&Credentials::Bearer(token), Dialect::Native).await.is_ok());
        assert_eq!(waiting(&rotate(&changed_node).await.unwrap()), Vec::<&str>::new());
        let new = shop.t.another_with(vault(8)).await;
        for secret in ["sec-acme", "sec-other", issued.reveal()] {
            assert!(knows(&new, secret).await);
        }
    }

    async fn a_process_with_the_old_key_stores_no_secret_once_a_rotation_has_begun(engine: Engine) {
        let shop = shop(engine).await;
        let both = shop.t.another_with(changing(8, 7)).await;
        both.check_key().await.unwrap();
        let refused = apply(shop.app(), &setup("hook-newer")).await;
        assert!(matches!(refused, Err(Error::Conflict(text)) if text.contains("so it may store no secrets")));
        // What needs no encryption is stored as ever.
        let renamed = setup("hook-new").replace("Acme GmbH", "Acme AG");
        assert_eq!(apply(shop.app(), &renamed).await.unwrap().changes.into_iter().collect::<Vec<_>>(), [("tenant", 1)]);
        apply(&both, &setup("hook-newer")).await.unwrap();
        rotate(&both).await.unwrap();
        let new = shop.t.another_with(vault(8)).await;
        assert_eq!(secrets(&new).await.unwrap(), ["tok-house", "hook-newer", "hook-new"]);
    }

    async fn secrets_that_change_during_a_rotation_end_up_under_the_new_key(engine: Engine) {
        let shop = shop(engine).await;
        crowd(shop.app(), vault(7), 230).await;
        let both = shop.t.another_with(changing(8, 7)).await;
        let changed = |name: &str, number: usize| {
            setup(&format!("hook-{name}-{number}")).replace("tok-house", &format!("tok-{name}-{number}"))
        };
        // A process with the old key alone stores new secrets until it may not any more.
        let app = shop.app().clone();
        let old = tokio::spawn(async move {
            for number in 0..1_000 {
                match apply(&app, &changed("old", number)).await {
                    Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                    Err(Error::Conflict(text)) => return text,
                    Err(error) => panic!("{error}"),
                }
            }
            "it was never refused".to_owned()
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        both.check_key().await.unwrap();
        // One with both keys goes on all the while.
        let app = both.clone();
        let new = tokio::spawn(async move {
            for number in 0..30 {
                apply(&app, &changed("new", number)).await.unwrap();
            }
        });
        rotate(&both).await.unwrap();
        new.await.unwrap();
        let refused = old.await.unwrap();
        assert!(refused.contains("so it may store no secrets"), "{refused}");
        let alone = shop.t.another_with(vault(8)).await;
        alone.check_key().await.unwrap();
        let read = secrets(&alone).await.unwrap();
        assert_eq!((read.len(), read[0].as_str()), (231 + 231 + 3 + 1, "tok-new-29"));
        assert!(read.contains(&"hook-new-29".to_owned()) && read.contains(&"hook-new-28".to_owned()));
    }

    async fn a_rotation_can_be_turned_back(engine: Engine) {
        let shop = shop(engine).await;
        let both = shop.t.another_with(changing(8, 7)).await;
        both.check_key().await.unwrap();
        apply(&both, &setup("hook-newer")).await.unwrap();
        assert!(knows(&both, "sec-acme").await);
        let back = shop.t.another_with(changing(7, 8)).await;
        back.check_key().await.unwrap();
        assert_eq!(rotate(&back).await.unwrap().endpoints, 1);
        assert!(matches!(apply(&both, &setup("hook-newest")).await, Err(Error::Conflict(_))));
        assert!(knows(&back, "sec-acme").await);
        let old = shop.t.another_with(vault(7)).await;
        old.check_key().await.unwrap();
        assert_eq!(secrets(&old).await.unwrap(), ["tok-house", "hook-newer", "hook-new"]);
        assert!(knows(&old, "sec-acme").await);
    }

    async fn a_secret_that_neither_key_reads_is_named_and_nothing_is_finished(engine: Engine) {
        let shop = shop(engine).await;
        crowd(shop.app(), vault(9), 1).await;
        let both = shop.t.another_with(changing(8, 7)).await;
        both.check_key().await.unwrap();
        let Err(Error::Conflict(text)) = rotate(&both).await else { panic!("an unreadable secret") };
        let named = "carrier account acme/more-0001, webhook endpoint acme/97, authentication at the webhook endpoint acme/97; \
                     give them again";
        assert!(text.contains(named), "{text}");
        let new = shop.t.another_with(vault(8)).await;
        assert!(new.check_key().await.is_err());
        // Given again, they can be read, and the rotation is finished.
        let house = "[[tenant.carrier_account]]\nid = \"house\"\ncarrier = \"scripted\"\n\
                     settings = { token = \"tok-house\" }\n";
        let given = format!(
            "{house}\n{}\n[[tenant.webhook]]\nurl = \"https://example.com/1\"\nsecret = \"hook-again\"\n\
             dialect = \"native\"\nevents = [\"*\"]\n\n",
            house.replace("house", "more-0001").replace("tok-more-0001", "tok-again")
        );
        let setup = setup("hook-new").replacen(house, &given, 1);
        let applied = apply(&both, &setup).await.unwrap();
        assert_eq!(applied.changes.into_iter().collect::<Vec<_>>(), [("carrier_account", 1), ("webhook", 1)]);
        rotate(&both).await.unwrap();
        let expected = ["tok-house", "tok-again", "hook-new", "hook-old", "hook-again"];
        assert_eq!(secrets(&new).await.unwrap(), expected);
    }

    async fn a_retired_secret_stays_retired_under_another_key(engine: Engine) {
        let shop = shop(engine).await;
        shop.app().rotate_key(domain::act::Actor::operator(), "pub-acme", Duration::ZERO).await.unwrap();
        let both = shop.t.another_with(changing(8, 7)).await;
        both.check_key().await.unwrap();
        rotate(&both).await.unwrap();
        // Nobody can tell with the new key alone whether the file's secret is the retired one.
        let new = shop.t.another_with(vault(8)).await;
        let Err(Error::Invalid(problems)) = apply(&new, &setup("hook-new")).await else { panic!("it was taken") };
        assert_eq!(problems[0].path, "tenant[acme].key[shop].secret");
        let way_out = "set previous_key to that key, or write the secret here that `waybill key rotate pub-acme` prints";
        assert!(problems[0].message.ends_with(way_out), "{}", problems[0].message);
        // With both keys it is known, and from then on with the new one too.
        assert_eq!(apply(&both, &setup("hook-new")).await.unwrap().notes.len(), 1);
        assert!(!knows(&both, "sec-acme").await);
        assert_eq!(apply(&new, &setup("hook-new")).await.unwrap().notes.len(), 1);
        // A secret the key never had is taken all the same.
        let fresh = setup("hook-new").replace("sec-acme", "sec-fresh");
        assert!(apply(&new, &fresh).await.unwrap().notes.is_empty());
        assert!(knows(&new, "sec-fresh").await);
    }

    async fn a_revoked_secret_stays_revoked_under_another_key(engine: Engine) {
        let shop = shop(engine).await;
        shop.app().drop_key(domain::act::Actor::operator(), "pub-acme").await.unwrap();
        let both = shop.t.another_with(changing(8, 7)).await;
        both.check_key().await.unwrap();
        rotate(&both).await.unwrap();
        let new = shop.t.another_with(vault(8)).await;
        let Err(Error::Invalid(problems)) = apply(&new, &setup("hook-new")).await else { panic!("it was taken") };
        assert!(problems[0].message.ends_with("or choose another public part"), "{}", problems[0].message);
        assert!(!knows(&new, "sec-acme").await && !knows(&both, "sec-acme").await);
    }
}
