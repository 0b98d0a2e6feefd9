//! Reading fields: typed values out of a JSON tree, every problem collected with its path.
//!
//! A decode function reads like a table of fields:
//!
//! ```ignore
//! fn address(node: Node<'_>) -> Option<Address> {
//!     let fields = node.fields()?;
//!     Some(Address { city: fields.needed("city", text(1, 100)), phone: fields.optional("phone", text(0, 50)), .. })
//! }
//! ```
//!
//! A reader that finds a fault notes it and returns `None`; reading goes on beside it. What was decoded may be used
//! only when [`Notes::flaws`] is empty. A fault says what is wrong in no dialect's words; each dialect words it in its
//! `error.rs`.

use std::cell::RefCell;
use std::fmt::Write;

pub use super::wording::wording;

use super::Json;
pub use super::values::{
    boolean, choice, currency, decimal, email, free, free_object, integer, not_negative, one_of, one_of_any_case,
    positive, text, time, url,
};

/// At most this many flaws are noted; more would only be a larger answer.
const MOST_FLAWS: usize = 1_000;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To an object's member.
    Key(String),
    /// To a list's element, from 0.
    Index(usize),
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It must be there and is not.
    Missing,
    /// It is there and must not be.
    Forbidden,
    /// Not text.
    NotText,
    /// Not an object.
    NotObject,
    /// Not a list.
    NotList,
    /// Neither a whole number nor text.
    NotInteger,
    /// Text that is no whole number.
    NotIntegerText,
    /// A number with a fraction where a whole one is expected.
    Fraction,
    /// Neither a number nor text.
    NotNumber,
    /// Text that is no number.
    NotNumberText,
    /// More digits than are kept exactly (28), before or behind the point.
    TooManyDigits,
    /// Neither true nor false nor text.
    NotBool,
    /// Text that means neither true nor false.
    NotBoolText,
    /// Not a date and time in text.
    NotTime,
    /// Text that is no date and time, and why.
    NotTimeText(&'static str),
    /// Text with fewer characters than this.
    TooShort(usize),
    /// Text with more characters than this.
    TooLong(usize),
    /// A list with fewer elements than the first number; the second is how many came.
    TooFew(usize, usize),
    /// A list with more elements than the first number; the second is how many came.
    TooMany(usize, usize),
    /// A number that must be greater than this.
    NotAbove(i64),
    /// A number below the least.
    BelowLeast(i64),
    /// A number above the most.
    AboveMost(i64),
    /// None of the allowed words.
    NotOneOf(Vec<&'static str>),
    /// None of the allowed numbers.
    NotOneOfNumbers(&'static [i64]),
    /// Not a URL.
    NotUrl,
    /// Not an e-mail address, and why.
    NotEmail(&'static str),
    /// Three characters that are no currency.
    NotCurrency,
    /// The character U+0000, which cannot be stored.
    Nul,
    /// Anything else, in the dialect's own words.
    Other(String),
}

/// A fault and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// From the root to the value.
    pub path: Vec<Step>,
    /// What is wrong.
    pub fault: Fault,
}

impl Flaw {
    /// The path with `/` between its steps: `0/order_details/order_items/2/quantity`.
    pub fn path_text(&self) -> String {
        let mut text = String::new();
        for step in &self.path {
            if !text.is_empty() {
                text.push('/');
            }
            let _ = match step {
                Step::Key(name) => write!(text, "{name}"),
                Step::Index(index) => write!(text, "{index}"),
            };
        }
        text
    }
}

/// What a dialect forgives.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leniency {
    /// `[]` counts as an empty object, which is how PHP writes one.
    pub empty_list_is_object: bool,
    /// `""` in an optional field counts as absent.
    pub empty_text_is_absent: bool,
}

/// What was noted while reading.
#[derive(Debug, Default)]
pub struct Notes {
    leniency: Leniency,
    flaws: RefCell<Vec<Flaw>>,
    nulls: RefCell<Vec<Vec<Step>>>,
    empties: RefCell<Vec<Vec<Step>>>,
}

impl Notes {
    /// Nothing noted yet.
    pub fn new(leniency: Leniency) -> Self {
        Self { leniency, ..Self::default() }
    }

    /// The tree's root.
    pub fn root<'n>(&'n self, json: &'n Json<'n>) -> Node<'n> {
        Node { json, trail: None, notes: self }
    }

    /// Every flaw, in the order found.
    pub fn flaws(self) -> Vec<Flaw> {
        self.flaws.into_inner()
    }

    /// Whether nothing was wrong so far.
    pub fn is_clean(&self) -> bool {
        self.flaws.borrow().is_empty()
    }
}

/// The way back to the root; lives on the stack, so that a path costs nothing until it is needed.
#[derive(Clone, Copy)]
struct Trail<'n> {
    above: Option<&'n Trail<'n>>,
    step: Place<'n>,
}

#[derive(Clone, Copy)]
enum Place<'n> {
    Key(&'n str),
    Index(usize),
}

fn path_of(trail: Option<&Trail<'_>>) -> Vec<Step> {
    let mut path: Vec<Step> = std::iter::successors(trail, |trail| trail.above)
        .map(|trail| match trail.step {
            Place::Key(name) => Step::Key(name.to_owned()),
            Place::Index(index) => Step::Index(index),
        })
        .collect();
    path.reverse();
    path
}

