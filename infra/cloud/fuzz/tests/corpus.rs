//! Every input of the corpus passes its target's check, without libFuzzer.

use std::fs;
use std::path::Path;

use cloud_fuzz::TARGETS;

#[test]
fn every_input_of_the_corpus_holds() {
    for (target, check) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target);
        let mut paths: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        assert!(!paths.is_empty(), "{target} has no corpus");
        for path in paths {
            // Printed first, since a panic does not name the file.
            println!("{}", path.display());
            check(&fs::read(&path).unwrap());
        }
    }
}
