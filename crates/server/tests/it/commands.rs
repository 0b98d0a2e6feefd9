//! The commands, as an operator types them.

use serde_json::Value as Json;
use store::testing::Engine;
use testkit::on_both_engines;

use crate::process::{Place, client, run};

fn said(output: &std::process::Output) -> (bool, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

fn with<'a>(command: &[&'a str], flags: &'a [String]) -> Vec<&'a str> {
    command.iter().copied().chain(flags.iter().map(String::as_str)).collect()
}

on_both_engines! {
    async fn applying_a_setup_file_twice_changes_nothing_the_second_time(engine: Engine) {
        let place = Place::new(engine, "apply").await;
        let flags = place.flags();
        let (worked, first, error) = said(&run(&place.folder, &with(&["apply", "setup.toml"], &flags)));
        assert!(worked, "{error}");
        assert!(first.starts_with("setup.toml: changed 1 carrier_account, "), "{first}");
        let (worked, second, _) = said(&run(&place.folder, &with(&["apply", "setup.toml"], &flags)));
        assert!(worked);
        assert_eq!(second, "setup.toml: nothing to change, everything stands so already\n");
    }

    async fn a_bad_setup_file_changes_nothing_and_lists_every_mistake(engine: Engine) {
        let place = Place::new(engine, "bad").await;
        let flags = place.flags();
        let text = std::fs::read_to_string(place.folder.join("setup.toml")).unwrap();
        let bad = text.replace("currency = \"EUR\"", "currency = \"EURO\"").replace("carrier = \"local\"", "carrier = \"locl\"");
        std::fs::write(place.folder.join("bad.toml"), bad).unwrap();
        let (worked, _, error) = said(&run(&place.folder, &with(&["apply", "bad.toml"], &flags)));
        assert!(!worked);
        assert!(error.contains("bad.toml has 3 mistakes:"), "{error}");
        assert!(error.contains("\"EURO\"") && error.contains("\"locl\""), "{error}");
        let (_, good, _) = said(&run(&place.folder, &with(&["apply", "setup.toml"], &flags)));
        assert!(good.contains("2 tenant"), "{good}");
    }

    async fn a_key_made_beside_a_running_server_works_within_a_second(engine: Engine) {
        let place = Place::new(engine, "key").await;
        let server = place.serve();
        let flags = place.flags();
        let command = with(&["key", "create", "--tenant", "acme", "--name", "table", "--scope", "read"], &flags);
        let (worked, made, error) = said(&run(&place.folder, &command));
        assert!(worked, "{error}");
        let secret = made.lines().find_map(|line| line.strip_prefix("secret  ")).unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let asked = client().get(format!("{}/api/v3/integrations", server.url)).bearer_auth(secret).send().await.unwrap();
        assert_eq!(asked.status(), 200);
        let listed: Json = asked.json().await.unwrap();
        assert_eq!(listed[0]["shop_name"], "Web shop");
    }

    async fn a_start_with_another_key_is_refused_and_the_right_key_still_works(engine: Engine) {
        let place = Place::new(engine, "wrong-key").await;
        let mut flags = place.flags();
        let (worked, _, error) = said(&run(&place.folder, &with(&["apply", "setup.toml"], &flags)));
        assert!(worked, "{error}");
        std::fs::write(place.folder.join("other.key"), "another key of this installation").unwrap();
        flags.extend(["--key-file", "other.key"].map(str::to_owned));
        for command in [&["apply", "setup.toml"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let (worked, _, error) = said(&run(&place.folder, &with(command, &flags)));
            assert!(!worked && error.contains("this is not the key the database was made with"), "{error}");
        }
        let (worked, _, error) = said(&run(&place.folder, &with(&["apply", "setup.toml"], &place.flags())));
        assert!(worked, "{error}");
    }

    async fn a_request_keeps_its_name_through_the_whole_server(engine: Engine) {
        let place = Place::new(engine, "named").await;
        let server = place.serve();
        for (path, status) in [("/healthz", 200), ("/nowhere", 404), ("/api/v3/orders", 401)] {
            let asked = client().get(format!("{}{path}", server.url)).header("x-request-id", "shop-42");
            let answer = asked.send().await.unwrap();
            assert_eq!((answer.status().as_u16(), &answer.headers()["x-request-id"]), (status, &"shop-42".parse().unwrap()));
        }
        // Only the head of a body that is too large: the answer does not wait for the rest.
        let address = server.url.trim_start_matches("http://");
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let head = "POST /api/v3/orders HTTP/1.1\r\nhost: waybill.example\r\nx-request-id: shop-43\r\n\
            authorization: Basic cHViLWFjbWU6c2VjLWFjbWU=\r\ncontent-length: 11534336\r\n\r\n";
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("x-request-id: shop-43"), "{answer}");
    }

    async fn a_page_of_tracking_is_served_beside_the_apis(engine: Engine) {
        let place = Place::new(engine, "page").await;
        let server = place.serve();
        let page = client().get(format!("{}/t/nobody-has-this-token", server.url)).send().await.unwrap();
        assert_eq!(page.status(), 404);
        assert!(page.headers().contains_key("content-security-policy"));
        assert!(page.headers().contains_key("x-request-id"));
        let ready = client().get(format!("{}/readyz", server.url)).send().await.unwrap();
        assert_eq!(ready.status(), 200);
    }
}

