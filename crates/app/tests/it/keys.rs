//! API keys: a new secret beside the old one, or instead of it, and what a setup file may say about that.

use std::time::Duration;

use app::keys::KeyRow;
use app::setup::Applied;
use app::{App, Credentials};
use domain::channel::Dialect;
use domain::error::Unknown;
use domain::tenant::{Scope, TenantId};
use domain::{Error, Secret};
use testkit::{on_both_engines, scripted_setup};

use crate::fixture::Shop;

const DAY: Duration = Duration::from_hours(24);

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

async fn token(app: &App, secret: &str) -> Credentials {
    Credentials::Bearer(app.issue_token("pub-acme", &Secret::new(secret), "tok_").await.unwrap().token)
}

/// Tenant `acme`'s key as operators see it.
async fn listed(app: &App) -> KeyRow {
    let keys = app.keys().await.unwrap();
    keys.into_iter().find(|row| row.key.public == "pub-acme").unwrap()
}

async fn apply(app: &App, text: &str) -> domain::Result<Applied> {
    let files = |name: &str| Err(format!("no file {name}"));
    app.apply(app::setup::file::read(text, &files, &|_| None, app.connectors()).unwrap()).await
}

fn changes(applied: &Applied) -> Vec<(&str, usize)> {
    applied.changes.iter().map(|(kind, count)| (*kind, *count)).collect()
}

