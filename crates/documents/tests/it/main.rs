//! Labels and papers as other programs see them: poppler, qpdf, zbar and rxing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod codes;
mod files;
mod merged;
mod papers;
mod printer;
mod resolutions;
mod samples;
mod text;
mod tools;
