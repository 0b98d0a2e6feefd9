//! Who gets in, for how long, and what a key may see and do.

use domain::tenant::Role;
use http::StatusCode;
use testkit::on_both_engines;

use crate::browser::{Browser, cups, desk, place};

/// Every form of the dashboard, with a path that leads to nothing where it names something, and the scope it takes.
const FORMS: [(&str, &str); 19] = [
    ("/ui/orders/ord_1/ship", "buy"),
    ("/ui/orders/ord_1/overrule", "overrule"),
    ("/ui/shipments/shp_1/cancel", "void"),
    ("/ui/views", "write"),
    ("/ui/batches", "buy"),
    ("/ui/batches/bat_1/retry", "buy"),
    ("/ui/batches/bat_1/print", "print"),
    ("/ui/carriers", "setup"),
    ("/ui/carriers/house/check", "setup"),
    ("/ui/webhooks/hook_1/pause", "setup"),
    ("/ui/webhooks/hook_1/resume", "setup"),
    ("/ui/webhooks/hook_1/resend", "setup"),
    ("/ui/deliveries/dlv_1/resend", "setup"),
    ("/ui/rules", "setup"),
    ("/ui/branding", "setup"),
    ("/ui/branding/logo/remove", "setup"),
    ("/ui/keys", "setup"),
    ("/ui/keys/pub-acme/revoke", "setup"),
    ("/ui/sign-out", ""),
];

/// Every page that needs somebody to be signed in.
const PAGES: [&str; 22] = [
    "/ui/overview",
    "/ui/orders",
    "/ui/orders/ord_1",
    "/ui/orders/ord_1/rates",
    "/ui/scan?code=1",
    "/ui/batches",
    "/ui/shipments",
    "/ui/exceptions",
    "/ui/documents",
    "/ui/carriers",
    "/ui/carriers/house",
    "/ui/carrier?kind=local",
    "/ui/rules",
    "/ui/webhooks",
    "/ui/branding",
    "/ui/keys",
    "/ui/acts",
    "/ui/acts.csv",
    "/ui/import",
    "/ui/parcels/pcl_1/label",
    "/ui/parcels/pcl_1/preview",
    "/ui/nothing/of/this/name",
];

