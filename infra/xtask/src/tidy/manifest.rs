//! `firmware/mos.yml` against mistakes that Mongoose OS's own tool ignores: a missing folder, an
//! unknown key, an override of an undeclared setting, a library without a fixed version.
//!
//! Must not know: the types of settings, which the virtual device's build script reads.

use std::collections::{BTreeMap, BTreeSet};

use saphyr::{LoadableYamlNode, Yaml};

use super::Violation;
use super::tree::Tree;

/// Path of the firmware's manifest.
pub const MANIFEST: &str = "firmware/mos.yml";
/// Path of the settings that the libraries declare.
pub const LIBRARY: &str = "firmware/virtual/shim/library.yml";

/// The header with the firmware's version.
const PORT: &str = "firmware/src/port.h";

/// Top-level keys that the tool reads.
const KEYS: &str = "author binary_libs build_vars cdefs cflags conds config_schema cxxflags \
                    description error extra_files ffi_symbols filesystem fs_filters includes \
                    init_after init_before init_deps libs libs_version manifest_version modules \
                    modules_version mongoose_os_version name no_implicit_init_deps platform \
                    platforms sources summary tags tests type version warning";

/// Keys of a library that the tool reads, without the old word for `location`.
const LIBRARY_KEYS: &str = "asset_api location name type variant version";

/// Keys that list folders, with the ending and the kind of the files that the tool reads there.
const FOLDERS: &[(&str, &str, &str)] = &[
    ("sources", ".c", "a C file"),
    ("includes", ".h", "a header"),
    ("filesystem", "", "a file"),
];

/// Keys with the versions of what is not ours.
const VERSIONS: &[&str] = &["libs_version", "modules_version", "mongoose_os_version"];

/// Every mistake in the manifest.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let found = match (document(tree, MANIFEST), document(tree, LIBRARY)) {
        (Ok(manifest), Ok(library)) => [
            keys(&manifest),
            name(&manifest),
            folders(tree, &manifest),
            versions(&manifest),
            libraries(&manifest),
            own_version(tree, &manifest),
            settings(&manifest, &library),
        ]
        .concat(),
        (Err(what), _) | (_, Err(what)) => vec![what],
    };
    found
        .into_iter()
        .map(|what| Violation::new(MANIFEST, what))
        .collect()
}

/// The keys of the settings that the manifest or a library declares.
///
/// # Errors
/// One of the two files is missing or malformed; the text names the mistake.
pub fn declared(tree: &Tree) -> Result<BTreeSet<String>, String> {
    let mut declared = BTreeSet::new();
    for path in [LIBRARY, MANIFEST] {
        for entry in entries(&document(tree, path)?)? {
            if entry.kind == Kind::Declares {
                declared.insert(entry.key.to_owned());
            }
        }
    }
    Ok(declared)
}

/// The content of a YAML file.
fn document<'a>(tree: &'a Tree, path: &str) -> Result<Yaml<'a>, String> {
    let text = tree
        .text(path)
        .ok_or_else(|| format!("{path} is missing"))?;
    let documents = Yaml::load_from_str(text).map_err(|e| format!("{path} is not YAML: {e}"))?;
    documents
        .into_iter()
        .next()
        .filter(Yaml::is_mapping)
        .ok_or_else(|| format!("{path} holds no keys"))
}

fn text<'a>(node: &'a Yaml<'_>, key: &str) -> Option<&'a str> {
    node.as_mapping_get(key).and_then(Yaml::as_str)
}

fn list<'a, 'b>(node: &'a Yaml<'b>, key: &str) -> &'a [Yaml<'b>] {
    node.as_mapping_get(key)
        .and_then(Yaml::as_sequence)
        .map_or(&[], Vec::as_slice)
}

/// The keys of a mapping that are not in the list of known ones.
fn unknown<'a>(node: &'a Yaml<'_>, known: &str) -> Vec<&'a str> {
    node.as_mapping()
        .into_iter()
        .flat_map(|mapping| mapping.keys())
        .map(|key| key.as_str().unwrap_or("a key that is not text"))
        .filter(|key| !known.split(' ').any(|known| known == *key))
        .collect()
}

fn keys(manifest: &Yaml<'_>) -> Vec<String> {
    unknown(manifest, KEYS)
        .iter()
        .map(|key| format!("{key}: is not a key of a manifest; the tool ignores it"))
        .collect()
}

fn name(manifest: &Yaml<'_>) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match text(manifest, "name") {
        Some(name) if !name.is_empty() && name.chars().all(is_name) => Vec::new(),
        Some(name) => vec![format!(
            "name: {name:?} goes into file names; letters, digits, - and _ are allowed"
        )],
        None => vec!["name: is missing; the tool would take the folder's name".to_owned()],
    }
}

