//! Clients that are slow, lie about lengths or do not speak HTTP, over real sockets.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::{Value as Json, json};
use store::testing::Engine;

use crate::process::{Place, Server, client};

/// Small limits, so that no test waits long: a body may take one second, everything else two.
const LIMITS: &str = "request_timeout_seconds = 2\nmax_body_bytes = 4096\n";

const KEY: &str = "authorization: Basic cHViLWFjbWU6c2VjLWFjbWU=\r\nhost: x\r\n";

async fn limited(name: &str) -> (Place, Server) {
    let place = Place::new(Engine::Sqlite, name).await;
    std::fs::write(place.folder.join("waybill.toml"), LIMITS).unwrap();
    let server = place.serve();
    (place, server)
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    // Far beyond every limit: whoever waits so long was forgotten.
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Everything that comes until the server closes; empty when it says nothing.
fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        // What was sent and never read makes the close a reset.
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        read => drop(read.expect("the connection is answered and closed")),
    }
    String::from_utf8(bytes).unwrap()
}

/// Status and body of an answer.
fn read(answer: &str) -> (u16, Json) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}")))
}

fn too_slow(path: &str) -> Json {
    if path.starts_with("/v1") {
        let detail = "The body did not arrive in time: send it again.";
        return json!({ "type": "/docs/errors#too-slow", "title": "Body too slow", "status": 408, "detail": detail });
    }
    let detail = "The request body did not arrive in time: send it again.";
    json!({ "errors": [{ "status": "408", "code": "invalid", "title": "Request timeout", "detail": detail }] })
}

fn too_large(path: &str) -> Json {
    if path.starts_with("/v1") {
        let detail = "The body is larger than 4096 bytes: send less at once.";
        return json!({ "type": "/docs/errors#too-large", "title": "Body too large", "status": 413, "detail": detail });
    }
    let detail = "The request body is larger than 4096 bytes: send fewer orders at once.";
    json!({ "errors": [{ "status": "413", "code": "invalid", "title": "Request entity too large", "detail": detail }] })
}

async fn still_serves(server: &Server) {
    let orders = client().get(format!("{}/api/v3/orders", server.url)).basic_auth("pub-acme", Some("sec-acme"));
    let orders = orders.send().await.unwrap();
    assert_eq!(orders.status(), 200);
    assert_eq!(orders.json::<Json>().await.unwrap(), json!({ "data": [] }), "nothing was stored");
}

#[tokio::test]
async fn a_body_that_stops_or_dribbles_is_answered_in_the_dialects_words() {
    let (_place, server) = limited("slow").await;
    for path in ["/api/v3/orders", "/sendcloud/api/v3/orders", "/v1/orders"] {
        for head in ["content-length: 100\r\n\r\n[", "transfer-encoding: chunked\r\n\r\n1\r\n[\r\n"] {
            let mut stopping = connect(&server);
            write!(stopping, "POST {path} HTTP/1.1\r\n{KEY}{head}").unwrap();
            assert_eq!(read(&rest(&mut stopping)), (408, too_slow(path)), "{path} {head}");
        }
        let mut dribbling = connect(&server);
        write!(dribbling, "POST {path} HTTP/1.1\r\n{KEY}content-length: 4000\r\n\r\n").unwrap();
        let mut half = dribbling.try_clone().unwrap();
        let dribble = std::thread::spawn(move || {
            for _ in 0..4_000 {
                std::thread::sleep(Duration::from_millis(50));
                if half.write_all(b" ").is_err() {
                    return true;
                }
            }
            false
        });
        assert_eq!(read(&rest(&mut dribbling)), (408, too_slow(path)), "{path}");
        drop(dribbling);
        assert!(dribble.join().unwrap(), "the connection is closed while the body still comes");
    }
    still_serves(&server).await;
}

