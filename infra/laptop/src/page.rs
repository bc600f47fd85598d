//! The files of the console's page, in one table: path, type and text. The program contains them.
//!
//! Must not know: what the page shows.

/// A file of the page.
pub struct File {
    /// Its path on the server.
    pub path: &'static str,
    /// Its content type.
    pub kind: &'static str,
    pub text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! file {
    ($path:literal, $kind:expr, $name:literal) => {
        File {
            path: $path,
            kind: $kind,
            text: include_str!(concat!("../../console/", $name)),
        }
    };
}

/// Every file of the page.
pub const FILES: &[File] = &[
    file!("/", HTML, "index.html"),
    file!("/console.css", STYLE, "console.css"),
    file!("/pages.css", STYLE, "pages.css"),
    file!("/switches.css", STYLE, "switches.css"),
    file!("/alerts.js", SCRIPT, "alerts.js"),
    file!("/ask.js", SCRIPT, "ask.js"),
    file!("/cloud.js", SCRIPT, "cloud.js"),
    file!("/console.js", SCRIPT, "console.js"),
    file!("/dom.js", SCRIPT, "dom.js"),
    file!("/door.js", SCRIPT, "door.js"),
    file!("/faults.js", SCRIPT, "faults.js"),
    file!("/history.js", SCRIPT, "history.js"),
    file!("/messages.js", SCRIPT, "messages.js"),
    file!("/metrics.js", SCRIPT, "metrics.js"),
    file!("/overview.js", SCRIPT, "overview.js"),
    file!("/route.js", SCRIPT, "route.js"),
    file!("/send.js", SCRIPT, "send.js"),
    file!("/state.js", SCRIPT, "state.js"),
    file!("/stream.js", SCRIPT, "stream.js"),
    file!("/switches.js", SCRIPT, "switches.js"),
    file!("/token.js", SCRIPT, "token.js"),
    file!("/way.js", SCRIPT, "way.js"),
    file!("/words.js", SCRIPT, "words.js"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The files that a text names after this word, in double quotes.
    fn named<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
        let after = text.split(word).skip(1);
        after.filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn every_file_that_the_page_loads_is_served_and_no_other() {
        let mut loaded = BTreeSet::from(["/".to_owned()]);
        for file in FILES {
            let names = match file.kind {
                HTML => [
                    named(file.text, "src=\""),
                    named(file.text, "stylesheet\" href=\""),
                ],
                SCRIPT => [named(file.text, "from \"./"), Vec::new()],
                _ => continue,
            };
            loaded.extend(names.concat().iter().map(|name| format!("/{name}")));
        }
        let served: Vec<&str> = FILES.iter().map(|file| file.path).collect();
        assert_eq!(
            BTreeSet::from_iter(served.iter().copied()).len(),
            served.len()
        );
        let served: BTreeSet<String> = served.into_iter().map(ToOwned::to_owned).collect();
        assert_eq!(served, loaded);
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        for file in FILES {
            for word in ["http://", "https://", "src=\"//", "@import"] {
                assert!(!file.text.contains(word), "{}: {word}", file.path);
            }
        }
    }
}