/// A value and where it stands.
#[derive(Clone, Copy)]
pub struct Node<'n> {
    json: &'n Json<'n>,
    trail: Option<&'n Trail<'n>>,
    notes: &'n Notes,
}

impl<'n> Node<'n> {
    /// The value itself.
    pub fn json(self) -> &'n Json<'n> {
        self.json
    }

    /// Notes a fault of this value.
    pub fn fault<T>(self, fault: Fault) -> Option<T> {
        let mut flaws = self.notes.flaws.borrow_mut();
        if flaws.len() < MOST_FLAWS {
            flaws.push(Flaw { path: path_of(self.trail), fault });
        }
        None
    }

    /// Remembers that this object was sent, for a canonical form that cannot say so.
    pub fn remember(self) {
        self.notes.empties.borrow_mut().push(path_of(self.trail));
    }

    /// The paths of optional fields that were null and of objects that were to be remembered, since the last call.
    pub fn take_remembered(self) -> (Vec<Vec<Step>>, Vec<Vec<Step>>) {
        (self.notes.nulls.take(), self.notes.empties.take())
    }

    /// The members, if it is an object.
    pub fn fields(self) -> Option<Fields<'n>> {
        match self.json {
            Json::Object(members) => Some(Fields { node: self, members }),
            Json::List(list) if list.is_empty() && self.notes.leniency.empty_list_is_object => {
                Some(Fields { node: self, members: &[] })
            }
            _ => self.fault(Fault::NotObject),
        }
    }

    /// The elements, if it is a list of at most `most`; a bad element is noted and left out.
    pub fn list<T>(self, most: usize, read: impl Fn(Node<'_>) -> Option<T>) -> Option<Vec<T>> {
        let Json::List(list) = self.json else {
            return self.fault(Fault::NotList);
        };
        if list.len() > most {
            return self.fault(Fault::TooMany(most, list.len()));
        }
        Some(list.iter().enumerate().filter_map(|(index, json)| self.element(index, json, &read)).collect())
    }

    /// Reads one element of a list.
    fn element<T>(self, index: usize, json: &Json<'_>, read: impl Fn(Node<'_>) -> Option<T>) -> Option<T> {
        let trail = Trail { above: self.trail, step: Place::Index(index) };
        read(Node { json, trail: Some(&trail), notes: self.notes })
    }

    /// Text that can be stored.
    pub(super) fn plain_text(self) -> Option<&'n str> {
        match self.json {
            Json::Text(text) if text.contains('\0') => self.fault(Fault::Nul),
            Json::Text(text) => Some(text),
            _ => self.fault(Fault::NotText),
        }
    }
}

/// The members of an object.
#[derive(Clone, Copy)]
pub struct Fields<'n> {
    node: Node<'n>,
    members: &'n [(std::borrow::Cow<'n, str>, Json<'n>)],
}

impl<'n> Fields<'n> {
    /// A member's value.
    pub fn get(&self, name: &str) -> Option<&'n Json<'n>> {
        self.members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// The names of its members, as they came.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_ref())
    }

    /// Whether the object has no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether it came as PHP's empty list.
    pub fn is_php_empty(&self) -> bool {
        matches!(self.node.json, Json::List(_))
    }

    /// A member that must be there. Null and empty text are for the reader to judge.
    pub fn needed<T>(&self, name: &str, read: impl FnOnce(Node<'_>) -> Option<T>) -> Option<T> {
        match self.get(name) {
            Some(json) => self.read(name, json, read),
            None => self.fault(name, Fault::Missing),
        }
    }

    /// The same; a default stands in for a value that has been noted as wrong.
    pub fn required<T: Default>(&self, name: &str, read: impl FnOnce(Node<'_>) -> Option<T>) -> T {
        self.needed(name, read).unwrap_or_default()
    }

    /// A member that may be missing. Null counts as missing and is remembered.
    pub fn optional<T>(&self, name: &str, read: impl FnOnce(Node<'_>) -> Option<T>) -> Option<T> {
        match self.get(name)? {
            Json::Null => {
                let trail = Trail { above: self.node.trail, step: Place::Key(name) };
                self.node.notes.nulls.borrow_mut().push(path_of(Some(&trail)));
                None
            }
            Json::Text(text) if text.is_empty() && self.node.notes.leniency.empty_text_is_absent => None,
            json => self.read(name, json, read),
        }
    }

    /// Notes a fault of a member, whether it is there or not.
    pub fn fault<T>(&self, name: &str, fault: Fault) -> Option<T> {
        self.read(name, &Json::Null, |node| node.fault(fault))
    }

    /// Notes every member that is not among `known` as forbidden.
    pub fn only(&self, known: &[&str]) {
        for (name, json) in self.members.iter().filter(|(name, _)| !known.contains(&name.as_ref())) {
            self.read::<()>(name, json, |node| node.fault(Fault::Forbidden));
        }
    }

    fn read<T>(&self, name: &str, json: &Json<'_>, read: impl FnOnce(Node<'_>) -> Option<T>) -> Option<T> {
        let trail = Trail { above: self.node.trail, step: Place::Key(name) };
        read(Node { json, trail: Some(&trail), notes: self.node.notes })
    }
}
