//! Drawing labels alone, without a server.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use documents::{FallbackFont, Options};
use domain::address::Address;
use domain::document::{Dpi, Format, LabelContent, Matrix};
use domain::measure::Weight;

use crate::Bench;
use crate::table::{Budget, Line, Table};

/// A font with Chinese letters, where Debian's `fonts-droid-fallback` puts it.
const FALLBACK: &str = "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf";

fn address(parts: [&str; 5]) -> Address {
    let [name, street, postal_code, city, country] = parts.map(|part| Some(part.to_owned()));
    Address { name, street1: street, postal_code, city, country, ..Address::default() }
}

fn content() -> anyhow::Result<LabelContent> {
    Ok(LabelContent {
        carrier: "House Parcel".into(),
        service: "Standard".into(),
        sender: address(["Bench GmbH", "Havenweg 1", "5347AB", "Oss", "NL"]),
        return_to: None,
        recipient: address(["Jürgen Straßenmüller", "Grünberger Straße 48a", "10245", "Berlin", "DE"]),
        routing_code: Some("NL-1".into()),
        weight: Weight::from_milligrams(2_450_000).context("a weight")?,
        parcel_number: 1,
        parcel_count: 1,
        reference: Some("W-4711".into()),
        tracking_number: "HP0012345678".into(),
        sscc: domain::gs1::sscc("4012345", 4711),
        matrix: Matrix::Qr("https://track.example.com/t/HP0012345678".into()),
        collect: None,
        is_test: false,
    })
}

/// The best of several runs, in milliseconds a label, and the size in kilobytes.
fn time(content: &LabelContent, format: Format, options: &Options, count: u32) -> anyhow::Result<(f64, f64)> {
    let mut best = f64::MAX;
    let size = documents::label(content, format, options)?.bytes.len() as f64 / 1e3;
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..count {
            black_box(documents::label(black_box(content), format, options)?);
        }
        best = best.min(began.elapsed().as_secs_f64() * 1e3 / f64::from(count));
    }
    Ok((best, size))
}

pub(crate) fn measure(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let count = if bench.quick { 50 } else { 300 };
    let latin = content()?;
    let chinese = LabelContent {
        recipient: address(["王小明", "南京东路 100 号", "200001", "上海", "CN"]),
        ..latin.clone()
    };
    let plain = Options::default();
    let font = std::fs::read(FALLBACK).ok().map(FallbackFont::from_bytes).transpose()?;
    let mut lines = vec![
        ("label drawn, PDF, Latin", &latin, Format::default(), plain.clone(), 0.2, Some(45.0)),
        ("label drawn, ZPL", &latin, Format::Zpl(Dpi::D203), plain.clone(), 0.05, None),
    ];
    if let Some(font) = font {
        let options = Options { fallback_font: Some(Arc::new(font)), ..Options::default() };
        lines.push(("label drawn, PDF, Chinese", &chinese, Format::default(), options, 1.0, None));
    } else {
        eprintln!("bench: no {FALLBACK}, so the other script is left out");
    }
    for (path, content, format, options, budget, most) in lines {
        let (took, size) = time(content, format, &options, count)?;
        let line = |path: String, measured, unit, budget| Line {
            path,
            engine: "-",
            floor: None,
            measured,
            unit,
            budget,
            share: None,
        };
        table.add(line(path.to_owned(), took, "ms", Budget::Below(budget)));
        table.add(line(format!("{path}, size"), size, "kB", most.map_or(Budget::None, Budget::Below)));
    }

    let many: Vec<_> = (0..if bench.quick { 1_000 } else { 10_000 })
        .map(|n| LabelContent { tracking_number: format!("HP{n:010}"), ..latin.clone() })
        .collect();
    let began = Instant::now();
    for content in &many {
        black_box(documents::label(content, Format::default(), &plain)?);
    }
    let one_by_one = began.elapsed().as_secs_f64();
    let began = Instant::now();
    black_box(documents::labels(&many, Format::default(), &plain)?);
    table.add(Line {
        path: format!("{} labels in one PDF", many.len()),
        engine: "-",
        floor: Some(one_by_one),
        measured: began.elapsed().as_secs_f64(),
        unit: "s",
        budget: Budget::AtMost(1.5),
        share: None,
    });
    Ok(())
}
