//! Files of orders: what goes in, what is rejected and why, and what a second import does.

use std::fmt::Write as _;

use serde_json::Value as Json;
use store::testing::Engine;
use testkit::on_both_engines;

use crate::process::{Place, Server, client, run};

/// Imports a file: whether everything went in, and what was said.
fn import(place: &Place, arguments: &[&str]) -> (bool, String) {
    let flags = place.flags();
    let command: Vec<_> = ["import", "orders", "--tenant", "acme"]
        .into_iter()
        .chain(arguments.iter().copied())
        .chain(flags.iter().map(String::as_str))
        .collect();
    let said = run(&place.folder, &command);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (said.status.success(), format!("{}{}", text(&said.stdout), text(&said.stderr)))
}

async fn order(server: &Server, id: u32) -> Json {
    let asked = client().get(format!("{}/v1/orders/ord_{id}", server.url)).bearer_auth("sec-acme");
    asked.send().await.unwrap().json().await.unwrap()
}

const HEADER: &str =
    "external_id,number,total,currency,name,street1,postal_code,city,country,item_name,item_quantity,item_unit_price";

on_both_engines! {
    async fn good_orders_go_in_and_bad_ones_wait_in_a_file_until_they_are_mended(engine: Engine) {
        let place = Place::new(engine, "import").await;
        let server = place.serve();
        let csv = format!(
            "{HEADER}\n\
             A-1,1001,32.50,EUR,Erika Mustermann,Heidestraße 17,10557,Berlin,DE,Cup,2,5.00\n\
             A-1,,,,,,,,,Pot,1,22.50\n\
             A-2,1002,5.00,EUR,Jan Jansen,Damrak 1,1012 LG,Amsterdam,NLD,Cup,1,5.00\n\
             ,1003,5.00,EUR,Nobody,Nowhere 1,1,Nowhere,DE,Cup,none,5.00\n\
             A-4,1004,5.00,EUR,\"Rossi, Anna\",Via Roma 1,00184,Roma,IT,Cup,1,5.00\n"
        );
        std::fs::write(place.folder.join("orders.csv"), csv).unwrap();
        let (worked, said) = import(&place, &["orders.csv"]);
        assert!(!worked, "{said}");
        insta::assert_snapshot!(said, @"
        orders.csv: 2 new, 0 changed, 0 as they were, 2 rejected
        orders.rejects.csv holds what was rejected and why: mend it there and import that file
        ");
        let rejects = std::fs::read_to_string(place.folder.join("orders.rejects.csv")).unwrap();
        insta::assert_snapshot!(rejects, @r#"
        external_id,number,total,currency,name,street1,postal_code,city,country,item_name,item_quantity,item_unit_price,reason
        A-2,1002,5.00,EUR,Jan Jansen,Damrak 1,1012 LG,Amsterdam,NLD,Cup,1,5.00,line 4: country: String should have at most 2 characters
        ,1003,5.00,EUR,Nobody,Nowhere 1,1,Nowhere,DE,Cup,none,5.00,"line 5: item_quantity (row 1): Input should be a valid integer, unable to parse string as an integer; external_id: it is missing: without it a second import would make the order again"
        "#);
        let first = order(&server, 1).await;
        assert_eq!((&first["number"], first["items"].as_array().unwrap().len()), (&Json::from("1001"), 2), "{first}");

        // Once more: everything stands so already. Then the mended file, with its column of reasons.
        let (_, again) = import(&place, &["orders.csv"]);
        assert!(again.contains("0 new, 0 changed, 2 as they were, 2 rejected"), "{again}");
        std::fs::write(place.folder.join("mended.csv"), rejects.replace("NLD", "NL").replace(",none,", ",1,").replace("\n,1003", "\nA-3,1003")).unwrap();
        let (worked, said) = import(&place, &["mended.csv"]);
        assert!(worked, "{said}");
        assert_eq!(said, "mended.csv: 2 new, 0 changed, 0 as they were, 0 rejected\n");
        assert!(!place.folder.join("mended.rejects.csv").exists());
        assert!(server.stop());
    }

    async fn a_file_of_another_shop_is_read_by_naming_its_columns(engine: Engine) {
        let place = Place::new(engine, "import-map").await;
        let server = place.serve();
        let csv = "\u{feff}Order No;Product;Price;currency;Street1;City;Country;Colour\nZ-1;Cup;4,50;EUR;Heidestraße 17;Berlin;DE;red\n";
        std::fs::write(place.folder.join("shop.csv"), csv).unwrap();
        let (worked, said) = import(&place, &["shop.csv"]);
        assert!(!worked);
        insta::assert_snapshot!(said, @r#"
        waybill: 6 mistakes:
          Order No: unknown column "Order No": rename it as one of ours or take it out (on the command line: --map "Order No"=OURS or --map "Order No"=)
          Product: unknown column "Product": rename it as one of ours or take it out (on the command line: --map "Product"=OURS or --map "Product"=)
          Price: unknown column "Price": rename it as one of ours or take it out (on the command line: --map "Price"=OURS or --map "Price"=)
          Colour: unknown column "Colour": rename it as one of ours or take it out (on the command line: --map "Colour"=OURS or --map "Colour"=)
          external_id: the file has no column external_id: rename the one that is (on the command line: --map THEIRS=external_id)
          item_name: the file has no column item_name: rename the one that is (on the command line: --map THEIRS=item_name)
        "#);
        let map = ["shop.csv", "--map", "Order No=external_id", "--map", "Product=item_name", "--map", "Price=item_unit_price", "--map", "Colour="];
        let (worked, said) = import(&place, &map);
        assert!(worked, "{said}");
        let order = order(&server, 1).await;
        assert_eq!(order["items"][0]["unit_price"]["amount"], "4.50", "{order}");
    }

    async fn json_lines_are_read_like_the_bodies_of_the_api(engine: Engine) {
        let place = Place::new(engine, "import-json").await;
        let server = place.serve();
        let mut lines = String::new();
        for number in 1..=450 {
            writeln!(lines, "{{\"external_id\":\"J-{number}\",\"items\":[{{\"name\":\"Cup\",\"quantity\":1}}]}}").unwrap();
        }
        lines.push_str("\n{\"external_id\":\"J-451\"}\nno json\n");
        std::fs::write(place.folder.join("orders.jsonl"), &lines).unwrap();
        let (worked, said) = import(&place, &["orders.jsonl"]);
        assert!(!worked && said.contains("450 new, 0 changed, 0 as they were, 2 rejected"), "{said}");
        let rejects = std::fs::read_to_string(place.folder.join("orders.rejects.jsonl")).unwrap();
        insta::assert_snapshot!(rejects, @r#"
        {"line":452,"order":{"external_id":"J-451"},"reasons":["items: Field required"]}
        {"line":453,"order":"no json","reasons":["no JSON: expected ident: line 1 column 2"]}
        "#);
        let mended = rejects.replace("\"J-451\"", "\"J-451\",\"items\":[{\"name\":\"Pot\",\"quantity\":1}]");
        std::fs::write(place.folder.join("mended.jsonl"), mended.lines().next().unwrap()).unwrap();
        let (worked, said) = import(&place, &["mended.jsonl"]);
        assert!(worked && said.contains("1 new"), "{said}");
        assert_eq!(order(&server, 1).await["external_id"], "J-1");
    }
}

#[tokio::test]
async fn what_cannot_be_imported_says_what_to_do() {
    let place = Place::new(Engine::Sqlite, "import-no").await;
    assert!(run(&place.folder, &["migrate", "--data", "data"]).status.success());
    std::fs::write(place.folder.join("orders"), "").unwrap();
    std::fs::write(place.folder.join("latin.csv"), b"external_id,item_name\nA-1,Tee f\xfcr zwei\n").unwrap();
    let mut told = String::new();
    for arguments in [&["orders"][..], &["missing.csv"], &["latin.csv"]] {
        let (worked, said) = import(&place, arguments);
        assert!(!worked);
        told.push_str(&said);
    }
    assert!(run(&place.folder, &["apply", "setup.toml", "--data", "data"]).status.success());
    let (worked, said) = import(&place, &["latin.csv"]);
    assert!(!worked);
    told.push_str(&said);
    for tenant in [&[][..], &["--tenant", "nobody"]] {
        let command: Vec<_> =
            ["import", "orders", "latin.csv", "--data", "data"].iter().chain(tenant).copied().collect();
        told.push_str(&String::from_utf8_lossy(&run(&place.folder, &command).stderr));
    }
    insta::assert_snapshot!(told, @"
    waybill: orders: say --format csv or --format jsonl
    waybill: missing.csv cannot be read: No such file or directory (os error 2)
    waybill: there is no tenant yet: run `waybill serve` or `waybill apply` first
    latin.csv: 0 new, 0 changed, 0 as they were, 1 rejected
    latin.rejects.csv holds what was rejected and why: mend it there and import that file
    waybill: name the tenant with --tenant; there are: acme, other
    waybill: --tenant nobody: there is no such tenant; there are: acme, other
    ");
}