on_both_engines! {
    async fn a_new_secret_works_beside_the_old_one_until_the_overlap_is_over(engine: Engine) {
        let shop = Shop::open(engine).await;
        let (app, began) = (shop.app(), shop.t.now());
        assert_eq!((listed(app).await.rotated_at, listed(app).await.older_until), (None, None));
        shop.t.clock.advance(Duration::from_mins(5));
        let rotated = app.rotate_key(domain::act::Actor::operator(), "pub-acme", DAY).await.unwrap();
        assert_eq!(rotated.public, "pub-acme");
        assert!(rotated.secret.reveal().starts_with("sec_") && rotated.secret.reveal().len() > 32);
        let until = shop.t.now().checked_add(DAY).unwrap();
        assert_eq!(rotated.older_until, Some(until));
        let row = listed(app).await;
        assert_eq!((row.created_at, row.rotated_at, row.older_until), (Some(began), Some(shop.t.now()), Some(until)));

        let new = || Credentials::Pair("pub-acme".to_owned(), rotated.secret.clone());
        assert!(knows(app, new()).await && knows(app, secret("sec-acme")).await);
        shop.t.clock.advance(DAY.checked_sub(Duration::from_secs(1)).unwrap());
        let bought = token(app, "sec-acme").await;
        assert!(knows(app, secret("sec-acme")).await && knows(app, bought.clone()).await);
        // What the process keeps of the key ends with the secret, and so does a token that was bought for an hour.
        shop.t.clock.advance(Duration::from_secs(1));
        assert!(!knows(app, secret("sec-acme")).await && !knows(app, bought).await);
        assert!(knows(app, new()).await);
        assert_eq!(listed(app).await.older_until, None);
    }

    async fn without_an_overlap_every_older_secret_and_its_tokens_end_at_once(engine: Engine) {
        let shop = Shop::open(engine).await;
        let app = shop.app();
        let second = app.rotate_key(domain::act::Actor::operator(), "pub-acme", DAY).await.unwrap().secret;
        let tokens = [token(app, "sec-acme").await, token(app, second.reveal()).await];
        assert!(knows(app, tokens[0].clone()).await && knows(app, tokens[1].clone()).await);
        let third = app.rotate_key(domain::act::Actor::operator(), "pub-acme", Duration::ZERO).await.unwrap();
        assert_eq!(third.older_until, None);
        assert!(!knows(app, secret("sec-acme")).await && !knows(app, secret(second.reveal())).await);
        for token in tokens {
            assert!(!knows(app, token).await);
        }
        assert!(knows(app, secret(third.secret.reveal())).await && knows(app, secret("sec-other")).await);
    }

    async fn a_shorter_overlap_ends_the_secrets_of_a_longer_one_too(engine: Engine) {
        let shop = Shop::open(engine).await;
        let second = shop.app().rotate_key(domain::act::Actor::operator(), "pub-acme", DAY).await.unwrap().secret;
        shop.app().rotate_key(domain::act::Actor::operator(), "pub-acme", Duration::from_hours(1)).await.unwrap();
        assert!(knows(shop.app(), secret("sec-acme")).await && knows(shop.app(), secret(second.reveal())).await);
        shop.t.clock.advance(Duration::from_hours(1));
        assert!(!knows(shop.app(), secret("sec-acme")).await && !knows(shop.app(), secret(second.reveal())).await);
    }

    async fn a_revoked_key_is_gone_with_its_tokens_and_no_setup_file_brings_it_back(engine: Engine) {
        let shop = Shop::open(engine).await;
        let app = shop.app();
        let bought = token(app, "sec-acme").await;
        assert_eq!(app.drop_key(domain::act::Actor::operator(), "pub-acme").await.unwrap().name, "shop");
        assert!(!knows(app, secret("sec-acme")).await && !knows(app, bought).await);
        let again = apply(app, &scripted_setup()).await.unwrap();
        assert!(again.changes.is_empty());
        assert_eq!(
            again.notes,
            ["tenant[acme].key[shop].secret: this key was revoked by `waybill key drop` and stays so: take the table \
              away or give it another secret"]
        );
        assert!(!knows(app, secret("sec-acme")).await && knows(app, secret("sec-other")).await);
        let fresh = apply(app, &scripted_setup().replace("sec-acme", "sec-fresh")).await.unwrap();
        assert_eq!((changes(&fresh), fresh.notes.len()), (vec![("key", 1)], 0));
        assert!(knows(app, secret("sec-fresh")).await && !knows(app, secret("sec-acme")).await);
    }

    async fn a_setup_file_with_a_replaced_secret_leaves_the_newer_one_in_force(engine: Engine) {
        let shop = Shop::open(engine).await;
        let app = shop.app();
        let new = app.rotate_key(domain::act::Actor::operator(), "pub-acme", DAY).await.unwrap().secret;
        let behind = "tenant[acme].key[shop].secret: this secret was replaced by `waybill key rotate`, and the newer \
                      one stays in force: write that one here";
        for is_over in [false, true] {
            let applied = apply(app, &scripted_setup()).await.unwrap();
            assert!(applied.changes.is_empty());
            assert_eq!(applied.notes, [behind]);
            assert!(knows(app, secret(new.reveal())).await);
            assert_eq!(knows(app, secret("sec-acme")).await, !is_over);
            shop.t.clock.advance(DAY);
        }
        // What else the file says of the key is made so.
        let narrower = scripted_setup().replacen("scopes = [\"*\"]", "scopes = [\"read\"]", 1);
        assert_eq!(changes(&apply(app, &narrower).await.unwrap()), [("key", 1)]);
        assert_eq!(shop.t.caller(new.reveal(), Dialect::Native).await.key.scopes, [Scope::Read]);
        // Once the file holds the newer one, there is nothing to say.
        let caught_up = apply(app, &narrower.replace("sec-acme", new.reveal())).await.unwrap();
        assert_eq!(caught_up, Applied::default());
    }

    async fn a_setup_file_with_yet_another_secret_counts_and_may_be_taken_back(engine: Engine) {
        let shop = Shop::open(engine).await;
        let app = shop.app();
        let rotated = app.rotate_key(domain::act::Actor::operator(), "pub-acme", DAY).await.unwrap().secret;
        let with = |secret: &str| scripted_setup().replace("sec-acme", secret);
        for written in ["sec-third", "sec-fourth", "sec-third"] {
            assert_eq!(changes(&apply(app, &with(written)).await.unwrap()), [("key", 1)]);
            assert!(knows(app, secret(written)).await);
            assert!(!knows(app, secret("sec-acme")).await && !knows(app, secret(rotated.reveal())).await);
        }
        assert!(!knows(app, secret("sec-fourth")).await);
        // The one that was rotated away stays away.
        assert_eq!(apply(app, &with("sec-acme")).await.unwrap().notes.len(), 1);
        assert!(knows(app, secret("sec-third")).await && !knows(app, secret("sec-acme")).await);
    }

    async fn a_key_that_is_not_there_is_said_so(engine: Engine) {
        let shop = Shop::open(engine).await;
        let said = "key: there is no key \"pub-nobody\": `waybill key list` shows them all";
        assert_eq!(shop.app().rotate_key(domain::act::Actor::operator(), "pub-nobody", DAY).await.unwrap_err().to_string(), said);
        assert_eq!(shop.app().drop_key(domain::act::Actor::operator(), "pub-nobody").await.unwrap_err().to_string(), said);
    }

    async fn every_key_is_listed_by_tenant_and_name(engine: Engine) {
        let shop = Shop::open(engine).await;
        let acme = TenantId::new("acme").unwrap();
        shop.app().create_key(domain::act::Actor::operator(), &acme, "packing table", vec![Scope::Read, Scope::Print]).await.unwrap();
        let keys = shop.app().keys().await.unwrap();
        let names: Vec<_> = keys.iter().map(|row| (row.key.tenant.as_str(), row.key.name.as_str())).collect();
        assert_eq!(names, [("acme", "packing table"), ("acme", "shop"), ("other", "shop")]);
        assert_eq!(keys[0].key.scopes, [Scope::Read, Scope::Print]);
    }
}
