//! Pages of other files: copied with what they need, their objects renumbered. Nothing is drawn anew.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_write::hayro_syntax::Pdf as Read;
use hayro_write::{ExtractionQuery, extract};

use super::{Document, PAGES, SETTINGS};

/// Pages of one file at most: a label has one or two.
const MOST_PAGES: usize = 100;

impl Document<'_> {
    /// Takes over every page of another PDF; why not, when it cannot be read.
    pub(crate) fn import(&mut self, file: &[u8]) -> Result<(), String> {
        self.end_page();
        let mut next = self.next;
        // A file from elsewhere that nobody foresaw must not take the others with it.
        let copied = catch_unwind(AssertUnwindSafe(|| {
            let read = Read::new(file.to_vec()).map_err(|_| "it is no PDF, or it is encrypted".to_owned())?;
            let count = read.pages().len();
            if count == 0 || count > MOST_PAGES {
                return Err(format!("it has {count} pages: expected are 1 to {MOST_PAGES}"));
            }
            let pages: Vec<_> = (0..count).map(ExtractionQuery::new_page).collect();
            let found = extract(&read, Box::new(|| next.bump()), SETTINGS, &pages);
            let found = found.map_err(|_| "its pages cannot be read".to_owned())?;
            let refs: Result<Vec<_>, _> = found.root_refs.iter().copied().collect();
            let refs = refs.map_err(|_| "one of its pages cannot be read".to_owned())?;
            Ok((found.page_tree_parent_ref, refs, found.chunk))
        }));
        let copied = copied.unwrap_or_else(|_| Err("it is damaged".to_owned()));
        let (node, pages, objects) = copied?;
        self.next = next;
        self.pdf.extend(&objects);
        let count = pages.len() as i32;
        self.pdf.pages(node).parent(PAGES).count(count).kids(pages);
        self.kids.push(node);
        self.count += count;
        Ok(())
    }
}
