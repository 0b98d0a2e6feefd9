//! Words: what those who wait for a parcel are told, in every language.
//!
//! A word that lacks a language does not compile. `{…}` stands for what is filled in.

use domain::language::Language;
use domain::tracking::{Milestone, TrackingStatus};

mod table;

pub use table::Word;

impl Word {
    /// The word with one thing filled in.
    pub fn with(self, language: Language, name: &str, value: &str) -> String {
        self.of(language).replace(&format!("{{{name}}}"), value)
    }

    /// What stands before and behind the thing that is filled in, for pages that mark it.
    pub fn around(self, language: Language, name: &str) -> (&'static str, &'static str) {
        let text = self.of(language);
        text.split_once(format!("{{{name}}}").as_str()).unwrap_or((text, ""))
    }

    /// A carrier's status in one or two words.
    pub fn of_status(status: TrackingStatus) -> Self {
        use TrackingStatus as S;
        match status {
            S::Unknown => Self::StatusUnknown,
            S::Announced => Self::StatusAnnounced,
            S::InTransit => Self::StatusInTransit,
            S::OutForDelivery => Self::StatusOutForDelivery,
            S::AtServicePoint => Self::StatusAtServicePoint,
            S::Delivered => Self::StatusDelivered,
            S::Undeliverable => Self::StatusUndeliverable,
            S::Returning => Self::StatusReturning,
            S::Returned => Self::StatusReturned,
            S::Lost => Self::StatusLost,
        }
    }

    /// A carrier's status as a sentence.
    pub fn lead_of(status: TrackingStatus) -> Self {
        use TrackingStatus as S;
        match status {
            S::Unknown => Self::LeadUnknown,
            S::Announced => Self::LeadAnnounced,
            S::InTransit => Self::LeadInTransit,
            S::OutForDelivery => Self::LeadOutForDelivery,
            S::AtServicePoint => Self::LeadAtServicePoint,
            S::Delivered => Self::LeadDelivered,
            S::Undeliverable => Self::LeadUndeliverable,
            S::Returning => Self::LeadReturning,
            S::Returned => Self::LeadReturned,
            S::Lost => Self::LeadLost,
        }
    }

    /// A finer step.
    pub fn of_milestone(milestone: Milestone) -> Self {
        match milestone {
            Milestone::CourierAssigned => Self::CourierAssigned,
            Milestone::OnTheWayToUs => Self::OnTheWayToUs,
            Milestone::PickedUp => Self::PickedUp,
            Milestone::AtTheDoor => Self::AtTheDoor,
            Milestone::Delayed => Self::Delayed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What is filled into a text.
    fn filled(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn no_word_lacks_a_language_and_all_languages_fill_in_the_same() {
        /// Words that are the same in two languages and are no oversight.
        const ALIKE: [&str; 4] = ["Service", "Destination", "Problem:", "Code"];
        for word in Word::ALL {
            let english = word.of(Language::En);
            for language in Language::ALL {
                let text = word.of(language);
                assert!(!text.trim().is_empty() && text.trim() == text, "{word:?} in {language:?}");
                assert_eq!(filled(text), filled(english), "{word:?} in {language:?}");
                let is_translated = language == Language::En || text != english || ALIKE.contains(&text);
                assert!(is_translated, "{word:?} is English in {language:?}");
            }
        }
    }

    #[test]
    fn sentences_end_in_every_language_where_they_end_in_english() {
        let end = |text: &str| text.chars().last().filter(|last| matches!(last, '.' | ':'));
        for word in Word::ALL {
            for language in Language::ALL {
                assert_eq!(end(word.of(language)), end(word.of(Language::En)), "{word:?} in {language:?}");
            }
        }
    }

    #[test]
    fn every_status_has_a_name_of_its_own_in_every_language() {
        for language in Language::ALL {
            let names: BTreeSet<_> =
                TrackingStatus::ALL.into_iter().map(|status| Word::of_status(status).of(language)).collect();
            assert_eq!(names.len(), TrackingStatus::ALL.len(), "{language:?}");
        }
    }
}
