//! `cargo xtask templates`: starts the local cloud with each template below `tests/templates`, as
//! somebody would who has that template and changes nothing in it.
//!
//! A folder holds `template.yaml` or `template.json`, its code, and perhaps `options`: what is
//! given to the command, one option a line.
//!
//! Must not know: what a template declares.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

const FOLDER: &str = "tests/templates";
const NAMES: [&str; 2] = ["template.yaml", "template.json"];
/// Longest time until a template has started.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(20);

/// What `--help` explains at its end.
pub const HELP: &str = "\
Each row is a template, whether it started, in how many milliseconds, and how many sentences about
what is missing it printed. A template that does not start is printed with its refusal.

Examples:
  cargo xtask templates              all of them
  cargo xtask templates stream       those with this in their name

Needs python3 and node on the PATH.";

/// Options of `cargo xtask templates`.
#[derive(clap::Args)]
pub struct Options {
    /// Only templates with this in their name.
    #[arg(value_name = "NAME", default_value = "")]
    name: String,
}

/// A template and how it is started.
#[derive(Debug)]
struct Case {
    name: String,
    folder: PathBuf,
    template: &'static str,
    options: Vec<String>,
}

/// A start that ended well: how long it took, and the lines it wrote to standard error.
struct Started {
    time: Duration,
    notes: usize,
}

/// Builds the local cloud and starts each template; `false` if one does not start.
///
/// # Errors
/// The build fails, or there is no template.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let program = workspace.build_programs("dev")?.join("local-cloud");
    let cases = cases(&workspace.path(FOLDER), &options.name)?;
    ensure!(!cases.is_empty(), "no template in {FOLDER} has this name");
    let place = workspace.target().join("templates");
    fs::create_dir_all(&place).context("make the folder of the logs")?;
    let mut good = 0;
    for case in &cases {
        match start(&program, case, &place)? {
            Ok(Started { time, notes }) => {
                good += 1;
                let time = time.as_millis();
                println!("{:<16} started {time:>6} ms {notes:>3} notes", case.name);
            }
            Err(log) => println!("{:<16} REFUSED\n{log}", case.name),
        }
    }
    println!("templates: {good} of {} started", cases.len());
    Ok(good == cases.len())
}

/// The templates whose name holds `part`, in the order of their names.
fn cases(root: &Path, part: &str) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(root).with_context(|| format!("read {}", root.display()))? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let mut names = NAMES.into_iter();
        let Some(template) = names.find(|file| folder.join(file).is_file()) else {
            continue;
        };
        if name.contains(part) {
            cases.push(Case {
                options: options(&folder)?,
                name,
                folder,
                template,
            });
        }
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(cases)
}

/// The words of the folder's file `options`.
fn options(folder: &Path) -> Result<Vec<String>> {
    let path = folder.join("options");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// Starts a template until its ready file is there; the other outcome is what it printed instead.
fn start(program: &Path, case: &Case, place: &Path) -> Result<Result<Started, String>> {
    let ready = place.join(format!("{}.json", case.name));
    let log = place.join(format!("{}.log", case.name));
    if ready.exists() {
        fs::remove_file(&ready).context("remove an old ready file")?;
    }
    let begun = Instant::now();
    let child = Command::new(program)
        .current_dir(&case.folder)
        .args(["--template", case.template, "--no-watch", "--log", "none"])
        .arg("--ready-file")
        .arg(&ready)
        .args(&case.options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log).context("make the log")?)
        .spawn()
        .with_context(|| format!("start {}", program.display()))?;
    let mut running = Running(child);
    let is_up = loop {
        if ready.exists() {
            break true;
        }
        if running.0.try_wait()?.is_some() || begun.elapsed() > PATIENCE {
            break false;
        }
        thread::sleep(GLANCE);
    };
    let time = begun.elapsed();
    drop(running);
    let text = fs::read_to_string(&log).context("read the log")?;
    if !is_up {
        return Ok(Err(text));
    }
    let notes = text.lines().count();
    Ok(Ok(Started { time, notes }))
}

/// A program that ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_has_a_template_and_options_are_words() {
        let root = Workspace::here().path(FOLDER);
        let all = cases(&root, "").expect("read the templates");
        let folders = fs::read_dir(&root).expect("read the folder").count();
        assert_eq!(all.len(), folders, "a folder without a template: {all:?}");
        let only = cases(&root, "plain-yaml").expect("read the templates");
        assert_eq!(only[0].options[0], "--parameter");
        assert_eq!(only.len(), 1);
    }

    #[test]
    fn a_program_that_ends_is_no_start() {
        let place = Workspace::here().target().join("templates-test");
        fs::create_dir_all(&place).expect("make a folder");
        let case = Case {
            name: "false".to_owned(),
            folder: place.clone(),
            template: NAMES[0],
            options: Vec::new(),
        };
        let started = start(Path::new("false"), &case, &place).expect("it is started");
        assert_eq!(started.err(), Some(String::new()));
    }
}
