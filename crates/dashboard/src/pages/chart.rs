//! Charts: drawn here as SVG, with the numbers in words beside each mark.

use askama::Template;

/// The most marks of one chart.
const MOST: usize = 12;

/// A column: where it stands, how high it is, and what it says.
pub(super) struct Column {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    name: String,
    count: usize,
    is_named: bool,
}

/// Counts beside each other.
#[derive(Template)]
#[template(path = "columns.svg", escape = "html")]
pub(super) struct Columns {
    columns: Vec<Column>,
}

/// The width of every picture, in its units.
const WIDTH: usize = 480;
/// The height of the columns' field.
const FIELD: usize = 120;

impl Columns {
    /// A column for each name and count.
    pub(super) fn new(counts: Vec<(String, usize)>) -> Self {
        let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
        let step = (WIDTH / counts.len().max(1)).min(60);
        let every = if counts.len() > 8 { 2 } else { 1 };
        let total = counts.len();
        let columns = counts.into_iter().enumerate().map(|(place, (name, count))| {
            let height = (count * FIELD).div_ceil(most);
            Column {
                x: place * step + step / 8,
                y: 20 + FIELD - height,
                width: step * 3 / 4,
                height,
                name,
                count,
                is_named: (total - 1 - place).is_multiple_of(every),
            }
        });
        Self { columns: columns.collect() }
    }

    /// Whether there is nothing to show.
    pub(super) fn is_empty(&self) -> bool {
        self.columns.iter().all(|column| column.count == 0)
    }
}

/// A bar.
pub(super) struct Bar {
    y: usize,
    width: usize,
    name: String,
    value: String,
}

/// Values below each other.
#[derive(Template)]
#[template(path = "bars.svg", escape = "html")]
pub(super) struct Bars {
    bars: Vec<Bar>,
    height: usize,
}

impl Bars {
    /// A bar for each name, value and value in words; the first [`MOST`] of them.
    pub(super) fn new(values: Vec<(String, f64, String)>) -> Self {
        let most = values.iter().map(|(_, value, _)| *value).fold(0.0, f64::max);
        let bars: Vec<_> = values
            .into_iter()
            .take(MOST)
            .enumerate()
            .map(|(place, (name, value, words))| Bar {
                y: place * 44,
                width: if most > 0.0 { ((value / most) * WIDTH as f64).round().max(2.0) as usize } else { 2 },
                name,
                value: words,
            })
            .collect();
        Self { height: (bars.len() * 44).max(1), bars }
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
        let drawn = Columns::new(vec![("1.3.".to_owned(), 2), ("2.3.".to_owned(), 0), ("3.3.".to_owned(), 4)]);
        let heights: Vec<_> = drawn.columns.iter().map(|column| (column.y, column.height)).collect();
        assert_eq!(heights, [(80, 60), (140, 0), (20, 120)]);
        assert!(Columns::new(vec![("x".to_owned(), 0)]).is_empty() && Columns::new(Vec::new()).is_empty());
    }

    #[test]
    fn names_are_written_safely() {
        let drawn = Bars::new(vec![("<b>&".to_owned(), 1.0, "1".to_owned())]).render().unwrap();
        assert!(drawn.contains("&#60;b&#62;&#38;"), "{drawn}");
    }
}
