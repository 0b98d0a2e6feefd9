//! Every odd case of the language: what the npm package answers, line by line, and where this crate departs from it.

use query::{Options, Query};

fn answer(text: &str) -> String {
    Query::parse(text, &Options::default()).map_or_else(|_| "error".to_owned(), |query| query.to_string())
}

#[test]
fn every_case_reads_as_the_library_reads_it() {
    let cases = include_str!("cases.txt");
    let mut differing = Vec::new();
    for line in cases.lines() {
        let (text, expected) = line.split_once('\t').expect("a tab");
        let found = answer(text);
        if found != expected {
            differing.push(format!("{text}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(cases.lines().count() > 190);
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn where_the_library_throws_or_answers_nonsense_the_departures_hold() {
    for (text, expected) in [
        // Two operators on a number or a flag hold both.
        ("a=1&a>5", r#"{"filter":{"a":{"$eq":1,"$gt":5}}}"#),
        ("a=true&!a", r#"{"filter":{"a":{"$eq":true,"$exists":false}}}"#),
        ("a=2&a!=1", r#"{"filter":{"a":{"$eq":2,"$ne":1}}}"#),
        (r#"filter={"a":1}&a>5"#, r#"{"filter":{"a":{"$eq":1,"$gt":5}}}"#),
        // A time without a zone is in UTC, and what is not ISO 8601 is no date.
        ("a=2016-04-12 08:00", r#"{"filter":{"a":Date(2016-04-12T08:00:00.000Z)}}"#),
        ("a=date(Feb 24 2022)", r#"{"filter":{"a":InvalidDate}}"#),
        // No count.
        ("limit=abc", "error"),
        ("limit=-5", "error"),
        ("skip=1.5", "error"),
        ("skip=5&skip=6", "error"),
        // JSON that is no object, and names that only JavaScript has a use for.
        ("filter=[]", "error"),
        ("filter=true", "error"),
        ("filter={}&filter={}", "error"),
        ("__proto__=1", "error"),
        // Patterns are PCRE's.
        ("a=/(?i)a/", r#"{"filter":{"a":/(?i)a/}}"#),
    ] {
        assert_eq!(answer(text), expected, "{text}");
    }
}

#[test]
fn a_filter_in_json_may_name_these_operators_and_no_others() {
    let refused = |text: &str| Query::parse(text, &Options::default()).unwrap_err().to_string();
    assert_eq!(
        answer(r#"filter={"a":{"$not":{"$regex":"^x","$options":"is"}}}"#),
        r#"{"filter":{"a":{"$not":/^x/is}}}"#
    );
    assert_eq!(
        answer(r#"filter={"$nor":[{"a":{"$all":[1],"$size":1}},{"$and":[{"b":{"$elemMatch":{"$gte":1,"$lt":2}}}]}]}"#),
        r#"{"filter":{"$nor":[{"a":{"$all":[1],"$size":1}},{"b":{"$elemMatch":{"$gte":1,"$lt":2}}}]}}"#
    );
    assert_eq!(answer(r#"filter={"b":{"$elemMatch":{"c.d":1}}}"#), r#"{"filter":{"b":{"$elemMatch":{"b.c.d":1}}}}"#);
    assert_eq!(refused(r#"filter={"$where":"1"}"#), "filter: $where is not allowed");
    assert_eq!(refused(r#"filter={"$expr":{}}"#), "filter: $expr is not allowed");
    assert_eq!(refused(r#"filter={"a":{"$function":1}}"#), "filter: a: $function is not allowed");
    assert_eq!(
        refused(r#"filter={"a":{"b":1}}"#),
        "filter: a is compared with an object: expected a value or operators"
    );
    assert_eq!(refused(r#"filter={"a":{"$in":5}}"#), "filter: a: $in needs a list");
    assert_eq!(refused(r#"filter={"$or":[]}"#), "filter: $or needs at least one filter");
    assert_eq!(refused(r#"filter={"a":{"$options":"i"}}"#), "filter: a: $options needs a $regex");
    assert_eq!(refused("filter={key:1}"), "Invalid JSON string: {key:1}");
}

#[test]
fn options_name_the_keys_the_fields_and_the_casters() {
    let options = Options {
        keys: query::Keys { skip: "offset".to_owned(), limit: "max".to_owned(), ..query::Keys::default() },
        whitelist: Some(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]),
        blacklist: vec!["c".to_owned()],
        casters: vec![
            ("lower".to_owned(), |text| query::Value::text(text.to_lowercase())),
            ("boolean".to_owned(), |text| query::Value::text(if text == "true" { "1" } else { "0" })),
        ],
        cast_params: vec![("b".to_owned(), "lower".to_owned()), ("d".to_owned(), "unknown".to_owned())],
        limit_ceiling: Some(100),
        ..Options::default()
    };
    let read = |text: &str| Query::parse(text, &options);
    assert_eq!(
        read("a=lower(X),true&b=VALUE&c=1&d=2&skip=1&offset=3&max=125").unwrap().to_string(),
        r#"{"skip":3,"limit":100,"filter":{"a":{"$in":["x","1"]},"b":"value"}}"#
    );
    assert_eq!(
        read(r#"filter={"$or":[{"a":1},{"d":1}]}"#).unwrap_err().to_string(),
        r#"filter: "d" is not a field that can be asked for"#
    );
    assert!(read(r#"filter={"c":1}"#).is_err());
}

#[test]
fn what_mongodb_refuses_is_found_by_looking() {
    let check = |text: &str| Query::parse(text, &Options::default()).unwrap().filter.check().map_err(|e| e.to_string());
    assert_eq!(check("a>/x/"), Err("a: $gt cannot compare with a regular expression".to_owned()));
    assert_eq!(check("$where=1"), Err("$where: a field's name does not begin with $".to_owned()));
    assert_eq!(check("a=/x/&b!=/y/&c>5"), Ok(()));
}
