//! Whatever is sent: no panic, bounded work, and an error that names what is too much.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use query::{Limits, Options, Patience, Query, Value};

fn refused(text: &str) -> String {
    Query::parse(text, &Options::default()).unwrap_err().to_string()
}

#[test]
fn what_is_too_much_is_refused_by_name() {
    assert_eq!(refused(&format!("a={}", "x".repeat(70_000))), "the query has 70002 bytes: expected at most 65536");
    assert_eq!(refused(&"a=1&".repeat(101)), "the query has more than 100 conditions");
    assert_eq!(refused(&format!("a={}", ",".repeat(2_001))), "the query has more than 2000 values in lists");
    assert_eq!(refused(&format!("a={}", ["/x/"; 21].join(","))), "the query has more than 20 regular expressions");
    let deep = format!("filter={}{}{}", r#"{"$or":["#.repeat(30), r#"{"a":1}"#, "]}".repeat(30));
    assert_eq!(refused(&deep), "the query has more than 10 filters inside each other");
    let deeper = format!("filter={}", "[".repeat(30_000));
    assert!(refused(&deeper).starts_with("Invalid JSON string"));
    assert_eq!(refused(&format!("populate={}", "a.".repeat(3_000))), "the query has more than 2000 values in lists");
}

#[test]
fn the_largest_query_that_is_read_is_read_quickly() {
    let keys: Vec<_> = (0..90).map(|n| format!("k{n}{}={}", "x".repeat(500), "1,".repeat(20))).collect();
    let text = keys.join("&");
    let began = Instant::now();
    Query::parse(&text, &Options::default()).unwrap();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let slashes = format!("a={}", "/,".repeat(30_000));
    drop(Query::parse(
        &slashes,
        &Options { limits: Limits { items: 100_000, ..Limits::default() }, ..Options::default() },
    ));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

fn piece() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a",
        "b",
        "a.b",
        "!",
        "=",
        ">",
        "<",
        "&",
        ",",
        "/",
        "\\",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "$gt",
        "$or",
        "filter=",
        "sort=",
        "limit=",
        "fields=",
        "populate=",
        "string(",
        "date(",
        "2016-04-12",
        "T10:00",
        "Z",
        "1",
        "0",
        "-",
        ".",
        "e",
        "true",
        "null",
        "i",
        "g",
        "%",
        "%2B",
        "+",
        " ",
        "é",
        "\n",
        "constructor",
        "x",
        ":",
        "*",
        "?",
        "^",
        "|",
    ]);
    prop::collection::vec(part, 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_read_or_refused_and_its_filter_can_be_tried(text in piece()) {
        if let Ok(query) = Query::parse(&text, &Options::default()) {
            drop(query.to_string());
            drop(query.filter.check());
            let document = Value::Object(vec![
                ("a".to_owned(), Value::List(vec![Value::text("x"), Value::Object(vec![("b".to_owned(), Value::Number(1.0))])])),
                ("b".to_owned(), Value::Null),
            ]);
            drop(query.filter.matches(&document, Patience::of(Duration::from_secs(1))));
        }
    }

    #[test]
    fn text_without_signs_comes_back_as_it_was_written(word in "[a-zA-Zé_-][a-zA-Zé_ -]{0,12}", key in "[a-z][a-z.]{0,8}") {
        prop_assume!(!["true", "false", "null", "sort", "skip", "limit", "fields", "populate", "filter"].contains(&word.as_str()));
        prop_assume!(!["sort", "skip", "limit", "fields", "populate", "filter"].contains(&key.as_str()));
        let text: String = form_urlencoded::Serializer::new(String::new()).append_pair(&key, &word).finish();
        let query = Query::parse(&text, &Options::default()).unwrap();
        prop_assume!(word.trim() != "-" && !word.trim().is_empty());
        let expected = serde_json::json!({ key: word });
        prop_assert_eq!(query.filter.to_string(), expected.to_string());
    }

    #[test]
    fn a_negated_test_takes_what_the_test_leaves(
        wanted in "[a-c]{1,2}",
        found in prop::collection::vec("[a-c]{0,2}", 0..4),
    ) {
        let document = Value::Object(vec![
            ("a".to_owned(), Value::List(found.into_iter().map(Value::Text).collect())),
        ]);
        let takes = |text: String| {
            let query = Query::parse(&text, &Options::default()).unwrap();
            query.filter.matches(&document, Patience::of(Duration::from_secs(5))).unwrap()
        };
        for (plain, negated) in [("a=", "a!="), ("a=x,", "a!=x,"), ("a=/", "a!=/")] {
            let end = if plain.ends_with('/') { "/" } else { "" };
            prop_assert_ne!(takes(format!("{plain}{wanted}{end}")), takes(format!("{negated}{wanted}{end}")));
        }
    }
}
