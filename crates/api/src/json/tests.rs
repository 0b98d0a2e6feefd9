//! Trees are read and written digit for digit; nothing makes the parser panic.

use proptest::prelude::*;

use super::*;

#[test]
fn a_tree_is_written_back_digit_for_digit() {
    let text = r#"{"a":[1.50,-0,1e400,123456789012345678901234567890],"b":{"":"\"\\\n\u0007ü\ud83d\ude00"},"c":null}"#;
    let tree = parse(text.as_bytes()).unwrap();
    let written = tree.to_string();
    assert_eq!(written, text.replace("\\ud83d\\ude00", "😀"));
    assert_eq!(serde_json::to_string(&tree).unwrap(), written);
    assert_eq!(parse(written.as_bytes()).unwrap(), tree);
}

#[test]
fn of_two_members_with_one_name_the_last_wins() {
    assert_eq!(parse(br#"{"a":1,"b":2,"a":3}"#).unwrap().to_string(), r#"{"a":3,"b":2}"#);
    let members: Vec<_> = (0..200_000).map(|number| format!("\"{}\":{number}", number % 100_000)).collect();
    let text = format!("{{{}}}", members.join(","));
    let tree = parse(text.as_bytes()).unwrap();
    assert_eq!(tree.get("7"), Some(&Json::Number("100007".into())));
}

#[test]
fn malformed_text_is_refused_with_its_place() {
    let message = |bytes: &[u8]| parse(bytes).unwrap_err().to_string();
    insta::assert_snapshot!(message(b""), @"EOF while parsing a value: line 1 column 0");
    insta::assert_snapshot!(message(b"[1,\n 2,]"), @"expected value: line 2 column 4");
    insta::assert_snapshot!(message(b"{} {}"), @"trailing characters: line 1 column 4");
    insta::assert_snapshot!(message(b"[\"a\",\n\"\xff\"]"), @"the text is not valid UTF-8: line 2 column 2");
    insta::assert_snapshot!(
        message(b" \n [\"\\ud800\"]"),
        @r"a \u escape names half a character (a lone surrogate): line 2 column 3"
    );
    insta::assert_snapshot!(
        message("[".repeat(65).as_bytes()),
        @"EOF while parsing a list: line 1 column 65"
    );
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(parse(deep(64).as_bytes()).is_ok());
    insta::assert_snapshot!(
        message(deep(65).as_bytes()),
        @"lists and objects lie more than 64 deep inside each other: line 1 column 65"
    );
    assert!(parse(deep(1_000_000).as_bytes()).is_err());
}

proptest! {
    #[test]
    fn parsing_never_panics_and_agrees_with_serde_json(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let ours = parse(&bytes).is_ok();
        let theirs = serde_json::from_slice::<serde_json::Value>(&bytes);
        prop_assert!(ours || theirs.is_err());
    }

    #[test]
    fn json_like_text_reads_as_serde_json_reads_it(text in r#"[\[\]{}:,"\\0-9.eE a-c\-+ntrufalse]{0,40}"#) {
        match (parse(text.as_bytes()), serde_json::from_str::<serde_json::Value>(&text)) {
            (Ok(ours), Ok(theirs)) => {
                prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&ours.to_string()).unwrap(), theirs);
            }
            // A number outside the range of a double is JSON to us.
            (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("number out of range")),
            (Err(_), theirs) => prop_assert!(theirs.is_err()),
        }
    }
}

/// JSON in lines of a readable length, for snapshots: broken behind commas, nothing else changed.
pub(crate) fn wrapped(json: &str) -> String {
    let mut lines = vec![String::new()];
    for piece in json.split_inclusive(',') {
        let line = lines.last_mut().unwrap();
        if !line.is_empty() && line.len() + piece.len() > 100 {
            lines.push(piece.to_owned());
        } else {
            line.push_str(piece);
        }
    }
    lines.join("\n")
}

/// The same of anything that can be written as JSON.
pub(crate) fn shown(value: &impl Serialize) -> String {
    wrapped(&serde_json::to_string(value).unwrap())
}
