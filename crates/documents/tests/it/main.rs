//! Labels and papers as other programs see them: poppler, qpdf, zbar and rxing.

mod codes;
mod files;
mod samples;
mod text;
mod tools;
