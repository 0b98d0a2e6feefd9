//! The pictures of the pages: line drawings in a square of 48, in the colour of the text around them.

use askama::Template;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(path = "picture.html")]
pub(super) enum Picture {
    Question,
    Label,
    Parcel,
    Van,
    Shop,
    House,
    Exclamation,
    TurnBack,
    Search,
    Cross,
}

impl Picture {
    /// What a person who does not see it is told.
    pub(super) fn alternative(self) -> &'static str {
        match self {
            Self::Question => "A question mark",
            Self::Label => "A shipping label",
            Self::Parcel => "A parcel",
            Self::Van => "A delivery van",
            Self::Shop => "A shop",
            Self::House => "A house with a tick",
            Self::Exclamation => "A warning sign",
            Self::TurnBack => "An arrow turning back",
            Self::Search => "A magnifying glass",
            Self::Cross => "A cross",
        }
    }
}
