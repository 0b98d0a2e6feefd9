//! Pages: every list is walked by `after`, and `limit` says how many entries a page has.

use std::str::FromStr;

use domain::Error;
use serde::Serialize;

use crate::dialect::Parameters;

/// Entries of a page when nobody says.
const USUAL: usize = 50;

/// The most entries of a page.
const MOST: usize = 200;

/// One page of a list.
#[derive(Serialize)]
pub(super) struct Page<T> {
    data: Vec<T>,
    /// Hand back as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<T, E> Page<Result<T, E>> {
    /// A page of entries that could all be written.
    pub(super) fn transposed(self) -> Result<Page<T>, E> {
        Ok(Page { data: self.data.into_iter().collect::<Result<_, _>>()?, next: self.next })
    }
}

/// Which page is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paging<P> {
    /// Behind this place.
    pub(super) after: Option<P>,
    limit: usize,
}

impl<P> Paging<P> {
    /// Reads `after` by `place`, which says what a page's `next` was made of, and `limit`.
    pub(super) fn read(parameters: &Parameters, place: impl Fn(&str) -> Option<P>) -> Result<Self, Error> {
        let after = parameters.value("after").filter(|text| !text.is_empty()).map(|text| {
            let shown: String = text.chars().take(80).collect();
            place(text).ok_or_else(|| Error::invalid("after", format!("{shown:?} was never given out as next")))
        });
        Ok(Self { after: after.transpose()?, limit: limit(parameters, USUAL, MOST)? })
    }

    /// How many entries are to be read: one more than are shown tells whether there is a next page.
    pub(super) fn wanted(&self) -> usize {
        self.limit + 1
    }

    /// A page of what was read.
    pub(super) fn page<T, V>(
        &self,
        mut found: Vec<T>,
        place: impl FnOnce(&T) -> String,
        view: impl FnMut(T) -> V,
    ) -> Page<V> {
        let has_more = found.len() > self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| has_more).map(place);
        Page { data: found.into_iter().map(view).collect(), next }
    }
}

/// How many entries a page has.
pub(super) fn limit(parameters: &Parameters, usual: usize, most: usize) -> Result<usize, Error> {
    let Some(typed) = parameters.value("limit").filter(|text| !text.is_empty()) else { return Ok(usual) };
    let read = typed.parse().ok().filter(|count| (1..=most).contains(count));
    let shown: String = typed.chars().take(80).collect();
    read.ok_or_else(|| Error::invalid("limit", format!("{shown:?} is no page size: expected 1 to {most}")))
}

/// A filter that is read like the type it stands for; `expected` says what that is.
pub(super) fn filter<T: FromStr>(parameters: &Parameters, name: &str, expected: &str) -> Result<Option<T>, Error> {
    let Some(typed) = parameters.value(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let shown: String = typed.chars().take(80).collect();
    let unfit = || Error::invalid(name, format!("{shown:?}: expected {expected}"));
    typed.parse().map(Some).map_err(|_| unfit())
}

/// What is expected of a filter by time.
pub(super) const AN_INSTANT: &str = "an instant such as 2026-11-27T08:00:00Z";

/// A filter by one of a few words.
pub(super) fn one_of<T: Copy>(
    parameters: &Parameters,
    name: &str,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Error> {
    let Some(typed) = parameters.value(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let shown: String = typed.chars().take(80).collect();
    let known = all.iter().copied().find(|one| word(*one) == typed);
    let words = || all.iter().map(|one| word(*one)).collect::<Vec<_>>().join(", ");
    known.map(Some).ok_or_else(|| Error::invalid(name, format!("{shown:?}: expected one of {}", words())))
}

/// A filter that is taken as it is. A null character stands in no text that is stored.
pub(super) fn word(parameters: &Parameters, name: &str) -> Result<Option<String>, Error> {
    match parameters.value(name).filter(|text| !text.is_empty()) {
        Some(text) if text.contains('\0') => Err(Error::invalid(name, "a null character, expected text without one")),
        text => Ok(text.map(str::to_owned)),
    }
}