on_both_engines! {
    async fn a_secret_opens_a_session_that_ends_with_its_key(engine: Engine) {
        let t = desk(engine).await;
        let mut person = Browser::new(&t);
        let asked = person.get("/ui/orders?stage=open").await;
        assert_eq!((asked.status, asked.header("location")), (StatusCode::SEE_OTHER, "/ui/sign-in?next=%2Fui%2Forders%3Fstage%3Dopen"));
        let wrong = person.sign_in("sec-wrong").await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
        assert!(wrong.text().contains("No key has this secret"));
        let right = person.sign_in("sec-viewer").await;
        assert_eq!((right.status, right.header("location")), (StatusCode::SEE_OTHER, "/ui/orders"));
        let cookie = right.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).find(|line| line.starts_with("waybill_session=")).unwrap();
        let (value, rest) = cookie.split_once(';').unwrap();
        assert_eq!(rest, " Path=/; HttpOnly; SameSite=Strict; Max-Age=43200");
        assert!(!value.contains("sec-viewer"));
        assert_eq!(person.get("/ui/orders").await.status, StatusCode::OK);
        t.app.drop_key(domain::act::Actor::operator(), "pub-viewer").await.unwrap();
        assert_eq!(person.get("/ui/orders").await.status, StatusCode::SEE_OTHER, "the key is gone");

        // A session lasts a working day.
        let mut other = Browser::signed_in(&t, "sec-packer").await;
        t.clock.advance(std::time::Duration::from_hours(12));
        assert_eq!(other.get("/ui/orders").await.status, StatusCode::SEE_OTHER);
    }

    async fn a_form_counts_only_from_a_page_of_this_session(engine: Engine) {
        let t = desk(engine).await;
        let mut person = Browser::signed_in(&t, "sec-acme").await;
        let csrf = person.csrf().to_owned();
        let view = [("name", "mine"), ("query", "stage=open")];
        let elsewhere = [("sec-fetch-site", "cross-site")];
        let with_token = [("csrf", csrf.as_str()), view[0], view[1]];
        for (form, headers) in [(&view[..], &[][..]), (&[("csrf", "guessed"), view[0], view[1]][..], &[][..]), (&with_token[..], &elsewhere[..]), (&with_token[..], &[("origin", "https://evil.example")][..])] {
            let refused = person.send("/ui/views", form, headers).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN);
            assert!(refused.text().contains("This form is too old"));
        }
        let acme = t.caller("sec-acme", domain::channel::Dialect::Native).await;
        assert!(t.app.views(&acme).await.unwrap().is_empty(), "nothing was done");
        let kept = person.send("/ui/views", &with_token, &[("sec-fetch-site", "same-origin")]).await;
        assert_eq!(kept.header("location"), "/ui/orders?stage=open&done=view-saved");
        assert_eq!(t.app.views(&acme).await.unwrap().len(), 1);
        // A token of another session is none here.
        let other = Browser::signed_in(&t, "sec-acme").await.csrf().to_owned();
        assert_eq!(person.send("/ui/views", &[("csrf", &other), view[0], view[1]], &[]).await.status, StatusCode::FORBIDDEN);
        // Nor does anybody sign in from another site.
        let refused = Browser::new(&t).send("/ui/sign-in", &[("secret", "sec-acme"), ("csrf", &csrf)], &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }

    async fn every_page_and_form_asks_who_is_there_and_says_how_it_may_be_shown(engine: Engine) {
        let t = desk(engine).await;
        for path in PAGES {
            let answer = Browser::new(&t).get(path).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
            assert!(answer.header("location").starts_with("/ui/sign-in?next="), "{path}");
        }
        for (path, _) in FORMS {
            let answer = Browser::new(&t).send(path, &[], &[]).await;
            assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/ui/sign-in"), "{path}");
        }
        let mut person = Browser::signed_in(&t, "sec-acme").await;
        for path in PAGES {
            let answer = person.get(path).await;
            if answer.status == StatusCode::SEE_OTHER {
                continue;
            }
            let policy = answer.header("content-security-policy");
            if answer.header("content-disposition").starts_with("attachment") {
                assert_eq!(policy, "default-src 'none'", "{path}: a file runs nothing");
                continue;
            }
            assert!(policy.contains("default-src 'none'; script-src 'self'; style-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
            assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"), "{path}");
            let text = answer.text();
            assert!(!text.contains("<script>") && !text.contains(" style=") && !text.contains(" onclick="), "{path}");
        }
    }

    async fn what_a_role_may_not_do_is_not_shown_and_is_refused(engine: Engine) {
        let t = desk(engine).await;
        place(&t, vec![cups("1001")]).await;
        for role in [Role::Viewer, Role::Packer, Role::Operator] {
            let has = |scope: &str| role.scopes().iter().any(|one| one.as_str() == scope);
            let role = role.as_str();
            let mut person = Browser::signed_in(&t, &format!("sec-{role}")).await;
            for (path, scope) in FORMS.iter().filter(|(_, scope)| !scope.is_empty()) {
                let answer = person.post(path, &[("order", "ord_1"), ("name", "x"), ("query", ""), ("role", "viewer"), ("carrier", "local"), ("id", "house"), ("do", "save"), ("reason", "x"), ("from", "2026-03-02T11:00"), ("until", "2026-03-02T12:00")]).await;
                let may = has(scope);
                assert_eq!(answer.status != StatusCode::FORBIDDEN, may, "{role} {path}: {}", answer.text());
            }
            let list = person.get("/ui/orders").await.text();
            assert_eq!(list.contains("Label chosen"), has("buy"), "{role}");
            assert_eq!(list.contains("Import a file"), has("write"), "{role}");
            assert!(!list.contains("href=\"/ui/keys\""), "{role}");
            for path in ["/ui/keys", "/ui/carriers/house", "/ui/carrier?kind=local"] {
                assert_eq!(person.get(path).await.status, StatusCode::FORBIDDEN, "{role} {path}");
            }
            assert!(!person.get("/ui/carriers").await.text().contains("Test credentials"), "{role}");
            assert!(!person.get("/ui/rules").await.text().contains("Save the rules"), "{role}");
        }
        let mut admin = Browser::signed_in(&t, "sec-acme").await;
        let list = admin.get("/ui/orders").await.text();
        assert!(list.contains("Label chosen") && list.contains("Import a file") && list.contains("href=\"/ui/keys\""));
        assert!(admin.get("/ui/carriers").await.text().contains("Test credentials"));
    }

    async fn another_tenants_things_look_like_things_that_do_not_exist(engine: Engine) {
        let t = desk(engine).await;
        let order = place(&t, vec![cups("1001")]).await[0];
        let mut stranger = Browser::signed_in(&t, "sec-other").await;
        let theirs = stranger.get(&format!("/ui/orders/{order}")).await;
        let nothing = stranger.get("/ui/orders/ord_zzz").await;
        assert_eq!((theirs.status, theirs.text()), (StatusCode::NOT_FOUND, nothing.text()));
        let nowhere = stranger.get("/ui/nothing").await;
        assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
        assert!(nowhere.text().contains("There is no such page.") && nowhere.text().contains("To the orders"));
        assert_eq!(stranger.get("/ui/scan?code=1001").await.header("location"), "/ui/orders?q=1001");
        assert!(stranger.get("/ui/orders?q=1001").await.text().contains("No order fits"));
        let keys = stranger.get("/ui/keys").await.text();
        assert!(keys.contains("pub-other") && !keys.contains("pub-acme"));
        assert_eq!(stranger.post("/ui/keys/pub-acme/revoke", &[]).await.status, StatusCode::NOT_FOUND);
    }

    async fn a_key_is_made_with_a_role_and_its_secret_is_shown_once(engine: Engine) {
        let t = desk(engine).await;
        let mut admin = Browser::signed_in(&t, "sec-acme").await;
        let made = admin.post("/ui/keys", &[("name", "Packing table"), ("role", "packer")]).await;
        assert_eq!(made.status, StatusCode::CREATED);
        let page = made.text();
        let secret = page.split_once("id=\"secret\">").unwrap().1.split_once('<').unwrap().0.to_owned();
        assert!(page.contains("Packing table") && secret.starts_with("sec_"));
        assert!(!admin.get("/ui/keys").await.text().contains(&secret));
        let mut packer = Browser::signed_in(&t, &secret).await;
        assert_eq!(packer.get("/ui/orders").await.status, StatusCode::OK);
        assert_eq!(packer.get("/ui/keys").await.status, StatusCode::FORBIDDEN);
        // Who packs prints what others bought.
        assert_eq!(packer.post("/ui/orders/ord_1/ship", &[]).await.status, StatusCode::FORBIDDEN);
        assert!(admin.get("/ui/keys").await.text().contains("Packer"));
    }
}

#[tokio::test]
async fn whoever_guesses_is_stopped_after_some_attempts() {
    let t = desk(testkit::Engine::Sqlite).await;
    let mut guesser = Browser::new(&t);
    let mut refused = None;
    for attempt in 0..60 {
        let answer = guesser.sign_in("sec-guess").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some((attempt, answer));
            break;
        }
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let (attempts, answer) = refused.expect("somebody stops the guessing");
    assert!(attempts >= 30, "{attempts} attempts were allowed");
    assert!(!answer.header("retry-after").is_empty() && answer.text().contains("too many attempts"));
}
