//! Charts: bars drawn here as SVG that fills its place, with each name and number as text beside it.

use askama::Template;

/// The most marks of one chart.
pub(super) const MOST: usize = 12;

/// A count: how long its mark is in hundredths of the longest, and what it says.
pub(super) struct Column {
    share: usize,
    name: String,
    count: usize,
}

/// Counts beside each other where there is room, below each other elsewhere.
#[derive(Template)]
#[template(path = "columns.html")]
pub(super) struct Columns {
    columns: Vec<Column>,
}

impl Columns {
    /// A mark for each name and count.
    pub(super) fn new(counts: Vec<(String, usize)>) -> Self {
        let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
        let columns =
            counts.into_iter().map(|(name, count)| Column { share: (count * 100).div_ceil(most), name, count });
        Self { columns: columns.collect() }
    }

    /// Whether there is nothing to show.
    pub(super) fn is_empty(&self) -> bool {
        self.columns.iter().all(|column| column.count == 0)
    }
}

/// A bar: how long it is in thousandths of the longest, and what it says.
pub(super) struct Bar {
    share: usize,
    name: String,
    value: String,
}

/// Values below each other.
#[derive(Template)]
#[template(path = "bars.html")]
pub(super) struct Bars {
    bars: Vec<Bar>,
}

impl Bars {
    /// A bar for each name, value and value in words; the first [`MOST`] of them.
    pub(super) fn new(values: Vec<(String, f64, String)>) -> Self {
        let most = values.iter().map(|(_, value, _)| *value).fold(0.0, f64::max);
        let share = |value: f64| if most > 0.0 { (value / most * 1000.0).round().max(5.0) as usize } else { 5 };
        let bars = values.into_iter().take(MOST);
        Self { bars: bars.map(|(name, value, words)| Bar { share: share(value), name, value: words }).collect() }
    }

    /// Whether there is nothing to show.
    pub(super) fn is_empty(&self) -> bool {
        self.bars.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_column_fills_the_field_and_none_stands_for_nothing() {
        let drawn = Columns::new(vec![("1 Mar".to_owned(), 1), ("2 Mar".to_owned(), 0), ("3 Mar".to_owned(), 9999)]);
        let shares: Vec<_> = drawn.columns.iter().map(|column| (column.share, column.count)).collect();
        assert_eq!(shares, [(1, 1), (0, 0), (100, 9999)]);
        assert!(Columns::new(vec![("x".to_owned(), 0)]).is_empty() && Columns::new(Vec::new()).is_empty());
    }

    #[test]
    fn names_are_written_safely() {
        let drawn = Bars::new(vec![("<b>&".to_owned(), 1.0, "1".to_owned())]).render().unwrap();
        assert!(drawn.contains("&#60;b&#62;&#38;"), "{drawn}");
    }
}
