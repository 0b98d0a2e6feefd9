//! The letter of a notice: the same words as on the tracking page, in the same language.

use askama::Template;
use domain::branding::Colour;
use domain::language::Language;
use domain::notice::Notice;
use domain::parcel::Parcel;
use domain::shipment::Shipment;
use domain::tracking::TrackingStatus;
use domain::{Error, Result};

use crate::mail::Letter;
use crate::tenants::TenantSetup;
use crate::words::Word;

/// One line of what is known of the parcel.
struct Fact {
    name: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "notice.txt")]
struct Text<'a> {
    lead: &'static str,
    follow: &'static str,
    page: &'a str,
    facts: &'a [Fact],
    ask: &'a str,
    why: &'a str,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Html<'a> {
    language: &'static str,
    subject: &'a str,
    sender: &'a str,
    title: &'static str,
    lead: &'static str,
    follow: &'static str,
    page: &'a str,
    facts: &'a [Fact],
    ask: &'a str,
    why: &'a str,
    header: String,
    header_ink: String,
    colour: String,
}

/// What a letter is about; a label that is made is nothing to write of.
fn subject(status: TrackingStatus) -> Option<Word> {
    use TrackingStatus as S;
    Some(match status {
        S::Unknown | S::Announced => return None,
        S::InTransit => Word::SubjectInTransit,
        S::OutForDelivery => Word::SubjectOutForDelivery,
        S::AtServicePoint => Word::SubjectAtServicePoint,
        S::Delivered => Word::SubjectDelivered,
        S::Undeliverable => Word::SubjectUndeliverable,
        S::Returning => Word::SubjectReturning,
        S::Returned => Word::SubjectReturned,
        S::Lost => Word::SubjectLost,
    })
}

/// A letter and everything it is made of.
pub(super) struct Draft<'a> {
    pub(super) notice: &'a Notice,
    pub(super) setup: &'a TenantSetup,
    pub(super) shipment: &'a Shipment,
    pub(super) parcel: &'a Parcel,
    pub(super) language: Language,
    pub(super) to: String,
    /// The address of the tracking page.
    pub(super) page: String,
    /// What stands behind the @ of the letter's name.
    pub(super) domain: &'a str,
}

impl Draft<'_> {
    /// The letter; the same for the same draft, name and all.
    pub(super) fn letter(self) -> Result<Letter> {
        let Self { notice, setup, shipment, parcel, language, to, page, domain } = self;
        let subject = subject(notice.status).ok_or_else(|| Error::internal("a status that nobody is told of"))?;
        let sender = setup.shown_name();
        let about = |word: Word| word.with(language, "sender", sender);
        let subject = about(subject);
        let reply_to = setup.tenant.notices.as_ref().and_then(|notices| notices.reply_to.clone());
        let ask =
            if reply_to.is_some() { Word::ReplyWithQuestions.of(language).to_owned() } else { about(Word::AskSender) };
        let count = shipment.parcels.len();
        let of_count = (count > 1).then(|| {
            let place = Word::PlaceOfCount.with(language, "place", &parcel.position.to_string());
            place.replace("{count}", &count.to_string())
        });
        let known = [
            (Word::Order, shipment.details.order_reference.clone()),
            (Word::Service, Some(shipment.details.service_name.clone())),
            (Word::TrackingNumber, parcel.tracking_number.clone()),
            (Word::Parcel, of_count),
        ];
        let facts: Vec<_> = known
            .into_iter()
            .filter_map(|(word, value)| Some((word, value.filter(|value| !value.trim().is_empty())?)))
            .map(|(word, value)| Fact { name: word.of(language), value })
            .collect();
        let look = setup.tenant.branding.clone().unwrap_or_default();
        let colour = look.colour.unwrap_or(Colour::USUAL);
        let header = look.header_colour.unwrap_or(colour.on_light());
        let (lead, why) = (Word::lead_of(notice.status).of(language), about(Word::WhyYouGetThis));
        let follow = Word::FollowParcel.of(language);
        let text = Text { lead, follow, page: &page, facts: &facts, ask: &ask, why: &why };
        let html = Html {
            language: language.code(),
            subject: &subject,
            sender,
            title: Word::of_status(notice.status).of(language),
            lead,
            follow,
            page: &page,
            facts: &facts,
            ask: &ask,
            why: &why,
            header: header.to_string(),
            header_ink: header.ink().to_string(),
            colour: colour.on_light().to_string(),
        };
        Ok(Letter {
            id: format!("{}.{}@{domain}", notice.id, notice.created_at.as_microsecond()),
            to,
            sender_name: sender.to_owned(),
            reply_to,
            text: text.render().map_err(Error::internal)?,
            html: html.render().map_err(Error::internal)?,
            subject,
            language: language.code(),
            written_at: notice.created_at,
        })
    }
}
