//! The table at the end: a line a path and engine.

/// Whether a larger or a smaller ratio is the better one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Budget {
    /// Measured must be at least this many times the floor.
    AtLeast(f64),
    /// Measured must be at most this many times the floor.
    AtMost(f64),
    /// Measured itself must be at most this, in its own unit.
    Below(f64),
    /// Measured itself must be at least this, in its own unit.
    Above(f64),
    /// Told for comparison.
    None,
}

/// One figure.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// What was done.
    pub(crate) path: String,
    /// Where: `sqlite`, `postgres` or `-`.
    pub(crate) engine: &'static str,
    /// The floor's figure, if there is one.
    pub(crate) floor: Option<f64>,
    /// Waybill's figure.
    pub(crate) measured: f64,
    /// The unit of both.
    pub(crate) unit: &'static str,
    /// What is promised.
    pub(crate) budget: Budget,
    /// The load generator's part of the processor time that it and the server used together.
    pub(crate) share: Option<f64>,
}

/// All figures.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Line>);

fn figure(number: f64) -> String {
    match number {
        number if number >= 100.0 => format!("{number:.0}"),
        number if number >= 10.0 => format!("{number:.1}"),
        number => format!("{number:.3}"),
    }
}

impl Line {
    fn cells(&self) -> [String; 8] {
        let ratio = self.floor.map(|floor| self.measured / floor);
        let (budget, is_met) = match self.budget {
            Budget::AtLeast(least) => (format!(">= {least} x"), ratio.map(|ratio| ratio >= least)),
            Budget::AtMost(most) => (format!("<= {most} x"), ratio.map(|ratio| ratio <= most)),
            Budget::Below(most) => (format!("<= {most} {}", self.unit), Some(self.measured <= most)),
            Budget::Above(least) => (format!(">= {} {}", figure(least), self.unit), Some(self.measured >= least)),
            Budget::None => ("-".to_owned(), None),
        };
        let with_unit = |number: f64| format!("{} {}", figure(number), self.unit);
        [
            self.path.clone(),
            self.engine.to_owned(),
            self.floor.map_or_else(|| "-".to_owned(), with_unit),
            with_unit(self.measured),
            ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
            budget,
            is_met.map_or("-", |is_met| if is_met { "met" } else { "NOT MET" }).to_owned(),
            self.share.map_or_else(|| "-".to_owned(), |share| format!("{:.0} %", share * 100.0)),
        ]
    }
}

impl Table {
    /// Adds a figure and says it at once.
    pub(crate) fn add(&mut self, line: Line) {
        eprintln!("bench:   {}", line.cells().join(" | "));
        self.0.push(line);
    }

    /// Prints every figure, aligned.
    pub(crate) fn print(&self) {
        let head = ["path", "engine", "floor", "measured", "ratio", "budget", "met", "client CPU"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(head).chain(self.0.iter().map(Line::cells)).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<_> = (0..8).map(width).collect();
        for row in &rows {
            let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            println!("{}", cells.join("  ").trim_end());
        }
    }
}

/// The value below which `part` of the samples lie; the samples are sorted on the way.
pub(crate) fn percentile(samples: &mut [f64], part: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    let last = samples.len().saturating_sub(1);
    samples.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
}
