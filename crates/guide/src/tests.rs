//! The pages: each heading can be linked to, each link leads somewhere, and nothing is fetched from elsewhere.

use std::collections::BTreeSet;

use super::*;

const SAMPLE: &str = r##"{
    "info": { "title": "Sample", "description": "Says <hello>." },
    "paths": { "/v1/things/{id}": { "get": {
        "operationId": "showThing", "summary": "One thing.",
        "parameters": [{ "$ref": "#/components/parameters/Id" }],
        "responses": { "200": { "description": "The thing.", "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/Thing" } } } } }
    } } },
    "components": {
        "parameters": { "Id": { "name": "id", "in": "path", "required": true, "schema": { "type": "string" } } },
        "schemas": { "Thing": { "type": "object", "required": ["id"], "properties": {
            "id": { "type": "string", "description": "Its id." },
            "parts": { "type": "array", "items": { "type": "object", "properties": { "size": { "type": "integer" } } } }
        } } }
    }
}"##;

fn guide() -> Guide {
    Guide::new(&[("sample", SAMPLE)])
}

fn between<'a>(html: &'a str, before: &str) -> impl Iterator<Item = &'a str> {
    html.split(before).skip(1).filter_map(|rest| rest.split('"').next()).collect::<Vec<_>>().into_iter()
}

#[test]
fn every_link_leads_to_a_page_and_a_heading() {
    let guide = guide();
    let mut anchors = BTreeSet::new();
    for (name, page) in &guide.pages {
        let path = if name == FIRST { "/docs".to_owned() } else { format!("/docs/{name}") };
        anchors.extend(between(&page.body, " id=\"").map(|id| format!("{path}#{id}")));
        anchors.insert(path);
    }
    let mut lost = Vec::new();
    for (name, page) in &guide.pages {
        for link in between(&page.body, "href=\"") {
            let path = if name == FIRST { String::new() } else { format!("/{name}") };
            let link = if link.starts_with('#') { format!("/docs{path}{link}") } else { link.to_owned() };
            let is_ours = link.starts_with("/docs") || !link.contains("://");
            if is_ours && !anchors.contains(&link) {
                lost.push(format!("{name}: {link}"));
            }
        }
    }
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn every_page_of_the_folder_is_served() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|file| file.unwrap().file_name().into_string().unwrap().strip_suffix(".md").map(str::to_owned))
        .collect();
    files.sort();
    let mut served: Vec<_> = PAGES.iter().map(|source| source.name.to_owned()).collect();
    served.sort();
    assert_eq!(served, files);
}

#[test]
fn nothing_is_fetched_from_elsewhere_and_nothing_runs() {
    let guide = guide();
    for (name, page) in &guide.pages {
        let html = guide.page(name, page);
        for foreign in ["<script", "<iframe", "<link", "src=\"http", "@import", "onclick"] {
            assert!(!html.contains(foreign), "{name}: {foreign}");
        }
    }
    let answer = guide.show(FIRST);
    assert_eq!(answer.status(), StatusCode::OK);
    let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert_eq!(guide.show("no-such").status(), StatusCode::NOT_FOUND);
}

#[test]
fn a_reference_shows_each_operation_and_schema() {
    let (title, body) = reference::html(SAMPLE).unwrap();
    assert_eq!(title, "Reference: Sample");
    for expected in [
        "<p>Says &lt;hello&gt;.</p>",
        "<h3 id=\"showThing\"><span class=\"method\">GET</span> <code>/v1/things/{id}</code></h3><p>One thing.</p>",
        "<tr><td><code>id</code> in path <b>needed</b></td><td>string</td><td></td></tr>",
        "<p><a href=\"#schema-Thing\">Thing</a></p>",
        "<tr><td><code>id</code> <b>needed</b></td><td>string</td><td>Its id.</td></tr>",
        "<tr><td><code>parts[].size</code></td><td>integer</td><td></td></tr>",
    ] {
        assert!(body.contains(expected), "{expected} is not in {body}");
    }
    assert!(reference::html("{}").is_none());
}

#[test]
fn html_in_a_page_is_shown_and_not_obeyed() {
    assert!(markdown::html("a <script>x</script> b").contains("&lt;script&gt;"));
    assert_eq!(markdown::slug("Why this service?"), "why-this-service");
    assert!(markdown::html("# A `b` c\n\n# A b c").contains("<h1 id=\"a-b-c-1\">"));
    assert!(markdown::html("[x](setup.md#a)").contains("href=\"/docs/setup#a\""));
}

#[test]
fn every_picture_that_a_page_shows_is_served() {
    let guide = guide();
    let shown: BTreeSet<_> =
        guide.pages.values().flat_map(|page| between(&page.body, "<img src=\"/docs/")).map(str::to_owned).collect();
    let served: BTreeSet<_> = PICTURES.iter().map(|(name, _)| format!("{name}.png")).collect();
    assert_eq!(shown.difference(&served).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(!shown.is_empty());
}
