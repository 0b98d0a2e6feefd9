//! `waybill doctor`: what it looks at, and what it says when something is wrong.

use store::testing::Engine;
use testkit::on_both_engines;

use crate::process::{Place, run};

/// What it says here, and whether it found no fault.
fn looked(place: &Place, more: &[&str]) -> (bool, String) {
    let flags = place.flags();
    let command: Vec<_> =
        ["doctor"].into_iter().chain(flags.iter().map(String::as_str)).chain(more.iter().copied()).collect();
    let said = run(&place.folder, &command);
    (said.status.success(), String::from_utf8(said.stdout).unwrap())
}

fn line<'a>(said: &'a str, what: &str) -> &'a str {
    said.lines().find(|line| line.get(6..).is_some_and(|rest| rest.starts_with(what))).unwrap_or(said)
}

fn with_webhook(place: &Place, url: &str) {
    let setup = std::fs::read_to_string(place.folder.join("setup.toml")).unwrap();
    let webhook = format!(
        "[[tenant.webhook]]\nurl = \"{url}\"\nsecret = \"whsec_c2VjcmV0\"\ndialect = \"native\"\nevents = [\"*\"]\n\n"
    );
    let setup = setup.replacen("[[tenant.location]]", &format!("{webhook}[[tenant.location]]"), 1);
    std::fs::write(place.folder.join("setup.toml"), setup).unwrap();
}

on_both_engines! {
    async fn where_all_is_well_it_says_so_of_each_thing(engine: Engine) {
        let place = Place::new(engine, "doctor").await;
        std::fs::write(place.folder.join("waybill.toml"), "allow_private_webhooks = true\n").unwrap();
        let server = place.serve();
        // An address that answers, and one where nobody listens.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        with_webhook(&place, &format!("{}/healthz", server.url));
        with_webhook(&place, &format!("http://{free}/hook"));
        let flags = place.flags();
        let apply: Vec<_> = ["apply", "setup.toml"].into_iter().chain(flags.iter().map(String::as_str)).collect();
        assert!(run(&place.folder, &apply).status.success());
        let (is_well, said) = looked(&place, &[]);
        assert!(is_well, "an endpoint that is silent is no fault of the installation: {said}");
        let whats: Vec<_> = said.lines().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(whats[..7], ["ok    database", "ok    documents", whats[2], "ok    fonts", "ok    key", "ok    webhooks", "ok    clock"], "{said}");
        assert!(whats[2].ends_with(" space"), "{said}");
        assert!(said.contains(&format!("ok    webhook of acme: {}/healthz answers (", server.url)), "{said}");
        assert!(said.contains(&format!("warn  webhook of acme: http://{free}/hook: no connection; look whether it runs")), "{said}");
        assert!(server.stop());
    }

    async fn an_event_from_the_future_shows_that_the_clock_is_wrong(engine: Engine) {
        let place = Place::new(engine, "doctor-clock").await;
        let flags = place.flags();
        let apply: Vec<_> = ["apply", "setup.toml"].into_iter().chain(flags.iter().map(String::as_str)).collect();
        assert!(run(&place.folder, &apply).status.success());
        let store = store::Store::open(&place.config()).await.unwrap();
        store.write(async |tx| {
            let sql = "insert into events (tenant_id, id, kind, at, about, position)
                values ('acme', 900000, 'order.created', 4102444800000000, '{}', 900000)";
            tx.execute(sql, &[]).await
        }).await.unwrap();
        store.close().await;
        let (is_well, said) = looked(&place, &[]);
        let clock = line(&said, "clock: ");
        assert!(!is_well && clock.starts_with("FAIL  clock: it is 20"), "{said}");
        assert!(clock.ends_with("but an event of 2100-01-01T00:00:00Z is stored: set the clock, and keep it right by NTP"), "{clock}");
    }
}

#[tokio::test]
async fn each_thing_that_is_wrong_is_named_with_what_to_do() {
    let place = Place::new(Engine::Sqlite, "doctor-bad").await;
    let (is_well, said) = looked(&place, &[]);
    assert!(!is_well);
    assert_eq!(line(&said, "database: "), "FAIL  database: data holds no database yet: run `waybill serve`");
    assert_eq!(
        line(&said, "key: "),
        "FAIL  key: data/waybill.key is missing: `waybill serve` makes it, or copy it from another node"
    );
    assert!(run(&place.folder, &["apply", "setup.toml", "--data", "data"]).status.success());

    // A database that is none, a folder where a file is to be written, and a font that is none.
    let database = std::fs::read(place.folder.join("data/waybill.db")).unwrap();
    std::fs::write(place.folder.join("data/waybill.db"), "this is no database, whoever put it here").unwrap();
    let (is_well, said) = looked(&place, &[]);
    let told = line(&said, "database: ");
    assert!(!is_well && told.starts_with("FAIL  database: "), "{said}");
    assert!(told.ends_with("else restore a backup"), "{told}");
    std::fs::write(place.folder.join("data/waybill.db"), database).unwrap();
    for name in ["waybill.db-wal", "waybill.db-shm"] {
        drop(std::fs::remove_file(place.folder.join("data").join(name)));
    }

    std::fs::create_dir_all(place.folder.join("data/documents/waybill-probe/in-the-way")).unwrap();
    std::fs::write(place.folder.join("waybill.toml"), "fallback_font = \"setup.toml\"\n").unwrap();
    let (is_well, said) = looked(&place, &[]);
    assert!(!is_well);
    let told = line(&said, "documents: ");
    assert!(told.starts_with("FAIL  documents: the document store does not answer: "), "{said}");
    assert!(told.ends_with("change its owner, or set documents_url"), "{told}");
    let told = line(&said, "fonts: ");
    assert!(told.starts_with("FAIL  fonts: fallback_font setup.toml: "), "{said}");
    assert!(told.ends_with("; name a TrueType or OpenType file with fallback_font, or leave it out"), "{told}");

    let (is_well, said) = looked(&place, &["--database-url", "postgres://nobody@127.0.0.1:1/none"]);
    let told = line(&said, "database: ");
    assert!(!is_well && told.starts_with("FAIL  database: no connection to the database"), "{said}");
    assert!(told.ends_with("is reached from here and knows the user"), "{told}");
}
