//! Every input of the corpus holds, and the targets' checks hold without libFuzzer.
//!
//! Must not know: what is checked.

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
            // Named before it is tried: a panic inside tells nothing of the file.
            println!("{}", path.display());
            check(&fs::read(&path).unwrap());
        }
    }
}
