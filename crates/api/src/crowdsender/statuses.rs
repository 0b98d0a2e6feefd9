//! This dialect's words for where an order and a box stand, and what each is in ours.

use app::queries::WAITING;
use domain::address::AddressStatus;
use domain::document::DocumentKind;
use domain::stage::Stage;
use domain::tracking::TrackingStatus;

/// `status` of an order. The meanings are those of the help pages: TO_REVIEW when address, data or label fails,
/// PENDING_TO_SHIP once the label is made, SHIPPED from the first scan on, SHIPMENT_FAILED at an incident.
pub const ORDERS: [(&str, Stage); 7] = [
    ("REGISTERED", Stage::Open),
    ("PENDING_TO_SHIP", Stage::Labelled),
    ("SHIPPED", Stage::Shipped),
    ("SHIPMENT_FAILED", Stage::Troubled),
    ("COMPLETED", Stage::Delivered),
    ("CANCELED", Stage::Cancelled),
    ("TO_REVIEW", Stage::Review),
];

/// `addressValidationStatus` of an order. One that failed has no word: the order is TO_REVIEW.
pub const ADDRESSES: [(&str, AddressStatus); 3] = [
    ("UNVERIFIED", AddressStatus::Unverified),
    ("VERIFIED", AddressStatus::Verified),
    ("PROPOSED", AddressStatus::Proposed),
];

/// The word for a box that no carrier has been told of.
pub const WAITS: &str = "waiting";

/// The word for a box whose label is made.
pub const GENERATED: &str = "generated label";

/// The word, in webhooks only, for a box that the carrier has just taken.
pub const SCANNED: &str = "scanned";

/// The word, in webhooks only, for a box that will be late.
pub const POSSIBLE_DELAY: &str = "possible delay";

/// `shipment.boxes.tracking.status`. Two of the published words, [`SCANNED`] and [`POSSIBLE_DELAY`], are steps inside
/// another status here and are told by webhook only.
pub const BOXES: [(&str, &str); 11] = [
    (WAITS, WAITING),
    (GENERATED, "announced"),
    (GENERATED, "unknown"),
    ("on route", "in_transit"),
    ("last mile", "out_for_delivery"),
    ("collection point", "at_service_point"),
    ("delivered", "delivered"),
    ("incident", "undeliverable"),
    ("incident", "lost"),
    ("returned", "returning"),
    ("returned", "returned"),
];

/// `type` and `directory` of documents.
pub const DOCUMENTS: [(&str, &str, DocumentKind); 7] = [
    ("label", "labels", DocumentKind::Label),
    ("labels", "labels", DocumentKind::Labels),
    ("packingSlip", "packing-slips", DocumentKind::PackingSlip),
    ("customsForm", "customs", DocumentKind::CustomsForm),
    ("commercialInvoice", "customs", DocumentKind::CommercialInvoice),
    ("returnLabel", "returns", DocumentKind::ReturnLabel),
    ("manifest", "manifests", DocumentKind::Manifest),
];

/// The words for a kind of document: its type and its directory.
pub fn document_words(kind: DocumentKind) -> (&'static str, &'static str) {
    let found = DOCUMENTS.iter().find(|(.., known)| *known == kind);
    found.map_or(("label", "labels"), |(word, directory, _)| (word, directory))
}

/// The word for a stage.
pub fn order_word(stage: Stage) -> &'static str {
    ORDERS.iter().find(|(_, known)| *known == stage).map_or("REGISTERED", |(word, _)| word)
}

/// The word for how an address stands.
pub fn address_word(status: AddressStatus) -> &'static str {
    ADDRESSES.iter().find(|(_, known)| *known == status).map_or("UNVERIFIED", |(word, _)| word)
}

/// The word for what the carrier says of a box; `None` is no carrier yet.
pub fn box_word(status: Option<TrackingStatus>) -> &'static str {
    let ours = status.map_or(WAITING, TrackingStatus::as_str);
    BOXES.iter().find(|(_, known)| *known == ours).map_or(WAITING, |(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_ours_has_a_word_and_every_word_leads_back() {
        for stage in Stage::ALL {
            let word = order_word(stage);
            assert_eq!(ORDERS.iter().find(|(known, _)| *known == word).unwrap().1, stage);
        }
        let words = AddressStatus::ALL.map(address_word);
        assert_eq!(words, ["UNVERIFIED", "VERIFIED", "PROPOSED", "UNVERIFIED"]);
        for status in TrackingStatus::ALL {
            assert!(BOXES.contains(&(box_word(Some(status)), status.as_str())));
        }
        assert_eq!(box_word(None), "waiting");
        assert_eq!(DOCUMENTS.map(|(.., kind)| kind), DocumentKind::ALL);
    }
}
