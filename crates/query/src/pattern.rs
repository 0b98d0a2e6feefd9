//! A pattern: a regular expression as MongoDB's PCRE reads it, with a bound on what it may cost.

use std::fmt;
use std::sync::Arc;

use fancy_regex::{Regex, RegexBuilder};

use crate::error::Error;

/// Letters a pattern may have.
pub const MOST_LETTERS: usize = 1_000;

/// Steps back that one look at one text may take.
const MOST_STEPS: usize = 50_000;

/// Bytes a compiled pattern may take.
const MOST_BYTES: usize = 1 << 20;

/// Ways a pattern is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Letter case aside.
    pub ignores_case: bool,
    /// `^` and `$` stand at every line.
    pub is_multi_line: bool,
    /// The dot takes line ends too. JavaScript's flag `g` arrives at MongoDB as this one.
    pub dot_takes_all: bool,
    /// Blanks and comments are left out of the pattern.
    pub is_extended: bool,
}

impl Flags {
    /// JavaScript's flags; `None` for a letter that is repeated or not one of `i`, `g`, `m`.
    pub fn of_javascript(letters: &str) -> Option<Self> {
        let mut flags = Self::default();
        for letter in letters.chars() {
            let flag = match letter {
                'i' => &mut flags.ignores_case,
                'm' => &mut flags.is_multi_line,
                'g' => &mut flags.dot_takes_all,
                _ => return None,
            };
            if std::mem::replace(flag, true) {
                return None;
            }
        }
        Some(flags)
    }

    /// MongoDB's `$options`: `i`, `m`, `s`, `x`, and `u`, which changes nothing.
    pub fn of_mongodb(letters: &str) -> Option<Self> {
        let mut flags = Self::default();
        for letter in letters.chars() {
            match letter {
                'i' => flags.ignores_case = true,
                'm' => flags.is_multi_line = true,
                's' => flags.dot_takes_all = true,
                'x' => flags.is_extended = true,
                'u' => {}
                _ => return None,
            }
        }
        Some(flags)
    }
}

/// A regular expression, ready to be used.
#[derive(Clone)]
pub struct Pattern(Arc<Compiled>);

struct Compiled {
    source: String,
    flags: Flags,
    regex: Regex,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// Look-around and back-references are allowed. `\d`, `\w` and `\s` mean ASCII, as PCRE has it unless told otherwise.
    /// Fails with [`Error::Pattern`] when it cannot be read or is too large.
    pub fn new(source: &str, flags: Flags) -> Result<Self, Error> {
        let refused = |why: &str| Error::Pattern { pattern: source.to_owned(), why: why.to_owned() };
        if source.chars().count() > MOST_LETTERS {
            return Err(refused(&format!("it has more than {MOST_LETTERS} letters")));
        }
        let translated = translate(source).map_err(|why| refused(&why))?;
        let regex = RegexBuilder::new(&translated)
            .case_insensitive(flags.ignores_case)
            .multi_line(flags.is_multi_line)
            .dot_matches_new_line(flags.dot_takes_all)
            .ignore_whitespace(flags.is_extended)
            .backtrack_limit(MOST_STEPS)
            .delegate_size_limit(MOST_BYTES)
            .delegate_dfa_size_limit(MOST_BYTES)
            .build()
            .map_err(|error| refused(&error.to_string()))?;
        Ok(Self(Arc::new(Compiled { source: source.to_owned(), flags, regex })))
    }

    /// The pattern as written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// How it is read.
    pub fn flags(&self) -> Flags {
        self.0.flags
    }

    /// Whether it is found in a text; fails when that takes too many steps.
    pub fn is_in(&self, text: &str) -> Result<bool, TooManySteps> {
        self.0.regex.is_match(text).map_err(|_| TooManySteps)
    }

    /// The text that whatever matches must begin with, if that is all it takes to know: `^abc` in one letter case.
    pub fn prefix(&self) -> Option<&str> {
        let plain = self.0.source.strip_prefix('^')?;
        let flags = self.0.flags;
        let is_plain = plain.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '_' | '-' | '@'));
        (is_plain && !flags.ignores_case && !flags.is_multi_line && !flags.is_extended).then_some(plain)
    }
}