#[tokio::test]
async fn a_second_server_on_one_data_folder_is_refused_with_a_way_out() {
    let place = Place::new(Engine::Sqlite, "second").await;
    let server = place.serve();
    let (worked, _, error) = said(&run(&place.folder, &["serve", "--listen", "127.0.0.1:0", "--data", "data"]));
    assert!(!worked);
    assert!(error.contains("another waybill serves the data folder data: stop it first"), "{error}");
    assert!(server.stop());
}

#[tokio::test]
async fn a_first_start_without_a_setup_file_makes_one_key_and_prints_it_once() {
    let place = Place::new(Engine::Sqlite, "first").await;
    std::fs::write(place.folder.join("setup.toml"), "").unwrap();
    let mut command = crate::process::waybill(&place.folder);
    let command = command.args(["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let said: Vec<String> =
        lines.by_ref().map_while(Result::ok).take_while(|line| !line.starts_with("Waybill")).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(said[0].starts_with("A first start: tenant \"default\""), "{said:?}");
    assert_eq!(said.iter().filter(|line| line.contains("  secret  sec_")).count(), 1);
}

#[tokio::test]
async fn completions_and_manual_know_every_command() {
    let place = Place::new(Engine::Sqlite, "manual").await;
    let (worked, script, error) = said(&run(&place.folder, &["completions", "bash"]));
    assert!(worked, "{error}");
    assert!(script.contains("rotate-key") && script.contains("--database-url"));
    assert!(said(&run(&place.folder, &["man", "pages"])).0);
    let mut pages: Vec<_> = std::fs::read_dir(place.folder.join("pages"))
        .unwrap()
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort_unstable();
    insta::assert_snapshot!(pages.join("\n"), @"
    waybill-apply.1
    waybill-backup.1
    waybill-completions.1
    waybill-demo.1
    waybill-doctor.1
    waybill-erase.1
    waybill-export-acts.1
    waybill-export-orders.1
    waybill-export-rates.1
    waybill-export-shipments.1
    waybill-export.1
    waybill-import-orders.1
    waybill-import.1
    waybill-key-create.1
    waybill-key-drop.1
    waybill-key-list.1
    waybill-key-rotate.1
    waybill-key.1
    waybill-man.1
    waybill-migrate.1
    waybill-openapi.1
    waybill-rotate-key.1
    waybill-serve.1
    waybill.1
    ");
}
