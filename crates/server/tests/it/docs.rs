//! The documentation: every command that needs nothing from elsewhere is run as it stands there, and whoever verifies a webhook
//! in one of the languages shown knows a good signature from a bad one.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use domain::{Secret, Timestamp};
use testkit::{RATES, SETUP};

use crate::process::run;

/// A fenced block of a page.
struct Block {
    language: String,
    marks: Vec<String>,
    text: String,
}

fn pages() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
    let mut pages: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages.sort();
    pages
}

fn blocks(page: &Path) -> Vec<Block> {
    let (mut blocks, mut open) = (Vec::new(), None);
    for line in std::fs::read_to_string(page).unwrap().lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(words), None) => {
                let mut words = words.split_whitespace().map(str::to_owned);
                open = Some(Block {
                    language: words.next().unwrap_or_default(),
                    marks: words.collect(),
                    text: String::new(),
                });
            }
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some(mut block)) => {
                block.text += line;
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    blocks
}

/// A folder of its own in which commands of a page are run.
struct Desk {
    folder: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            drop(server.kill());
            drop(server.wait());
        }
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

impl Desk {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("waybill-docs-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(folder.join("mnt/backup")).unwrap();
        // Free at this moment; whoever takes it meanwhile makes the server say so.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { folder, port, server: None }
    }

    /// What the pages other than the quick start take for granted: an installation with tenant `acme`, and some files.
    fn furnished(self) -> Self {
        let only = SETUP.split("[[tenant]]\nid = \"other\"").next().unwrap();
        std::fs::write(self.folder.join("setup.toml"), only).unwrap();
        std::fs::write(self.folder.join("rates.csv"), RATES).unwrap();
        let order = r#"{"external_id":"1","items":[{"name":"Stove","quantity":1}],"shipping_address":{"name":"Ada",
            "street1":"Musterweg 1","postal_code":"10115","city":"Berlin","country":"DE"}}"#;
        let order = order.replace("\n            ", "");
        std::fs::write(self.folder.join("orders.jsonl"), order).unwrap();
        std::fs::write(
            self.folder.join("orders.csv"),
            "external_id,total,currency,name,street1,postal_code,city,country,item_name,item_quantity,item_unit_price\n\
             2,5.00,EUR,Ada,Musterweg 1,10115,Berlin,DE,Stove,1,5.00\n",
        )
        .unwrap();
        std::fs::write(self.folder.join("shop.csv"), "Order No,Product,Colour,total,currency,name,street1,postal_code,city,country,item_quantity,item_unit_price\n\
             3,Stove,red,5.00,EUR,Ada,Musterweg 1,10115,Berlin,DE,1,5.00\n").unwrap();
        let applied = run(&self.folder, &["apply", "setup.toml"]);
        assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
        self
    }

    fn shell(&self, text: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_waybill")).parent().unwrap().display();
        let text = text
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{}", self.port))
            .replace("/mnt/", &format!("{}/mnt/", self.folder.display()));
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", &format!("export PATH=\"{program}:$PATH\"\n{text}")]);
        shell.current_dir(&self.folder).env("WAYBILL_LISTEN", format!("127.0.0.1:{}", self.port));
        shell
    }

    fn run(&self, text: &str) {
        let done = self.shell(text).output().unwrap();
        let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(done.status.success(), "this failed:\n{text}\n{said}");
    }

    fn start(&mut self, text: &str) {
        let server = self.shell(&format!("exec {}", text.trim())).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.server = Some(server.unwrap());
        let ready =
            format!("curl -sf --retry 200 --retry-delay 1 --retry-connrefused http://127.0.0.1:{}/readyz", self.port);
        self.run(&ready);
    }

    fn work_through(&mut self, page: &Path) -> usize {
        let blocks: Vec<_> =
            blocks(page).into_iter().filter(|block| block.marks.iter().any(|mark| mark == "run")).collect();
        for block in &blocks {
            if block.marks.iter().any(|mark| mark == "background") {
                self.start(&block.text);
            } else {
                self.run(&block.text);
            }
        }
        blocks.len()
    }
}

#[test]
fn every_command_says_whether_it_needs_anything_from_elsewhere() {
    let mut unsaid = Vec::new();
    for page in pages() {
        for block in
            blocks(&page).into_iter().filter(|block| matches!(block.language.as_str(), "sh" | "bash" | "console"))
        {
            if !block.marks.iter().any(|mark| matches!(mark.as_str(), "run" | "elsewhere" | "verify")) {
                unsaid.push(format!("{}: {}", page.display(), block.text.lines().next().unwrap_or_default()));
            }
        }
    }
    assert_eq!(unsaid, Vec::<String>::new(), "mark these blocks run, or elsewhere if they need something from there");
}

