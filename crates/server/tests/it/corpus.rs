//! What fuzzing found and what is nasty by design, fed to every decoder again.

use std::collections::BTreeSet;
use std::path::Path;

#[path = "../../../../fuzz/decoders.rs"]
mod decoders;

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_decoder_survives_the_whole_corpus() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let all = decoders::all();
    let known: BTreeSet<String> = all.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz.join("corpus")), known, "a folder a decoder");
    let targets: BTreeSet<String> = known.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&fuzz.join("fuzz_targets")), targets, "a target a decoder");
    let mut fed = 0;
    for (folder, _) in &all {
        let folder = fuzz.join("corpus").join(folder);
        for file in names(&folder) {
            let bytes = std::fs::read(folder.join(&file)).unwrap();
            // What is nasty for one may be nasty for another.
            for (_, decode) in &all {
                decode(&bytes);
            }
            fed += 1;
        }
    }
    assert!(fed > 50, "{fed} files");
}

/// A few rounds of what a fuzzer does, the same ones each time.
#[test]
fn every_decoder_survives_samples_with_bytes_changed_cut_and_repeated() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut state = 88_172_645_463_325_252_u64;
    let mut any = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize % below.max(1)
    };
    const PIECES: [&[u8]; 12] = [
        b"\"",
        b"\\",
        b"\\u0000",
        b"[",
        b"{",
        b"}",
        b"\xff",
        b"1e400",
        b"-",
        b"null",
        b"99999999999999999999",
        b"\r\n",
    ];
    for (name, decode) in decoders::all() {
        let folder = fuzz.join(name);
        for file in names(&folder) {
            let sample = std::fs::read(folder.join(&file)).unwrap();
            for _ in 0..200 {
                let mut bytes = sample.clone();
                for _ in 0..=any(4) {
                    let (at, end) = (any(bytes.len() + 1), any(bytes.len() + 1));
                    match any(4) {
                        0 => drop(bytes.splice(at..at, PIECES[any(PIECES.len())].iter().copied())),
                        1 => bytes.truncate(at),
                        2 => drop(bytes.splice(at.min(end)..at.max(end), [])),
                        _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = any(256) as u8),
                    }
                }
                decode(&bytes);
            }
        }
    }
}
