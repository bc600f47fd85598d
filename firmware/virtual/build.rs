//! Compiles the firmware's C, application side included, against the shim, and generates the
//! accessors of the configuration from `mos.yml` as the build of Mongoose OS does.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/schema.rs"]
mod schema;

fn c_files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("read folder {folder}: {e}"))
        .map(|entry| {
            entry
                .expect("a folder that could be opened can be read")
                .path()
        })
        .filter(|path| path.extension().is_some_and(|e| e == "c"))
        .collect();
    files.sort();
    files
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("read {path}: {e}"))
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|e| panic!("write {}: {e}", path.display()));
}

/// The image's first layer of the configuration, which is optional, as a Rust expression.
fn image_layer(path: &str) -> String {
    match fs::read(path) {
        Ok(text) => format!("Some(&{text:?})"),
        Err(e) if e.kind() == ErrorKind::NotFound => "None".into(),
        Err(e) => panic!("read {path}: {e}"),
    }
}

fn main() {
    for input in [
        "../core",
        "../src",
        "../mos.yml",
        "../fs",
        "shim",
        "harness",
        "../test/flash_sim.c",
        "../test/flash_sim.h",
        "src/schema.rs",
    ] {
        println!("cargo::rerun-if-changed={input}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));

    let mut settings = schema::Schema::new();
    for manifest in ["shim/library.yml", "../mos.yml"] {
        schema::extend(&mut settings, &read(manifest))
            .unwrap_or_else(|e| panic!("{manifest}: {e}"));
    }
    let (header, source) = schema::accessors(&settings);
    write(&out.join("mgos_config.h"), &header);
    write(&out.join("mgos_config.c"), &source);
    write(&out.join("config_table.rs"), &schema::table(&settings));

    write(
        &out.join("image_layer.rs"),
        &image_layer("../fs/conf1.json"),
    );

    cc::Build::new()
        .files(c_files("../core"))
        .files(c_files("../src"))
        .files(c_files("shim"))
        .file("harness/core.c")
        .file("harness/install.c")
        .file("harness/online.c")
        .file("../test/flash_sim.c")
        .file(out.join("mgos_config.c"))
        .include("../core")
        .include("../src")
        .include("shim")
        .include("../test")
        .include(&out)
        .std("gnu99")
        .warnings(true)
        .extra_warnings(true)
        .compile("firmware");
}
