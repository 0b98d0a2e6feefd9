//! A delivery as a line: where it went, how each attempt ended and how long it took.

use app::webhooks::DeliveryView;
use domain::webhook::DeliveryStatus;
use jiff::tz::TimeZone;

use crate::words::{self, Chip};

/// One try.
pub(super) struct AttemptLine {
    pub(super) number: u32,
    pub(super) when: String,
    pub(super) answer: String,
    pub(super) took: String,
    pub(super) note: String,
}

/// A delivery with its attempts.
pub(super) struct DeliveryLine {
    pub(super) id: String,
    pub(super) event: String,
    pub(super) url: String,
    pub(super) made: String,
    pub(super) chip: Chip,
    pub(super) next: Option<String>,
    pub(super) attempts: Vec<AttemptLine>,
}

impl DeliveryLine {
    pub(super) fn of(view: &DeliveryView, zone: &TimeZone) -> Self {
        let delivery = &view.delivery;
        let attempts = view.attempts.iter().map(|attempt| AttemptLine {
            number: attempt.number,
            when: words::time(attempt.at, zone),
            answer: attempt.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
            took: format!("{} ms", attempt.duration_ms),
            note: attempt.note.clone().unwrap_or_default(),
        });
        Self {
            id: delivery.id.to_string(),
            event: delivery.message_id(),
            url: view.url.clone(),
            made: words::time(delivery.created_at, zone),
            chip: match delivery.status {
                DeliveryStatus::Waiting => Chip { words: "Waiting", tone: "warning" },
                DeliveryStatus::Delivered => Chip { words: "Delivered", tone: "good" },
                DeliveryStatus::Failed => Chip { words: "Given up", tone: "trouble" },
            },
            next: (delivery.status == DeliveryStatus::Waiting).then(|| words::time(delivery.next_at, zone)),
            attempts: attempts.collect(),
        }
    }
}