#[test]
fn a_new_reader_follows_the_quick_start_and_reaches_a_label() {
    let mut desk = Desk::new("quick-start");
    let page = pages().into_iter().find(|page| page.ends_with("quick-start.md")).unwrap();
    assert!(desk.work_through(&page) > 5);
    let label = std::fs::read(desk.folder.join("label.pdf")).unwrap();
    assert!(label.starts_with(b"%PDF") && label.len() > 5_000, "a label of {} bytes", label.len());
    desk.run(&format!(
        "curl -sf http://127.0.0.1:{}/docs/quick-start | grep 'From nothing to a printed label' > heading.txt",
        desk.port
    ));
}

#[test]
fn every_runnable_command_of_the_other_pages_works() {
    let mut count = 0;
    for page in pages().into_iter().filter(|page| !page.ends_with("quick-start.md")) {
        if blocks(&page).iter().any(|block| block.marks.iter().any(|mark| mark == "run")) {
            let name = page.file_stem().unwrap().to_string_lossy().into_owned();
            count += Desk::new(&name).furnished().work_through(&page);
        }
    }
    assert!(count >= 6, "{count} blocks are marked run");
}

/// How a sample is started: its file and the words of the command.
fn sample(language: &str) -> (&'static str, &'static [&'static str]) {
    match language {
        "python" => ("verify.py", &["python3", "verify.py"]),
        "javascript" => ("verify.js", &["node", "verify.js"]),
        "java" => ("Verify.java", &["java", "Verify.java"]),
        "bash" => ("verify.sh", &["bash", "verify.sh"]),
        other => panic!("nobody knows how {other} is run"),
    }
}

fn is_taken(folder: &Path, command: &[&str], secret: &str, headers: &[String; 3], body: &[u8]) -> bool {
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .arg(secret)
        .args(headers)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{} cannot be started: {error}", command[0]));
    // One that refuses before it has read everything closes the pipe.
    drop(child.stdin.take().unwrap().write_all(body));
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(matches!(ended.status.code(), Some(0 | 1)) && said.is_empty(), "{}: {said}", command[0]);
    ended.status.success()
}

/// The real time: the samples look at the clock.
fn now() -> Timestamp {
    app::Clock::System.now()
}

#[test]
fn the_samples_know_a_good_signature_from_a_bad_one_in_four_languages() {
    let page = pages().into_iter().find(|page| page.ends_with("webhooks.md")).unwrap();
    let desk = Desk::new("webhooks");
    let mut languages = Vec::new();
    let body = br#"{"type":"shipment.booked","data":{"weight_g":136.0}}"#;
    let signed = |id: &str, at: Timestamp, secrets: &[&str]| {
        let secrets: Vec<_> = secrets.iter().map(|secret| Secret::new(*secret)).collect();
        let secrets: Vec<_> = secrets.iter().collect();
        app::webhooks::standard_headers(id, at, body, &secrets).map(|(_, value)| value)
    };
    for block in blocks(&page).into_iter().filter(|block| block.marks.iter().any(|mark| mark == "verify")) {
        let (file, command) = sample(&block.language);
        std::fs::write(desk.folder.join(file), &block.text).unwrap();
        for secret in ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a plain secret"] {
            let good = signed("evt_1", now(), &[secret]);
            let taken = |headers: &[String; 3], body: &[u8]| is_taken(&desk.folder, command, secret, headers, body);
            assert!(taken(&good, body), "{file} takes a good one");
            assert!(taken(&signed("evt_1", now(), &["another", secret]), body), "{file} takes one of two");
            let rewritten = body.strip_suffix(b"136.0}}").map(|start| [start, b"136}}"].concat()).unwrap();
            assert!(!taken(&good, &rewritten), "{file} refuses a body that was written again");
            let [id, at, signature] = good.clone();
            assert!(!taken(&["evt_2".to_owned(), at.clone(), signature], body), "{file} refuses another id");
            assert!(!taken(&[id, at, String::new()], body), "{file} refuses one without a signature");
            let old = domain::time::from_micros(domain::time::to_micros(now()) - 600_000_000);
            assert!(!taken(&signed("evt_1", old, &[secret]), body), "{file} refuses an old one");
        }
        languages.push(block.language);
    }
    assert_eq!(languages, ["python", "javascript", "java", "bash"]);
    let vector = signed("evt_1", "2026-03-02T10:00:00Z".parse().unwrap(), &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
    let text = std::fs::read_to_string(&page).unwrap();
    assert!(vector.iter().all(|value| text.contains(&format!("`{value}`"))), "the vector is {vector:?}");
}
