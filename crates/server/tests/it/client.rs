//! A client generated from the native API's description: it compiles, and does a day's work on a running server.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::on_both_engines;

use crate::process::{self, Place};

/// Runs a program in a folder; what it said when it worked.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let said = Command::new(program).args(arguments).current_dir(folder).output();
    let said = said.unwrap_or_else(|error| panic!("{program} cannot be started, is it installed? {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(said.status.success(), "{program} {arguments:?}: {}{}", text(&said.stdout), text(&said.stderr));
    text(&said.stdout)
}

/// A folder with the client, generated and compiled. Packages that an earlier run fetched are taken when they are the
/// same.
fn generated(name: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client");
    let packages = Path::new(env!("CARGO_TARGET_TMPDIR")).join("client");
    let folder = packages.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    for file in ["package.json", "package-lock.json", ".npmrc", "tsconfig.json", "day.ts"] {
        std::fs::copy(source.join(file), folder.join(file)).unwrap();
    }
    let (wanted, kept) = (folder.join("package-lock.json"), folder.join("fetched-lock.json"));
    let is_fetched = std::fs::read(&kept).is_ok_and(|kept| kept == std::fs::read(&wanted).unwrap());
    if !is_fetched {
        run(&folder, "npm", &["ci", "--no-audit", "--no-fund", "--prefer-offline"]);
        std::fs::copy(&wanted, &kept).unwrap();
    }
    let description = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/native.json");
    let program = |name: &str| folder.join("node_modules/.bin").join(name).to_str().unwrap().to_owned();
    run(&folder, &program("openapi-typescript"), &[description.to_str().unwrap(), "--output", "api.ts"]);
    run(&folder, &program("tsc"), &[]);
    folder
}

/// The orders of a night as a shop exports them.
fn night() -> String {
    let mut file =
        "external_id,number,total,currency,name,street1,house_number,postal_code,city,country,item_sku,item_name,\
                    item_quantity,item_unit_price,item_weight_kg\n"
            .to_owned();
    for n in 1..=1000 {
        writeln!(file, "night-{n},N-{n},4.50,EUR,Erika Mustermann,Heidestraße,17,10557,Berlin,DE,CUP-1,Cup,1,4.50,0.3")
            .unwrap();
    }
    file
}

on_both_engines! {
    async fn a_generated_client_does_a_day_of_work(engine: Engine) {
        let folder = generated(&format!("{engine:?}"));
        let place = Place::new(engine, "client").await;
        let server = place.serve();
        std::fs::write(place.folder.join("night.csv"), night()).unwrap();
        let flags = place.flags();
        let import = ["import", "orders", "night.csv", "--tenant", "acme"].into_iter();
        let said = process::run(&place.folder, &import.chain(flags.iter().map(String::as_str)).collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        insta::assert_snapshot!(said.trim(), @"night.csv: 1000 new, 0 changed, 0 as they were, 0 rejected");
        let said = run(&folder, "node", &["dist/day.js", &server.url, "sec-acme"]);
        insta::assert_snapshot!(said, @"1000 orders imported, 1000 labelled in a batch, one shipped and cancelled, 1000 handed over, one sent back, 1001 orders and 1002 shipments exported");
        assert!(server.stop());
    }
}
