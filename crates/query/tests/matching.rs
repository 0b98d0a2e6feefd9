//! Which documents a filter takes: MongoDB's rules, one by one.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::time::Duration;

use query::{Filter, Kind, Options, Patience, Query, Test, TooCostly, Value};
use serde_json::json;

fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap()),
        serde_json::Value::String(text) => match text.strip_prefix("date ") {
            Some(date) => Value::Date(date.parse().unwrap()),
            None => Value::Text(text),
        },
        serde_json::Value::Array(values) => Value::List(values.into_iter().map(value).collect()),
        serde_json::Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, json)| (name, value(json))).collect())
        }
    }
}

fn patience() -> Patience {
    Patience::of(Duration::from_secs(5))
}

fn takes(text: &str, document: &serde_json::Value) -> bool {
    let query = Query::parse(text, &Options::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
    query.filter.matches(&value(document.clone()), patience()).unwrap()
}

#[track_caller]
fn check(document: serde_json::Value, taken: &[&str], left: &[&str]) {
    for text in taken {
        assert!(takes(text, &document), "{text} takes {document}");
    }
    for text in left {
        assert!(!takes(text, &document), "{text} leaves {document}");
    }
}

#[test]
fn any_element_of_a_list_is_enough_and_for_a_negation_none_may() {
    let boxes = json!({ "boxes": [{ "status": "waiting" }, { "status": "scanned", "tags": ["a", "b"] }] });
    check(
        boxes,
        &[
            "boxes.status=waiting",
            "boxes.status=scanned",
            "boxes.status!=lost",
            "boxes.status=/^s/",
            "boxes.0.status=waiting",
        ],
        &["boxes.status!=waiting", "boxes.status!=waiting,lost", "boxes.status!=/^s/", "boxes.1.status=waiting"],
    );
    check(
        json!({ "tags": ["red", "blue"] }),
        &["tags=red", "tags=blue,green", "tags!=green", "tags>purple", "tags", r#"filter={"tags":["red","blue"]}"#],
        &["tags!=red", "tags!=green,blue", "tags>zebra", "!tags", r#"filter={"tags":["red"]}"#],
    );
    // Two ranges may be met by two elements, unless one element must meet both.
    check(
        json!({ "n": [1, 9] }),
        &["n>5&n<3", r#"filter={"n":{"$size":2}}"#, r#"filter={"n":{"$all":[1,9]}}"#],
        &[
            r#"filter={"n":{"$elemMatch":{"$gt":5,"$lt":3}}}"#,
            r#"filter={"n":{"$size":1}}"#,
            r#"filter={"n":{"$all":[1,2]}}"#,
        ],
    );
    check(
        json!({ "b": [{ "x": 1, "y": 2 }, { "x": 3, "y": 4, "z": [{ "w": 5 }] }] }),
        &[
            r#"filter={"b":{"$elemMatch":{"x":3,"y":4}}}"#,
            "b.x=1&b.y=4",
            r#"filter={"b":{"$elemMatch":{"z":{"$elemMatch":{"w":5}}}}}"#,
        ],
        &[r#"filter={"b":{"$elemMatch":{"x":1,"y":4}}}"#],
    );
}

#[test]
fn null_takes_what_is_missing_and_a_missing_field_is_none_of_any_values() {
    check(
        json!({ "a": null, "list": [{ "x": 1 }, {}], "empty": [] }),
        &[
            "a=null",
            "b=null",
            "b!=1",
            "b!=1,2",
            "!b",
            "a",
            "list.x=null",
            "list.x",
            "!empty.x",
            "empty.x!=null",
            "b=null,1",
            "a>=null(x)",
        ],
        &["a!=null", "b!=null", "b", "!a", "empty.x=null", "b>5", "b<5", "a>5", "b=/./", "b!=null,1"],
    );
    // A field below what is no object is missing; below a list of what is no object it leads nowhere.
    check(json!({ "a": 5, "b": [5] }), &["a.c=null", "!a.c", "!b.c"], &["a.c", "b.c=null"]);
}

#[test]
fn a_range_stays_within_one_type() {
    check(
        json!({ "n": 5, "t": "5", "d": "date 2022-02-24T10:00:00.0009Z", "f": true }),
        &["n>4", "n<=5", "t>string(4)", "d>2022-02-24", "d<2022-02-25", "d=2022-02-24T10:00:00Z", "f>false", "n=5.0"],
        &[
            "n>string(4)",
            "t>4",
            "t<6",
            "d>4",
            "d>string(2021)",
            "n>2016-01-01",
            "f>0",
            "t=5",
            "n=string(5)",
            "d>date(x)",
            "n>number(x)",
        ],
    );
    check(json!({ "t": "b" }), &["t>a", "t<ba", "t>B"], &["t<a", "t<B"]);
}

#[test]
fn alternatives_and_their_negation() {
    check(
        json!({ "a": 1, "b": 2 }),
        &[
            r#"filter={"$or":[{"a":2},{"b":2}]}"#,
            r#"filter={"$nor":[{"a":2},{"b":3}]}"#,
            r#"filter={"a":{"$not":{"$gt":5}}}"#,
            r#"filter={"$and":[{"a":1},{"b":2}]}"#,
        ],
        &[r#"filter={"$or":[{"a":2},{"b":3}]}"#, r#"filter={"$nor":[{"a":1}]}"#, r#"filter={"a":{"$not":{"$gt":0}}}"#],
    );
}

#[test]
fn an_invalid_date_and_a_pattern_behind_eq_take_nothing() {
    check(json!({ "a": "x", "d": "date 2022-02-24T00:00:00Z" }), &[], &["a!=y&a=/z/", "d=date(x)", "a>1&a=/x/"]);
}

#[test]
fn a_pattern_that_takes_too_long_is_an_error_and_never_no_match() {
    let document = value(json!({ "a": "a".repeat(60) }));
    let query = Query::parse(r"a=/^(a|a)*\1b$/", &Options::default()).unwrap();
    let refused = query.filter.matches(&document, patience()).unwrap_err();
    assert_eq!(refused, TooCostly::Steps(r"/^(a|a)*\1b$/".to_owned()));
    let query = Query::parse("a=/x/", &Options::default()).unwrap();
    let patience = Patience::of(Duration::ZERO);
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(query.filter.matches(&document, patience), Err(TooCostly::Time));
}

#[test]
fn a_field_of_a_known_type_casts_what_it_is_compared_with() {
    let cast = |kind: Kind, text: &str| kind.cast(Value::text(text)).map(|value| value.to_string());
    assert_eq!(cast(Kind::Text, "12.50").unwrap(), r#""12.50""#);
    assert_eq!(cast(Kind::Date, "2022").unwrap(), "Date(2022-01-01T00:00:00.000Z)");
    assert_eq!(cast(Kind::Date, "1645660800000").unwrap(), "Date(2022-02-24T00:00:00.000Z)");
    assert_eq!(cast(Kind::Bool, "yes").unwrap(), "true");
    assert_eq!(cast(Kind::Number, "0x10").unwrap(), "16");
    assert_eq!(cast(Kind::Id, "62739041D7226E71CAEB2D69").unwrap(), r#""62739041d7226e71caeb2d69""#);
    assert_eq!(cast(Kind::Id, "5").unwrap_err(), "an id of 24 hexadecimal digits");
    assert_eq!(cast(Kind::Date, "soon").unwrap_err(), "a date such as 2022-02-24 or 2022-02-24T00:00:00.000Z");
    assert_eq!(Kind::Text.cast(Value::Number(-0.0)).unwrap().to_string(), r#""0""#);
    assert_eq!(Kind::Text.cast(Value::Bool(true)).unwrap().to_string(), r#""true""#);
    assert_eq!(Kind::Date.cast(Value::Null).unwrap(), Value::Null);
    let list = Value::List(vec![Value::Number(1.0), Value::Null]);
    assert_eq!(Kind::Text.cast(list).unwrap().to_string(), r#"["1",null]"#);
    let written = Options {
        casters: vec![("written".to_owned(), query::cast::written)],
        cast_params: vec![("a".to_owned(), "written".to_owned())],
        ..Options::default()
    };
    let query = Query::parse("a=12.50,null,/x/", &written).unwrap();
    assert_eq!(query.filter.to_string(), r#"{"a":{"$in":["12.50",null,/x/]}}"#);
}

#[test]
fn a_filter_is_carried_over_to_a_programs_own_fields() {
    #[derive(Clone, Debug, PartialEq)]
    enum Field {
        Seller,
    }
    let query = Query::parse("seller=a", &Options::default()).unwrap();
    let mapped = query.filter.try_map(&mut |name, tests| match name.as_str() {
        "seller" => {
            let tests = tests.into_iter().map(|test| match test {
                Test::Eq(value) => Test::Eq(value),
                other => panic!("{other}"),
            });
            Ok(Filter::Field(Field::Seller, tests.collect()))
        }
        other => Err(other.to_owned()),
    });
    assert_eq!(mapped.unwrap(), Filter::All(vec![Filter::Field(Field::Seller, vec![Test::Eq(Value::text("a"))])]));
}
