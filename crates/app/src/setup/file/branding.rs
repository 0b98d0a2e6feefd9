//! How a tenant looks to those who wait for its parcels, and what they are told.

use bytes::Bytes;
use domain::branding::{Branding, LONGEST_NAME};
use domain::error::Rule;
use domain::notice::{NoticeKind, NoticeSetup};

use super::reader::{Entry, Section};
use crate::branding::logo_of;
use crate::mail;

/// `branding`, and the bytes of its logo.
pub(super) fn look(tenant: &Section<'_>) -> Option<(Branding, Option<Bytes>)> {
    let table = tenant.optional("branding", "a table such as { colour = \"#0b5cad\", logo = \"logo.png\" }");
    let section = table.and_then(Entry::section)?;
    let name = section.optional("name", "a name of at most 80 characters").and_then(|entry| {
        let fits = |text: &&str| {
            !text.trim().is_empty() && text.chars().count() <= LONGEST_NAME && !text.chars().any(char::is_control)
        };
        entry.read(|text| Some(text).filter(fits).map(|text| text.trim().to_owned()))
    });
    let colour = |key: &'static str| {
        let entry = section.optional(key, "a colour as # and six hexadecimal digits, such as \"#0b5cad\"")?;
        entry.read(|text| text.parse().ok())
    };
    let (colour, header_colour) = (colour("colour"), colour("header_colour"));
    let logo = section.optional("logo", "the path of a PNG or JPEG").and_then(|entry| {
        let (reader, path, line) = (entry.reader(), entry.path.clone(), entry.line);
        let bytes = Bytes::from(entry.bytes()?);
        match logo_of(&bytes) {
            Ok(logo) => Some((logo, bytes)),
            Err(why) => {
                reader.mistake(Rule::Invalid, &path, line, &format!("the logo {why}"));
                None
            }
        }
    });
    section.close();
    let (logo, bytes) = logo.unzip();
    Some((Branding { name, colour, header_colour, logo }, bytes))
}

/// `notices`.
pub(super) fn notices(tenant: &Section<'_>) -> Option<NoticeSetup> {
    let table = tenant.optional("notices", "a table such as { of = [\"shipped\", \"delivered\"] }");
    let section = table.and_then(Entry::section)?;
    let list =
        section.required("of", "a list of some of shipped, out_for_delivery, at_service_point, delivered, problem");
    let list =
        list.and_then(|list| list.list("one of shipped, out_for_delivery, at_service_point, delivered, problem"));
    let mut of: Vec<_> = list.into_iter().flatten().filter_map(|entry| entry.read(NoticeKind::parse)).collect();
    of.sort_unstable();
    of.dedup();
    let reply_to = section.optional("reply_to", "an e-mail address such as \"help@example.com\"");
    let reply_to = reply_to.and_then(|entry| entry.read(|text| mail::is_address(text).then(|| text.to_owned())));
    section.close();
    Some(NoticeSetup { of, reply_to })
}
