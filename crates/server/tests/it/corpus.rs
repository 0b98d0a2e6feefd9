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
