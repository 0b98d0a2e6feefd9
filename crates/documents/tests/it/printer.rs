//! A printer: what our ZPL becomes, dot for dot. Text in the printer's own font is left out.

use rxing::oned::{Code128Writer, OneDimensionalCodeWriter};
use rxing::qrcode::QRCodeWriter;
use rxing::{BarcodeFormat, EncodeHints, Writer};

use crate::tools::Picture;

/// Prints one label on white paper.
pub fn print(zpl: &str) -> Picture {
    let number = |name: &str| {
        let rest = zpl.split_once(name).unwrap().1;
        rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap()].parse::<usize>().unwrap()
    };
    let (width, height) = (number("^PW"), number("^LL"));
    let mut paper = Picture { width, height, luma: vec![255; width * height] };
    for field in zpl.lines().filter(|line| line.starts_with("^FO")) {
        let commands: Vec<&str> = field.split('^').skip(1).collect();
        let parameters = |name: &str| {
            let command = commands.iter().find_map(|command| command.strip_prefix(name));
            command.map(|text| text.split(',').map(|part| part.parse().unwrap_or(0)).collect::<Vec<usize>>())
        };
        let [x, y] = parameters("FO").unwrap()[..] else { panic!("{field}") };
        let data = commands.iter().find_map(|command| command.strip_prefix("FD")).unwrap_or_default();
        if let Some(sides) = parameters("GB") {
            let luma = if field.contains(",W^FS") { 255 } else { 0 };
            assert!(sides[2] == sides[0].min(sides[1]), "a frame, no box: {field}");
            paper.fill(x, y, sides[0], sides[1], luma);
        } else if let (Some(bars), Some(module)) = (parameters("BCN,"), parameters("BY")) {
            assert!((1..=10).contains(&module[0]), "{field}");
            for (place, dark) in Code128Writer.encode_oned(&expand(data)).unwrap().into_iter().enumerate() {
                if dark {
                    paper.fill(x + place * module[0], y, module[0], bars[0], 0);
                }
            }
        } else if let Some(code) = parameters("BQN,") {
            assert!((1..=10).contains(&code[1]), "{field}");
            let hints =
                EncodeHints { Margin: Some("0".into()), ErrorCorrection: Some("M".into()), ..EncodeHints::default() };
            let text = data.strip_prefix("MA,").unwrap();
            let code_of = |text| QRCodeWriter.encode_with_hints(text, &BarcodeFormat::QR_CODE, 0, 0, &hints).unwrap();
            let (modules, y) = (code_of(text), y + parameters("BY").unwrap()[2]);
            for (column, row) in (0..modules.width()).flat_map(|x| (0..modules.height()).map(move |y| (x, y))) {
                if modules.get(column, row) {
                    paper.fill(x + column as usize * code[1], y + row as usize * code[1], code[1], code[1], 0);
                }
            }
        } else if let Some(graphic) = commands.iter().find_map(|command| command.strip_prefix("GFA,")) {
            unpack(&mut paper, x, y, graphic);
        } else {
            panic!("no field of ours: {field}");
        }
    }
    paper
}

/// Field data of `^BC` as what is encoded.
fn expand(data: &str) -> String {
    let data = data.replace(">8", "\u{f1}");
    [">;", ">:", ">5", ">6"].iter().fold(data, |data, start| data.replace(start, ""))
}

fn unpack(paper: &mut Picture, left: usize, top: usize, graphic: &str) {
    let parts: Vec<&str> = graphic.splitn(4, ',').collect();
    let (total, stride): (usize, usize) = (parts[1].parse().unwrap(), parts[2].parse().unwrap());
    assert!(total <= 99_999, "{total} bytes in one picture");
    let (mut row, mut above, mut y, mut count) = (Vec::new(), Vec::new(), top, 0);
    for c in parts[3].chars() {
        match c {
            ':' => row.clone_from(&above),
            ',' => row.resize(2 * stride, 0),
            'G'..='Y' => count += c as usize - 'F' as usize,
            'g'..='z' => count += (c as usize - 'f' as usize) * 20,
            digit => {
                row.resize(row.len() + count.max(1), digit.to_digit(16).unwrap());
                count = 0;
            }
        }
        if row.len() == 2 * stride {
            for (place, digit) in row.iter().enumerate() {
                (0..4).filter(|bit| digit & (8 >> bit) != 0).for_each(|bit| {
                    paper.fill(left + place * 4 + bit, y, 1, 1, 0);
                });
            }
            above = std::mem::take(&mut row);
            y += 1;
        }
    }
    assert_eq!(y - top, total / stride, "rows");
}
