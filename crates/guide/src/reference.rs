//! The reference of an interface, from its OpenAPI document: each operation with its parameters, bodies and answers, and every
//! schema.

use std::fmt::Write as _;

use serde_json::Value;

use crate::escaped;
use crate::markdown::slug;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Words of a document, in which backticks set off code.
fn words(text: &str) -> String {
    let parts = text.split('`').map(escaped).enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part }).collect()
}

/// What `$ref` names, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let named = value.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
    named.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// A schema in a few words, with a link where it is a named one.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escaped(name));
    }
    if let Some(constant) = schema.get("const") {
        return format!("<code>{}</code>", escaped(&constant.to_string()));
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<_> = words.iter().map(|word| format!("<code>{}</code>", escaped(&word.to_string()))).collect();
        return words.join(", ");
    }
    for name in ["oneOf", "anyOf", "allOf"] {
        if let Some(list) = schema.get(name).and_then(Value::as_array) {
            let joint = if name == "allOf" { " and " } else { " or " };
            return list.iter().map(kind).collect::<Vec<_>>().join(joint);
        }
    }
    let plain = match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    };
    let format = text(schema, "format");
    match schema.get("items") {
        Some(items) => format!("list of {}", kind(items)),
        None if format.is_empty() => escaped(&plain),
        None => format!("{} ({})", escaped(&plain), escaped(format)),
    }
}

/// The rows of an object's fields, those of objects inside it with their path.
fn fields(document: &Value, schema: &Value, before: &str, rows: &mut String) {
    let parts = schema.get("allOf").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        fields(document, resolved(document, part), before, rows);
    }
    let needed = schema.get("required").and_then(Value::as_array);
    let is_needed = |name: &str| needed.is_some_and(|list| list.iter().any(|one| one.as_str() == Some(name)));
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    for (name, property) in properties {
        let _ = write!(
            rows,
            "<tr><td><code>{}{}</code>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(before),
            escaped(name),
            if is_needed(name) { " <b>needed</b>" } else { "" },
            kind(property),
            words(text(property, "description"))
        );
        let inner = property.get("items").unwrap_or(property);
        if inner.get("properties").is_some() {
            let mark = if property.get("items").is_some() { "[]." } else { "." };
            fields(document, inner, &format!("{before}{name}{mark}"), rows);
        }
    }
}

fn table(head: [&str; 3], rows: &str) -> String {
    let head = head.map(|cell| format!("<th>{cell}</th>")).concat();
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn schema_table(document: &Value, schema: &Value) -> String {
    let mut rows = String::new();
    fields(document, schema, "", &mut rows);
    if rows.is_empty() { format!("<p>{}</p>", kind(schema)) } else { table(["Field", "Is", ""], &rows) }
}

/// The bodies of a request or an answer.
fn bodies(document: &Value, holder: &Value) -> String {
    let mut html = String::new();
    for (media, body) in holder.get("content").and_then(Value::as_object).into_iter().flatten() {
        let Some(schema) = body.get("schema") else { continue };
        let shown = if schema.get("properties").is_some() {
            schema_table(document, schema)
        } else {
            format!("<p>{}</p>", kind(schema))
        };
        let _ = write!(html, "<p class=\"media\"><code>{}</code></p>{shown}", escaped(media));
    }
    html
}

fn operation(document: &Value, method: &str, path: &str, item: &Value, operation: &Value) -> String {
    let name = match text(operation, "operationId") {
        "" => slug(&format!("{method} {path}")),
        name => name.to_owned(),
    };
    let mut html = format!(
        "<section><h3 id=\"{}\"><span class=\"method\">{}</span> <code>{}</code></h3>",
        escaped(&name),
        method.to_uppercase(),
        escaped(path)
    );
    for name in ["summary", "description"] {
        let said = text(operation, name);
        if !said.is_empty() {
            let _ = write!(html, "<p>{}</p>", words(said));
        }
    }
    let parameters = [item, operation].into_iter().filter_map(|one| one.get("parameters")?.as_array()).flatten();
    let mut rows = String::new();
    for parameter in parameters.map(|parameter| resolved(document, parameter)) {
        let is_needed = parameter.get("required").and_then(Value::as_bool).unwrap_or_default();
        let _ = write!(
            rows,
            "<tr><td><code>{}</code> in {}{}</td><td>{}</td><td>{}</td></tr>",
            escaped(text(parameter, "name")),
            escaped(text(parameter, "in")),
            if is_needed { " <b>needed</b>" } else { "" },
            parameter.get("schema").map(kind).unwrap_or_default(),
            words(text(parameter, "description"))
        );
    }
    if !rows.is_empty() {
        html += &table(["Parameter", "Is", ""], &rows);
    }
    if let Some(body) = operation.get("requestBody").map(|body| resolved(document, body)) {
        let _ = write!(html, "<h4>Body</h4>{}", bodies(document, body));
    }
    for (status, answer) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
        let answer = resolved(document, answer);
        let _ = write!(html, "<h4>{}</h4><p>{}</p>", escaped(status), words(text(answer, "description")));
        html += &bodies(document, answer);
    }
    html + "</section>"
}

/// Title and body of a document's page; `None` for what is no OpenAPI document.
pub(crate) fn html(source: &str) -> Option<(String, String)> {
    let document: Value = serde_json::from_str(source).ok()?;
    let info = document.get("info")?;
    let named = text(info, "title");
    let title = format!("Reference: {}", named.strip_prefix("Waybill: ").unwrap_or(named));
    let mut html = format!("<h1>{}</h1><p>{}</p>", escaped(&title), words(text(info, "description")));
    let paths = document.get("paths")?.as_object()?;
    let (mut list, mut sections) = (String::new(), String::new());
    for (path, item) in paths {
        for method in METHODS {
            let Some(one) = item.get(method) else { continue };
            let made = operation(&document, method, path, item, one);
            let anchor = made.split('"').nth(1).unwrap_or_default();
            let (method, path) = (method.to_uppercase(), escaped(path));
            let _ = write!(list, "<li><a href=\"#{anchor}\"><span class=\"method\">{method}</span> {path}</a></li>");
            sections += &made;
        }
    }
    let _ = write!(html, "<h2 id=\"operations\">Operations</h2><ul class=\"operations\">{list}</ul>{sections}");
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    if schemas.is_some_and(|schemas| !schemas.is_empty()) {
        html += "<h2 id=\"schemas\">Schemas</h2>";
    }
    for (name, schema) in schemas.into_iter().flatten() {
        let name = escaped(name);
        let said = words(text(schema, "description"));
        let _ = write!(html, "<section><h3 id=\"schema-{name}\">{name}</h3><p>{said}</p>");
        html += &schema_table(&document, schema);
        html += "</section>";
    }
    Some((title, html))
}