/// The folders that the tool would ignore. It does not look into their own folders.
fn folders(tree: &Tree, manifest: &Yaml<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (key, ending, wanted) in FOLDERS {
        let folders = list(manifest, key);
        if folders.is_empty() {
            wrong.push(format!("{key}: lists no folder"));
        }
        for folder in folders {
            let folder = folder.as_str().unwrap_or_default();
            let path = format!("firmware/{folder}");
            let is_there = tree
                .files_below(&path)
                .filter(|file| is_directly_in(file, &path))
                .any(|file| file.ends_with(ending));
            if !is_there {
                wrong.push(format!(
                    "{key}: {folder:?} is not a folder with {wanted} in it; the tool ignores it"
                ));
            }
        }
    }
    wrong
}

fn is_directly_in(file: &str, folder: &str) -> bool {
    file.rsplit_once('/')
        .is_some_and(|(own, _)| own == folder.trim_end_matches('/'))
}

fn versions(manifest: &Yaml<'_>) -> Vec<String> {
    VERSIONS
        .iter()
        .filter(|key| !text(manifest, key).is_some_and(is_release))
        .map(|key| format!("{key}: is not a release such as \"2.20.0\", so the build may change"))
        .collect()
}

/// Whether a version names one release: three numbers with dots between them.
fn is_release(version: &str) -> bool {
    version.split('.').count() == 3
        && version
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn libraries(manifest: &Yaml<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for library in list(manifest, "libs")
        .iter()
        .chain(list(manifest, "modules"))
    {
        let Some(location) = text(library, "location") else {
            wrong.push("libs: an entry has no location".to_owned());
            continue;
        };
        if !seen.insert(location.to_owned()) {
            wrong.push(format!("libs: {location} is listed twice"));
        }
        for key in unknown(library, LIBRARY_KEYS) {
            wrong.push(format!("libs: {location}: {key} is not a key of a library"));
        }
        if library
            .as_mapping_get("version")
            .is_some_and(|version| !version.as_str().is_some_and(is_release))
        {
            wrong.push(format!("libs: {location}: its version is not a release"));
        }
    }
    wrong
}

/// The version that the firmware reports is the manifest's.
fn own_version(tree: &Tree, manifest: &Yaml<'_>) -> Vec<String> {
    let reported = tree
        .text(PORT)
        .and_then(|header| {
            header
                .lines()
                .find_map(|line| line.strip_prefix("#define PORT_FIRMWARE "))
        })
        .map(|version| version.trim_matches('"'));
    let version = text(manifest, "version");
    if reported.is_some() && reported == version {
        return Vec::new();
    }
    let or_none = |version: Option<&str>| version.unwrap_or("none").to_owned();
    vec![format!(
        "version: is {}, but PORT_FIRMWARE in {PORT}, which a device reports, is {}",
        or_none(version),
        or_none(reported)
    )]
}

/// The effect of an entry of `config_schema`.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Three or four parts: key, type, optional default, description.
    Declares,
    /// Two parts: key and default.
    Overrides,
}

struct Entry<'a> {
    key: &'a str,
    kind: Kind,
}

fn entries<'a>(manifest: &'a Yaml<'_>) -> Result<Vec<Entry<'a>>, String> {
    list(manifest, "config_schema").iter().map(entry).collect()
}

fn entry<'a>(node: &'a Yaml<'_>) -> Result<Entry<'a>, String> {
    let parts = node.as_sequence().map_or(&[][..], Vec::as_slice);
    let key = parts.first().and_then(Yaml::as_str);
    match (key, parts.len()) {
        (Some(key), 2) => Ok(Entry {
            key,
            kind: Kind::Overrides,
        }),
        (Some(key), 3 | 4) => Ok(Entry {
            key,
            kind: Kind::Declares,
        }),
        _ => Err(format!(
            "config_schema: {} is neither a declaration nor an override",
            key.unwrap_or("an entry without a key")
        )),
    }
}

fn settings(manifest: &Yaml<'_>, library: &Yaml<'_>) -> Vec<String> {
    let (ours, theirs) = match (entries(manifest), entries(library)) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Err(what), _) | (_, Err(what)) => return vec![what],
    };
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for entry in theirs.iter().chain(&ours) {
        let (declared, overridden) = counts.entry(entry.key).or_default();
        match entry.kind {
            Kind::Declares => *declared += 1,
            Kind::Overrides => *overridden += 1,
        }
    }
    let mut wrong = Vec::new();
    for (key, (declared, overridden)) in counts {
        if declared == 0 {
            wrong.push(format!(
                "config_schema: {key} is overridden, but neither a library ({LIBRARY}) nor the app \
                 declares it"
            ));
        }
        if declared > 1 {
            wrong.push(format!("config_schema: {key} is declared twice"));
        }
        if overridden > 1 {
            wrong.push(format!("config_schema: {key} is overridden twice"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests;
