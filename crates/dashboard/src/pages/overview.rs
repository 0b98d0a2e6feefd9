//! The overview: how things go, at a glance, in pictures that the server draws.

use app::App;
use app::overview::{MOST_OF_STAGE, Overview};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::money::Decimal;
use domain::stage::Stage;

use super::chart::{Bars, Columns, MOST};
use super::problem::Refusal;
use crate::answer::desk;
use crate::frame::Frame;
use crate::session::Visit;
use crate::words::{self, Chip};

/// A count that leads to what is counted.
struct Tile {
    count: String,
    chip: Chip,
    path: String,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    tiles: Vec<Tile>,
    orders: Columns,
    labels: Bars,
    costs: Bars,
    days: Columns,
    on_time: Option<(usize, usize, usize)>,
    shipments: usize,
    paused: Vec<String>,
    is_empty: bool,
}

/// Parcels by the days they took; the slowest ones together where there are many.
fn took(days: &[(u32, usize)]) -> Columns {
    let named = |days: u32| match days {
        0 => "same day".to_owned(),
        1 => "1 day".to_owned(),
        _ => format!("{days} days"),
    };
    let (first, rest) = days.split_at(if days.len() > MOST { MOST - 1 } else { days.len() });
    let mut columns: Vec<_> = first.iter().map(|(days, count)| (named(*days), *count)).collect();
    if let Some((fewest, _)) = rest.first() {
        columns.push((format!("{fewest} days or more"), rest.iter().map(|(_, count)| count).sum()));
    }
    Columns::new(columns)
}

/// `GET /ui/overview`.
pub(crate) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let Overview { stages, orders, labels, costs, delivery_days, on_time, shipments } =
        app.overview(&visit.caller).await?;
    let webhooks = app.webhooks(&visit.caller).await?;
    let tiles = stages.iter().filter(|(stage, _)| *stage != Stage::Cancelled).map(|(stage, count)| Tile {
        count: if *count >= MOST_OF_STAGE { format!("{MOST_OF_STAGE}+") } else { count.to_string() },
        chip: if *count == 0 { Chip { tone: "plain", ..words::stage(*stage) } } else { words::stage(*stage) },
        path: format!("/ui/orders?stage={}", stage.as_str()),
    });
    let height = |amount: Decimal| amount.to_string().parse().unwrap_or_default();
    let (kept, promised) = on_time;
    let page = OverviewPage {
        tiles: tiles.collect(),
        is_empty: stages.iter().all(|(_, count)| *count == 0),
        orders: Columns::new(orders.iter().map(|(day, count)| (day.strftime("%-d %b").to_string(), *count)).collect()),
        labels: Bars::new(
            labels.iter().map(|(name, count)| (name.clone(), *count as f64, count.to_string())).collect(),
        ),
        costs: Bars::new(
            costs.iter().map(|(name, money)| (name.clone(), height(money.amount), words::money(money))).collect(),
        ),
        days: took(&delivery_days),
        on_time: (promised > 0).then(|| (kept * 100 / promised, kept, promised)),
        shipments,
        paused: webhooks
            .iter()
            .filter(|view| view.health.paused.is_some())
            .map(|view| view.endpoint.url.clone())
            .collect(),
        frame: visit.frame("Overview", "overview"),
    };
    Ok(desk(StatusCode::OK, &page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_slow_parcels_do_not_make_the_picture_endless() {
        let drawn = |days: u32| took(&(0..days).map(|days| (days, 2)).collect::<Vec<_>>()).render().unwrap();
        assert!(drawn(12).contains(">11 days<") && !drawn(12).contains("or more"));
        let many = drawn(40);
        assert_eq!(many.matches("<li>").count(), MOST);
        assert!(many.contains(">same day<") && many.contains(">1 day<") && many.contains(">11 days or more<"));
        assert!(many.contains(">58<"), "the rest together: {many}");
    }
}
