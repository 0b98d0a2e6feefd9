//! The pictures of the pages: line drawings in a square of 48, in the colour of the text around them,
//! which says the same: they are hidden from those who listen.

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
