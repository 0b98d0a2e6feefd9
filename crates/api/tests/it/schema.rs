//! Whether a JSON value is what a schema of an OpenAPI document says, as far as our documents use JSON Schema.

use serde_json::{Map, Value as Json};

/// Keywords that say nothing a test could hold against a value, or that a pattern would be needed for.
const SILENT: [&str; 9] = [
    "description",
    "example",
    "format",
    "pattern",
    "default",
    "deprecated",
    "contentEncoding",
    "minProperties",
    "maxProperties",
];

/// What a `$ref` of a document leads to.
pub(crate) fn resolved<'a>(document: &'a Json, value: &'a Json) -> &'a Json {
    let Some(reference) = value.get("$ref").and_then(Json::as_str) else { return value };
    let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads out of the document"));
    document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

/// Everything about `value` that its schema does not say, each with its place. An object may have no properties but
/// those that are listed, so that no field is forgotten in a document.
pub(crate) fn faults(document: &Json, schema: &Json, value: &Json) -> Vec<String> {
    let mut faults = Vec::new();
    check(document, schema, value, "", &mut faults);
    faults
}

fn check(document: &Json, schema: &Json, value: &Json, place: &str, faults: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().unwrap_or_else(|| panic!("{place}: {schema} is no schema")) {
        let mut hold = |holds: bool| {
            if !holds {
                faults.push(format!("{place}: {value} breaks {keyword}: {rule}"));
            }
        };
        let number = value.as_f64();
        let size = || rule.as_u64().unwrap() as usize;
        match keyword.as_str() {
            "$ref" => check(document, resolved(document, schema), value, place, faults),
            "type" => {
                let words = rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice);
                hold(words.iter().any(|word| is_a(value, word.as_str().unwrap())));
            }
            "enum" => hold(rule.as_array().unwrap().contains(value)),
            "const" => hold(rule == value),
            "minimum" => hold(number.is_none_or(|number| number >= rule.as_f64().unwrap())),
            "maximum" => hold(number.is_none_or(|number| number <= rule.as_f64().unwrap())),
            "exclusiveMinimum" => hold(number.is_none_or(|number| number > rule.as_f64().unwrap())),
            "minLength" => hold(value.as_str().is_none_or(|text| text.chars().count() >= size())),
            "maxLength" => hold(value.as_str().is_none_or(|text| text.chars().count() <= size())),
            "minItems" => hold(value.as_array().is_none_or(|list| list.len() >= size())),
            "maxItems" => hold(value.as_array().is_none_or(|list| list.len() <= size())),
            "anyOf" => {
                let fits = |schema: &Json| self::faults(document, schema, value).is_empty();
                hold(rule.as_array().unwrap().iter().any(fits));
            }
            "required" => {
                let is_there = |name: &Json| value.get(name.as_str().unwrap()).is_some();
                hold(!value.is_object() || rule.as_array().unwrap().iter().all(is_there));
            }
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, rule, value, &format!("{place}/{index}"), faults);
                }
            }
            "properties" => properties(document, schema, value, place, faults),
            "additionalProperties" => {
                let is_plain = rule["type"] == "string" || rule["type"] == "integer";
                assert!(rule == &Json::Bool(false) || is_plain, "{place}: {rule}");
            }
            silent => assert!(SILENT.contains(&silent), "{place}: nobody checks {silent}"),
        }
    }
}

fn properties(document: &Json, schema: &Json, value: &Json, place: &str, faults: &mut Vec<String>) {
    let nothing = Map::new();
    for (name, value) in value.as_object().unwrap_or(&nothing) {
        let place = format!("{place}/{name}");
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(schema), _) | (None, Some(schema @ Json::Object(_))) => {
                check(document, schema, value, &place, faults);
            }
            (None, _) => faults.push(format!("{place}: no schema knows it")),
        }
    }
}

fn is_a(value: &Json, word: &str) -> bool {
    match word {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        word => panic!("{word} is no type"),
    }
}