/// A text on which a pattern took too many steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManySteps;

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self})")
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source && self.0.flags == other.0.flags
    }
}

/// As in JavaScript, with MongoDB's flags: `/^a\/b/i`.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("/")?;
        let mut is_escaped = false;
        for letter in self.0.source.chars() {
            if letter == '/' && !is_escaped {
                f.write_str("\\")?;
            }
            is_escaped = letter == '\\' && !is_escaped;
            write!(f, "{letter}")?;
        }
        f.write_str("/")?;
        let Flags { ignores_case, is_multi_line, dot_takes_all, is_extended } = self.0.flags;
        for (is_on, letter) in [(ignores_case, "i"), (is_multi_line, "m"), (dot_takes_all, "s"), (is_extended, "x")] {
            f.write_str(if is_on { letter } else { "" })?;
        }
        Ok(())
    }
}

/// What `\d` and its kin are called inside and outside of brackets.
fn class(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "[[:digit:]]",
        'D' => "[[:^digit:]]",
        'w' => "[[:word:]]",
        'W' => "[[:^word:]]",
        's' => "[[:space:]]",
        'S' => "[[:^space:]]",
        _ => return None,
    })
}

/// PCRE's text in the words of the engine here. Where the two read the same sign otherwise, the sign is escaped.
fn translate(source: &str) -> Result<String, String> {
    let letters: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len() + 16);
    let mut n = 0;
    while n < letters.len() {
        match letters[n] {
            '\\' => {
                let letter = *letters.get(n + 1).ok_or("it ends with a backslash")?;
                if let Some(class) = class(letter) {
                    out.push_str(class);
                } else {
                    escape(letter, &mut out)?;
                }
                n += 2;
            }
            '[' => n = bracket(&letters, n, &mut out)?,
            '{' => {
                out.push_str(if is_repetition(&letters[n..])? { "{" } else { "\\{" });
                n += 1;
            }
            letter => {
                out.push(letter);
                n += 1;
            }
        }
    }
    Ok(out)
}

fn escape(letter: char, out: &mut String) -> Result<(), String> {
    match letter {
        'v' => out.push_str("[\\n\\x0B\\f\\r\\u{85}\\u{2028}\\u{2029}]"),
        // The engine takes the two for the ends of a word.
        '<' | '>' => out.push(letter),
        'b' | 'B' | 'n' | 'r' | 't' | 'f' | 'x' | 'u' | 'k' | 'p' | 'P' | 'A' | 'z' | 'Z' | 'G' | '1'..='9' => {
            out.push('\\');
            out.push(letter);
        }
        '0' => out.push_str("\\x00"),
        letter if letter.is_ascii_alphanumeric() => return Err(format!("\\{letter} is not known")),
        letter if letter.is_ascii_punctuation() => {
            out.push('\\');
            out.push(letter);
        }
        letter => out.push(letter),
    }
    Ok(())
}

/// Whether a brace begins `{n}`, `{n,}` or `{n,m}`.
fn is_repetition(letters: &[char]) -> Result<bool, String> {
    let Some(end) = letters.iter().take(16).position(|letter| *letter == '}') else { return Ok(false) };
    let inside: String = letters[1..end].iter().collect();
    let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if least.is_empty() || !is_number(least) || !is_number(most) {
        return Ok(false);
    }
    match (least.parse::<u64>(), most.parse::<u64>()) {
        (Ok(least), Ok(most)) if least > most => Err("the numbers in {} are out of order".to_owned()),
        _ => Ok(true),
    }
}

