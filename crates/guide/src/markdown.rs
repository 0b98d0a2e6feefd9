//! Markdown as HTML: headings that can be linked to, tables that scroll by themselves, links among the pages.

use std::collections::HashMap;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

use crate::escaped;

/// What a heading is linked by: as the hosts of repositories make it.
pub(crate) fn slug(text: &str) -> String {
    let kept = text.to_lowercase();
    let kept = kept.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// Where a link of a page leads here.
fn target(link: &str) -> String {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let Some(name) = path.strip_suffix(".md").filter(|name| !name.contains(['/', ':'])) else {
        return link.to_owned();
    };
    let name = if name == crate::FIRST { String::new() } else { format!("/{name}") };
    anchor.map_or_else(|| format!("/docs{name}"), |anchor| format!("/docs{name}#{anchor}"))
}

fn own(text: String) -> CowStr<'static> {
    CowStr::from(text)
}

/// A page's body. HTML in the source is shown, not obeyed.
pub(crate) fn html(source: &str) -> String {
    let events: Vec<Event<'_>> = Parser::new_ext(source, Options::ENABLE_TABLES).collect();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut made = Vec::with_capacity(events.len());
    // Whether each link that is open leads to a file that only the repository has.
    let mut outside = Vec::new();
    for (at, event) in events.iter().enumerate() {
        if let Event::Start(Tag::Link { dest_url, .. }) = event {
            outside.push(dest_url.starts_with("../"));
        }
        let is_outside = outside.last().copied().unwrap_or_default();
        match event {
            Event::Start(Tag::Link { .. }) if is_outside => continue,
            Event::End(TagEnd::Link) if outside.pop().unwrap_or_default() => continue,
            _ => {}
        }
        let next = match event {
            Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
                let words =
                    events[at + 1..].iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
                let text: String = words
                    .filter_map(|event| match event {
                        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                        _ => None,
                    })
                    .collect();
                let base = slug(&text);
                let times = seen.entry(base.clone()).or_default();
                let id = if *times == 0 { base } else { format!("{base}-{times}") };
                *times += 1;
                let (classes, attrs) = (classes.clone(), attrs.clone());
                Event::Start(Tag::Heading { level: *level, id: Some(own(id)), classes, attrs })
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => Event::Start(Tag::Link {
                link_type: *link_type,
                dest_url: own(target(dest_url)),
                title: title.clone(),
                id: id.clone(),
            }),
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => Event::Start(Tag::Image {
                link_type: *link_type,
                dest_url: own(format!("/docs/{dest_url}")),
                title: title.clone(),
                id: id.clone(),
            }),
            Event::Start(Tag::Table(columns)) => {
                made.push(Event::Html(CowStr::from("<div class=\"scroll\" tabindex=\"0\">")));
                Event::Start(Tag::Table(columns.clone()))
            }
            Event::End(TagEnd::Table) => {
                made.push(Event::End(TagEnd::Table));
                Event::Html(CowStr::from("</div>"))
            }
            Event::Html(text) | Event::InlineHtml(text) => Event::Html(own(escaped(text))),
            other => other.clone(),
        };
        made.push(next);
    }
    let mut html = String::with_capacity(source.len() * 2);
    pulldown_cmark::html::push_html(&mut html, made.into_iter());
    html
}
