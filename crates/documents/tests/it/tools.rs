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
    render_at(300, test, name, pdf)
}

/// The pages of a PDF as pictures.
pub fn render_at(dpi: u32, test: &str, name: &str, pdf: &[u8]) -> Vec<String> {
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
    run("poppler-utils", "pdftoppm", &["-r", &dpi.to_string(), "-png", &file, prefix]);
    pages()
}

/// The text of a PDF.
pub fn text(test: &str, name: &str, pdf: &[u8]) -> String {
    let file = save(test, name, pdf);
    run("poppler-utils", "pdftotext", &["-layout", &file, "-"])
}

/// A picture, one byte a dot: 0 is black, 255 white.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub luma: Vec<u8>,
}

impl Picture {
    /// Reads a PNG.
    pub fn open(path: &str) -> Self {
        let mut decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap()));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut luma = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut luma).unwrap();
        // One byte a dot, of however many.
        let luma = luma.into_iter().step_by(info.color_type.samples()).collect();
        Self { width: info.width as usize, height: info.height as usize, luma }
    }

    /// Writes a PNG.
    pub fn save(&self, path: &str) {
        let file = std::fs::File::create(path).unwrap();
        let mut encoder = png::Encoder::new(file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(&self.luma).unwrap();
    }

    /// Fills dots; what lies outside is left out.
    pub fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, luma: u8) {
        let (right, bottom) = ((x + width).min(self.width), (y + height).min(self.height));
        for row in y..bottom {
            if x < right {
                self.luma[row * self.width + x..row * self.width + right].fill(luma);
            }
        }
    }

    pub fn is_black(&self, x: usize, y: usize) -> bool {
        self.luma[y * self.width + x] < 128
    }
}

/// What rxing reads in a PNG: the text of its DataMatrix.
pub fn data_matrix(picture: &str) -> String {
    let Picture { width, height, luma } = Picture::open(picture);
    let kind = Some(rxing::BarcodeFormat::DATA_MATRIX);
    // As a hand-held scanner sees it: only the white square where the code stands.
    let part = |length: usize, from: usize, to: usize| length * from / 1000..length * to / 1000;
    let (columns, rows) = (part(width, 670, 965), part(height, 468, 665));
    let (wide, high) = (columns.len() as u32, rows.len() as u32);
    let part: Vec<u8> = rows.flat_map(|y| luma[y * width + columns.start..y * width + columns.end].to_vec()).collect();
    let read = rxing::helpers::detect_in_luma(part, wide, high, kind);
    read.unwrap_or_else(|error| panic!("{picture}: {error}")).getText().to_owned()
}
