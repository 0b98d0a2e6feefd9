//! `waybill demo` on an empty folder.

use std::process::Command;

use store::testing::Engine;

use crate::process::{Place, run};

fn tool(name: &str, arguments: &[&str], folder: &std::path::Path) -> String {
    let output = Command::new(name).args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|_| panic!("{name} is missing: run ./test, which installs it"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn the_demo_leaves_labels_that_a_scanner_reads_and_a_webhook_that_was_signed() {
    let place = Place::new(Engine::Sqlite, "demo").await;
    let output = run(&place.folder, &["demo", "--out", "out"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("received 9 webhooks, every signature right"), "{said}");
    let out = place.folder.join("out");
    for name in [
        "label-berlin.pdf",
        "label-berlin-a6.pdf",
        "label-berlin-a4.pdf",
        "label-athens.pdf",
        "label-berlin.zpl",
        "label-berlin.png",
        "packing-slip.pdf",
        "tracking-page.html",
        "webhook.json",
    ] {
        assert!(std::fs::metadata(out.join(name)).unwrap().len() > 500, "{name}");
    }
    tool("pdftoppm", &["-r", "300", "-png", "label-berlin.pdf", "page"], &out);
    for picture in ["page-1.png", "label-berlin.png"] {
        let codes = tool("zbarimg", &["-q", picture], &out);
        assert!(codes.contains("CODE-128:00040123450000000016"), "{picture}: {codes}");
        assert!(codes.contains("QR-Code:http://127.0.0.1:"), "{picture}: {codes}");
    }
    for name in
        ["label-berlin.pdf", "label-berlin-a6.pdf", "label-berlin-a4.pdf", "label-athens.pdf", "packing-slip.pdf"]
    {
        let checked = tool("qpdf", &["--check", name], &out);
        assert!(checked.contains("No syntax or stream encoding errors found"), "{name}: {checked}");
    }
    let again = run(&place.folder, &["demo", "--out", "out"]);
    assert!(again.status.success(), "a second demo in the same folder works too");
}