/// Writes the class that begins at `n`, and answers where it ends.
fn bracket(letters: &[char], mut n: usize, out: &mut String) -> Result<usize, String> {
    out.push('[');
    n += 1;
    if letters.get(n) == Some(&'^') {
        out.push('^');
        n += 1;
    }
    let first = n;
    loop {
        let letter = *letters.get(n).ok_or("a bracket is not closed")?;
        match letter {
            ']' if n > first => {
                out.push(']');
                return Ok(n + 1);
            }
            '\\' => {
                let letter = *letters.get(n + 1).ok_or("a bracket is not closed")?;
                if let Some(class) = class(letter) {
                    out.push_str(class);
                } else if letter == 'b' {
                    out.push_str("\\x08");
                } else if letter == '<' || letter == '>' {
                    out.push(letter);
                } else {
                    escape(letter, out)?;
                }
                n += 2;
            }
            '[' if letters.get(n + 1) == Some(&':') && closes_posix(&letters[n + 2..]) => {
                while letters[n] != ']' {
                    out.push(letters[n]);
                    n += 1;
                }
                out.push(']');
                n += 1;
            }
            // Signs that nest, join or take away in the engine here and mean themselves in PCRE.
            '[' | ']' | '&' | '~' => {
                out.push('\\');
                out.push(letter);
                n += 1;
            }
            '-' if out.ends_with('-') => {
                out.push_str("\\-");
                n += 1;
            }
            letter => {
                out.push(letter);
                n += 1;
            }
        }
    }
}

/// Whether `…:]` follows, with letters before it.
fn closes_posix(letters: &[char]) -> bool {
    let end = letters.iter().position(|letter| *letter == ':').unwrap_or(letters.len());
    letters.get(end + 1) == Some(&']')
        && letters[..end].iter().all(|letter| letter.is_ascii_lowercase() || *letter == '^')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(source: &str, flags: &str, text: &str) -> bool {
        let pattern =
            Pattern::new(source, Flags::of_javascript(flags).unwrap()).unwrap_or_else(|error| panic!("{error}"));
        pattern.is_in(text).unwrap()
    }

    #[test]
    fn a_pattern_means_what_it_means_to_pcre() {
        for (source, flags, text, is_found) in [
            ("^06", "", "0612", true),
            ("@GMAIL.com$", "i", "a@gmail.com", true),
            ("^b", "m", "a\nb", true),
            ("^b", "", "a\nb", false),
            ("a.b", "", "a\nb", false),
            ("a.b", "g", "a\nb", true),
            (r"(\w)\1", "", "abba", true),
            (r"(?<=€)\d+", "", "€12", true),
            (r"foo(?!bar)", "", "foobar", false),
            (r"a\/b", "", "a/b", true),
            (r"^\d$", "", "٣", false),
            (r"^[\d]$", "", "3", true),
            (r"^\w$", "", "é", false),
            (r"^[^\w]$", "", "é", true),
            ("a{", "", "a{", true),
            ("^a{2}$", "", "aa", true),
            ("^[a&&b]$", "", "&", true),
            ("^[[a]$", "", "[", true),
            ("^[]a]$", "", "]", true),
            ("^[+--]$", "", ",", true),
            ("^[[:alpha:]]$", "", "x", true),
            (r"^\<b\>$", "", "<b>", true),
            (r"^a\ b$", "", "a b", true),
            ("", "", "", true),
            ("STRASSE", "i", "straße", false),
            ("é", "i", "É", true),
        ] {
            assert_eq!(finds(source, flags, text), is_found, "/{source}/{flags} in {text:?}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_and_what_takes_too_long_is_stopped() {
        for source in ["[", "(", "a{2,1}", "*", "\\", r"\y", "[a-", "(?<=a", r"\Q"] {
            assert!(Pattern::new(source, Flags::default()).is_err(), "{source}");
        }
        assert!(Pattern::new(&"a".repeat(1_001), Flags::default()).is_err());
        assert!(Pattern::new("((((((((((a{100}){100}){100}){100})))))))", Flags::default()).is_err());
        assert_eq!(Flags::of_javascript("ii"), None);
        assert_eq!(Flags::of_javascript("x"), None);
        let hostile = Pattern::new(r"^(a|a)*\1b$", Flags::default()).unwrap();
        assert_eq!(hostile.is_in(&"a".repeat(60)), Err(TooManySteps));
    }

    #[test]
    fn a_plain_beginning_is_known() {
        let prefix = |source, flags| Pattern::new(source, flags).unwrap().prefix().map(str::to_owned);
        assert_eq!(prefix("^dona-ana", Flags::default()).as_deref(), Some("dona-ana"));
        assert_eq!(prefix("dona", Flags::default()), None);
        assert_eq!(prefix("^do.a", Flags::default()), None);
        assert_eq!(prefix("^dona", Flags { ignores_case: true, ..Flags::default() }), None);
    }
}