#[tokio::test]
async fn a_length_that_is_a_lie_is_refused_or_the_connection_closed() {
    let (_place, server) = limited("lie").await;
    for path in ["/api/v3/orders", "/v1/orders"] {
        let large = format!("transfer-encoding: chunked\r\n\r\n2000\r\n{}\r\n0\r\n\r\n", " ".repeat(0x2000));
        for head in ["content-length: 99999999999\r\n\r\n[]", "content-length: 4097\r\n\r\n", &large] {
            let mut stream = connect(&server);
            write!(stream, "POST {path} HTTP/1.1\r\n{KEY}{head}").unwrap();
            assert_eq!(read(&rest(&mut stream)), (413, too_large(path)), "{path}");
        }
        let mut stream = connect(&server);
        write!(stream, "POST {path} HTTP/1.1\r\n{KEY}content-length: 100\r\n\r\n[").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let answer = rest(&mut stream);
        assert!(answer.is_empty() || read(&answer).0 == 400, "{answer}");
        for head in [
            "transfer-encoding: chunked\r\n\r\nzz\r\n[]\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n[]\r\n",
            "transfer-encoding: chunked\r\n\r\n2\r\n[]junk\r\n0\r\n\r\n",
            "content-length: -1\r\n\r\n[]",
            "content-length: 2\r\ncontent-length: 3\r\n\r\n[]x",
            "content-length: 99999999999999999999999\r\n\r\n[]",
            "transfer-encoding: gzip\r\n\r\n[]",
        ] {
            let mut stream = connect(&server);
            write!(stream, "POST {path} HTTP/1.1\r\nconnection: close\r\n{KEY}{head}").unwrap();
            let answer = rest(&mut stream);
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{head:?}: {answer}");
        }
    }
    still_serves(&server).await;
}

#[tokio::test]
async fn a_head_that_never_ends_and_what_is_no_http_are_cut_off() {
    let (_place, server) = limited("head").await;
    let endless = format!("GET /v1/events HTTP/1.1\r\n{}", "x: y\r\n".repeat(200));
    let long = format!("GET /{} HTTP/1.1\r\n{KEY}\r\n", "x".repeat(1 << 20));
    let wide = format!("GET /v1/events HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
    for sent in [
        "",
        "GET",
        "GET /v1/events HTTP/1.1\r\nhost: x",
        "\0\u{1}\u{2}\r\n\r\n",
        "\u{16}\u{3}\u{1}",
        &endless,
        &long,
        &wide,
    ] {
        let mut stream = connect(&server);
        // The server may have closed before everything is sent.
        drop(stream.write_all(sent.as_bytes()));
        let answer = rest(&mut stream);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    still_serves(&server).await;
}

/// What comes within a moment; empty when nothing does.
fn at_once(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 200];
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let count = match stream.read(&mut bytes) {
        Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => 0,
        read => read.unwrap(),
    };
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

#[tokio::test]
async fn who_takes_the_first_line_for_the_answer_gets_no_other_before_it() {
    let place = Place::new(Engine::Sqlite, "continue").await;
    let server = place.serve();
    // As the vendor's Magento plugin sends more than a megabyte: the head, a wait, the body.
    let products: Vec<_> = (0..1_000)
        .map(|n| json!({ "id": n.to_string(), "name": "x".repeat(1_500), "price": 1, "quantity": 1 }))
        .collect();
    let order = json!({
        "id": "large", "date": "2026-03-02T08:00:00Z", "totalValue": 1000,
        "customer": { "email": "ann@example.com" }, "products": products,
    });
    let body = json!({ "mode": "AddOrReplace", "data": [order] }).to_string();
    assert!(body.len() > 1 << 20);
    let expecting = format!("content-length: {}\r\nexpect: 100-continue\r\n\r\n", body.len());
    let mut stream = connect(&server);
    for path in ["/orders", "/expertsender/orders"] {
        write!(stream, "POST {path} HTTP/1.1\r\n{KEY}{expecting}").unwrap();
        assert_eq!(at_once(&mut stream), "", "{path}");
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        while !answer.ends_with("null}") {
            let mut more = [0; 200];
            let count = stream.read(&mut more).unwrap();
            assert!(count > 0, "{path}: {answer}");
            answer.push_str(std::str::from_utf8(&more[..count]).unwrap());
        }
        assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{path}: {answer}");
        assert_eq!(read(&answer), (201, json!({ "status": 0, "data": null })));
    }
    // Everybody else hears at once that the body may come, also over a connection that was used otherwise before.
    write!(
        stream,
        "POST /api/v3/orders HTTP/1.1\r\nconnection: close\r\n{KEY}content-length: 2\r\nexpect: 100-continue\r\n\r\n"
    )
    .unwrap();
    assert_eq!(at_once(&mut stream), "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{}").unwrap();
    assert_eq!(read(&rest(&mut stream)).0, 400);
}
