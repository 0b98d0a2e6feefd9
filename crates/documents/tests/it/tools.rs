//! The programs that judge our files.

use std::path::PathBuf;
use std::process::Command;

/// A folder for one test's files.
pub fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Writes a file and returns its path.
pub fn save(test: &str, name: &str, bytes: &[u8]) -> String {
    let path = folder(test).join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs a program of a Debian package and returns what it prints; it must succeed.
pub fn run(package: &str, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program} does not run ({error}): install the Debian package {package}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {text}{complaint}");
    text
}

/// What zbar reads in a picture: `CODE-128:…` and `QR-Code:…`, sorted.
pub fn scan(picture: &str) -> Vec<String> {
    let text = run("zbar-tools", "zbarimg", &["--quiet", "--nodbus", picture]);
    let mut codes: Vec<_> = text.lines().map(str::to_owned).collect();
    codes.sort();
    codes
}

/// The pages of a PDF as pictures at 300 dpi.
pub fn render(test: &str, name: &str, pdf: &[u8]) -> Vec<String> {
    let file = save(test, &format!("{name}.pdf"), pdf);
    let prefix = file.trim_end_matches(".pdf");
    let pages = || {
        let files = std::fs::read_dir(folder(test)).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "png"));
        let mut files: Vec<_> = files.map(|path| path.to_str().unwrap().to_owned()).collect();
        files.retain(|path| path.starts_with(&format!("{prefix}-")));
        files.sort();
        files
    };
    // Those of an earlier run.
    for page in pages() {
        std::fs::remove_file(page).unwrap();
    }
    run("poppler-utils", "pdftoppm", &["-r", "300", "-png", &file, prefix]);
    pages()
}

/// The text of a PDF.
pub fn text(test: &str, name: &str, pdf: &[u8]) -> String {
    let file = save(test, name, pdf);
    run("poppler-utils", "pdftotext", &["-layout", &file, "-"])
}

/// What rxing reads in a PNG: the text of its DataMatrix.
pub fn data_matrix(picture: &str) -> String {
    let file = std::fs::File::open(picture).unwrap();
    let mut decoder = png::Decoder::new(std::io::BufReader::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut luma = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut luma).unwrap();
    // One byte a dot, of however many.
    let luma: Vec<u8> = luma.into_iter().step_by(info.color_type.samples()).collect();
    let kind = Some(rxing::BarcodeFormat::DATA_MATRIX);
    // As a hand-held scanner sees it: only the white square where the code stands.
    let part = |length: u32, from: u32, to: u32| length * from / 1000..length * to / 1000;
    let (columns, rows) = (part(info.width, 670, 965), part(info.height, 468, 665));
    let (wide, high) = (columns.len() as u32, rows.len() as u32);
    let row = |y: u32| (y * info.width + columns.start) as usize..(y * info.width + columns.end) as usize;
    let part: Vec<u8> = rows.flat_map(|y| luma[row(y)].to_vec()).collect();
    let read = rxing::helpers::detect_in_luma(part, wide, high, kind);
    read.unwrap_or_else(|error| panic!("{picture}: {error}")).getText().to_owned()
}
