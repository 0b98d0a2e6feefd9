//! Secrets change beside a running server, and the installation's key changes whenever the change is cut short.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use testkit::on_both_engines;

use crate::process::{Place, client, run, waybill};

const OLD: &str = "the key of this installation until now";
const NEW: &str = "the key of this installation from now on";

/// What a command that worked printed.
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a command that was refused said.
fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn secret(text: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix("secret  ")).unwrap().to_owned()
}

async fn status(url: &str, secret: &str) -> u16 {
    let asked = client().get(format!("{url}/v1/webhooks")).bearer_auth(secret).send().await.unwrap();
    asked.status().as_u16()
}

/// Waits until the server answers a secret so; a second, as is promised, and what a busy machine takes.
async fn until(url: &str, secret: &str, wanted: u16) {
    let began = Instant::now();
    while status(url, secret).await != wanted {
        assert!(began.elapsed() < Duration::from_secs(5), "it is never answered {wanted}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Place {
    /// Runs a command on this place's database.
    fn command(&self, words: &[&str], more: &[&str]) -> Output {
        let flags = self.flags();
        let flags: Vec<_> = flags.iter().map(String::as_str).collect();
        run(&self.folder, &[words, &flags, more].concat())
    }

    /// Writes files of keys.
    fn keys(&self) {
        std::fs::write(self.folder.join("old.key"), OLD).unwrap();
        std::fs::write(self.folder.join("new.key"), NEW).unwrap();
    }
}

const WITH_SETUP: &[&str] = &["--setup", "setup.toml"];
const OLD_ONLY: &[&str] = &["--key-file", "old.key"];
const NEW_ONLY: &[&str] = &["--key-file", "new.key"];
const BOTH: &[&str] = &["--key-file", "new.key", "--previous-key-file", "old.key"];

/// A setup file with many webhooks.
fn many_webhooks(folder: &Path, count: usize) {
    let webhook = |number: usize| {
        format!(
            "[[tenant.webhook]]\nurl = \"https://example.com/{number}\"\nsecret = \"hook-{number}\"\n\
             dialect = \"native\"\nevents = [\"*\"]\n\n"
        )
    };
    let webhooks: String = (0..count).map(webhook).collect();
    let setup = testkit::SETUP.replacen("[[tenant.location]]", &format!("{webhooks}[[tenant.location]]"), 1);
    std::fs::write(folder.join("setup.toml"), setup).unwrap();
}

on_both_engines! {
    async fn a_secret_is_changed_and_a_key_revoked_beside_a_running_server(engine: Engine) {
        let place = Place::new(engine, "secrets").await;
        let server = place.serve();
        assert_eq!(status(&server.url, "sec-acme").await, 200);
        let second = secret(&printed(&place.command(&["key", "rotate", "pub-acme"], &[])));
        until(&server.url, &second, 200).await;
        assert_eq!(status(&server.url, "sec-acme").await, 200);
        let listed = printed(&place.command(&["key", "list"], &[]));
        let words: Vec<_> = listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
        let [heading, acme, other] = words.as_slice() else { panic!("{listed}") };
        assert_eq!(heading[..4], ["id", "tenant", "name", "scopes"]);
        assert_eq!((&acme[..4], acme.len()), (["pub-acme", "acme", "shop", "*"].as_slice(), 7));
        assert!(acme[6] > acme[5], "the older secret is good for a while: {listed}");
        assert_eq!(other[5..], ["-", "-"]);
        assert!(!listed.contains("sec-") && !listed.contains(&second));

        let said = printed(&place.command(&["key", "rotate", "pub-acme", "--overlap", "0"], &[]));
        assert!(said.contains("The one before it has ended."), "{said}");
        let third = secret(&said);
        until(&server.url, "sec-acme", 401).await;
        assert_eq!((status(&server.url, &second).await, status(&server.url, &third).await), (401, 200));

        // The setup file of the start still holds the first secret.
        let applied = printed(&place.command(&["apply", "setup.toml"], &[]));
        assert!(applied.contains("nothing to change") && applied.contains("note: tenant[acme].key[shop].secret"), "{applied}");
        assert!(server.stop());
        let server = place.serve();
        assert_eq!((status(&server.url, &third).await, status(&server.url, "sec-acme").await), (200, 401));

        printed(&place.command(&["key", "drop", "pub-acme"], &[]));
        until(&server.url, &third, 401).await;
        assert_eq!(status(&server.url, "sec-other").await, 200);
        assert!(server.stop());
        let server = place.serve();
        assert_eq!((status(&server.url, "sec-acme").await, status(&server.url, "sec-other").await), (401, 200));
        let error = refused(&place.command(&["key", "rotate", "pub-acme"], &[]));
        assert!(error.contains("there is no key \"pub-acme\": `waybill key list` shows them all"), "{error}");
    }

    async fn the_installations_key_is_changed_under_a_running_server(engine: Engine) {
        let place = Place::new(engine, "installation").await;
        place.keys();
        many_webhooks(&place.folder, 2);
        let server = place.serve_flags(&[OLD_ONLY, WITH_SETUP].concat());
        assert_eq!(status(&server.url, "sec-acme").await, 200);
        assert!(server.stop());
        let error = refused(&place.command(&["rotate-key"], OLD_ONLY));
        assert!(error.contains("previous_key: missing"), "{error}");

        let server = place.serve_flags(&[BOTH, WITH_SETUP].concat());
        assert_eq!(status(&server.url, "sec-acme").await, 200);
        let looked = printed(&place.command(&["doctor"], BOTH));
        assert!(looked.contains("ok    key: new.key, and the previous one: run `waybill rotate-key`"), "{looked}");
        let said = printed(&place.command(&["rotate-key"], BOTH));
        assert!(said.starts_with("Encrypted under the new key: 1 carrier accounts, 2 webhook endpoints, 0 push addresses."), "{said}");
        // The setup file told both secrets at the start, so both have moved.
        assert!(said.contains("Every API secret is under it too."), "{said}");
        assert_eq!((status(&server.url, "sec-acme").await, status(&server.url, "sec-other").await), (200, 200));
        assert!(server.stop());

        assert!(printed(&place.command(&["doctor"], NEW_ONLY)).contains("ok    key: new.key\n"));
        let looked = place.command(&["doctor"], OLD_ONLY);
        let looked = (looked.status.success(), String::from_utf8(looked.stdout).unwrap());
        assert!(!looked.0 && looked.1.contains("FAIL  key: this is not the key the database was made with"), "{looked:?}");
        let error = refused(&place.command(&["serve", "--listen", "127.0.0.1:0"], OLD_ONLY));
        assert!(error.contains("this is not the key the database was made with"), "{error}");
        let server = place.serve_flags(&[NEW_ONLY, WITH_SETUP].concat());
        assert_eq!((status(&server.url, "sec-acme").await, status(&server.url, "sec-other").await), (200, 200));
    }

    async fn secrets_that_nobody_used_are_listed_until_they_move(engine: Engine) {
        let place = Place::new(engine, "unused").await;
        place.keys();
        printed(&place.command(&["apply", "setup.toml"], OLD_ONLY));
        let said = printed(&place.command(&["rotate-key"], BOTH));
        assert!(said.contains("\npub-acme ") && said.contains("\npub-other "), "{said}");
        std::fs::write(place.folder.join("setup.toml"), "").unwrap();
        let server = place.serve_flags(BOTH);
        assert_eq!(status(&server.url, "sec-acme").await, 200);
        let said = printed(&place.command(&["rotate-key"], BOTH));
        assert!(!said.contains("\npub-acme ") && said.contains("\npub-other "), "{said}");
        let issued = secret(&printed(&place.command(&["key", "rotate", "pub-other", "--overlap", "0"], BOTH)));
        let said = printed(&place.command(&["rotate-key"], BOTH));
        assert!(said.contains("Every API secret is under it too."), "{said}");
        assert!(server.stop());
        let server = place.serve_flags(NEW_ONLY);
        assert_eq!((status(&server.url, "sec-acme").await, status(&server.url, &issued).await), (200, 200));
    }

    async fn a_change_of_the_installations_key_that_is_killed_is_finished_by_the_next(engine: Engine) {
        let place = Place::new(engine, "killed").await;
        place.keys();
        many_webhooks(&place.folder, 850);
        printed(&place.command(&["apply", "setup.toml"], OLD_ONLY));
        for line in [1, 3, 5, 8] {
            let flags = place.flags();
            let mut command = waybill(&place.folder);
            command.arg("rotate-key").args(&flags).args(BOTH).stdout(Stdio::null()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            // The next batch is under way when a line is read.
            let lines = BufReader::new(child.stderr.take().unwrap()).lines();
            assert_eq!(lines.map_while(Result::ok).take(line).count(), line);
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let said = printed(&place.command(&["rotate-key"], BOTH));
        assert!(said.contains("Everything encrypted is under it now."), "{said}");
        std::fs::write(place.folder.join("setup.toml"), "").unwrap();
        let server = place.serve_flags(BOTH);
        assert_eq!(status(&server.url, "sec-acme").await, 200);
        assert!(server.stop());
        // With the new key alone each of them is read.
        let server = place.serve_flags(NEW_ONLY);
        let asked = client().get(format!("{}/v1/webhooks", server.url)).bearer_auth("sec-acme").send().await.unwrap();
        let listed: serde_json::Value = asked.json().await.unwrap();
        assert_eq!(listed["data"].as_array().map(Vec::len), Some(850), "{listed}");
    }
}
