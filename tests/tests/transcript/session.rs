//! Runs a transcript in a stack of its own.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::world::program;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use crate::mask::mask;
use crate::script::{Step, first_stack, lines_max, path, stack_options, steps, words};

/// How long a step may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// What a command printed.
struct Printed {
    command: String,
    stdout: String,
    stderr: String,
    code: i32,
}

/// A stack, and the folder in which commands run.
struct Session {
    world: Option<World>,
    folder: TempDir,
    more: &'static [&'static str],
    variables: Vec<(String, String)>,
    ready: Option<Value>,
    begun: Option<(String, Child, BufReader<ChildStdout>, String)>,
}

/// Compares what a transcript's commands print with the file, or writes the file.
pub async fn check_text(name: &str) -> Result<()> {
    let path = path(name);
    let wanted = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let steps = steps(&wanted);
    let mut session = Session::start(first_stack(&steps), &[]).await?;
    let mut text = String::new();
    let lines_max = lines_max(&steps)?;
    for step in &steps {
        match step {
            Step::Kept(line) => text += &format!("{line}\n"),
            Step::Stack(options) => text += &format!("stack: {options}\n"),
            Step::Variable(variable) => text += &format!("env: {variable}\n"),
            Step::File(file) => text += &format!("file: {file}\n"),
            Step::Ready(value) => text += &format!("ready: {value}\n"),
            Step::Begin(command) => text += &format!("& lockctl{command}\n"),
            Step::Run(command) => text += &format!("$ lockctl{command}\n"),
            Step::Wait => text += "wait\n",
        }
        if let Some(printed) = session.take(step).await? {
            let folder = session.folder.path().display().to_string();
            let output = mask(&format!("{}{}", printed.stdout, printed.stderr), &folder);
            let mut lines: Vec<&str> = output.lines().map(str::trim_end).collect();
            // Two reads fail at once, and warn in any order.
            let both = |one: &&str, next: &&str| is_warning(one) && is_warning(next);
            lines.chunk_by_mut(both).for_each(<[&str]>::sort_unstable);
            text += &shorten(&lines, lines_max);
            if printed.code != 0 {
                text += &format!("exit {}\n", printed.code);
            }
        }
    }
    if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
        return std::fs::write(&path, text).context("write the transcript");
    }
    ensure!(text == wanted, "{name} prints:\n{text}\nand not:\n{wanted}");
    Ok(())
}

/// Validates what a transcript's commands print with `--output json`.
pub async fn check_json(name: &str) -> Result<()> {
    let path = path(name);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let steps = steps(&text);
    let mut session = Session::start(first_stack(&steps), &["--output", "json"]).await?;
    let schema = session.run(" schema").await?.stdout;
    let schema: Value = serde_json::from_str(&schema).context("read the schema")?;
    for step in &steps {
        if let Some(printed) = session.take(step).await? {
            check(&schema, &printed).with_context(|| format!("lockctl{}", printed.command))?;
        }
    }
    Ok(())
}

/// Whether a line of standard error is a warning, which is for people.
fn is_warning(line: &str) -> bool {
    line.starts_with(" WARN ")
}

/// Long output, such as a script or a page, with its beginning only.
fn shorten(lines: &[&str], lines_max: usize) -> String {
    let mut text: String = lines
        .iter()
        .take(lines_max)
        .map(|line| format!("{line}\n"))
        .collect();
    if lines.len() > lines_max {
        text += "…\n";
    }
    text
}

/// The name of the schema's entry: `register-lock` for `register lock front`.
fn entry<'a>(schema: &'a Value, command: &str) -> Result<(String, &'a Value)> {
    let words: Vec<&str> = command.split_whitespace().take(2).collect();
    let long = words.join("-");
    let found = [long.as_str(), words.first().copied().unwrap_or_default()]
        .into_iter()
        .find_map(|name| Some((name.to_owned(), schema["$defs"].get(name)?)));
    found.with_context(|| format!("the schema has no entry for {long}"))
}

fn check(schema: &Value, printed: &Printed) -> Result<()> {
    if printed.code == 2 {
        // The command line was wrong: clap explains it in words.
        return Ok(());
    }
    let (name, found) = entry(schema, &printed.command)?;
    let mut documents: Vec<(&str, Value)> = Vec::new();
    // An entry that no document satisfies is of a command without JSON.
    if found.get("not").is_none() {
        for document in serde_json::Deserializer::from_str(&printed.stdout).into_iter() {
            documents.push((&name, document.context("standard output is not JSON")?));
        }
    }
    let errors = printed.stderr.lines().filter(|line| !is_warning(line));
    let errors: String = errors.collect();
    for document in serde_json::Deserializer::from_str(&errors).into_iter() {
        documents.push(("Error", document.context("standard error is not JSON")?));
    }
    let has_none = documents.is_empty() && found.get("not").is_none();
    ensure!(!has_none, "it printed no document");
    for (name, document) in documents {
        let one = serde_json::json!({
            "$schema": schema["$schema"], "$defs": schema["$defs"],
            "$ref": format!("#/$defs/{name}"),
        });
        let validator = jsonschema::validator_for(&one).context("read the schema")?;
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        ensure!(errors.is_empty(), "{name}: {errors:#?}\n{document:#}");
    }
    Ok(())
}

impl Session {
    async fn start(options: Option<Vec<String>>, more: &'static [&'static str]) -> Result<Self> {
        let world = match options {
            None => None,
            Some(options) => {
                let base = ["--memory", "--no-button-devices"].map(str::to_owned);
                let all = [&base[..], &options].concat();
                let all: Vec<&str> = all.iter().map(String::as_str).collect();
                let world = World::start_with(&all).await?;
                world.until_settled("lock-1", "locked").await?;
                Some(world)
            }
        };
        Ok(Self {
            ready: world.as_ref().map(|world| world.ready().clone()),
            world,
            folder: tempfile::tempdir().context("make a folder")?,
            more,
            variables: Vec::new(),
            begun: None,
        })
    }

    /// Carries out a step. Returns what it printed, if it runs a command to its end.
    async fn take(&mut self, step: &Step) -> Result<Option<Printed>> {
        match step {
            Step::Kept(_) => Ok(None),
            Step::Stack(options) => {
                *self = Self::start(stack_options(options), self.more).await?;
                Ok(None)
            }
            Step::Variable(variable) => {
                let named = self.fill(variable);
                let (name, value) = named.split_once('=').context("wanted: NAME=VALUE")?;
                self.variables.push((name.to_owned(), value.to_owned()));
                Ok(None)
            }
            Step::File(file) => self.write(file).map(|()| None),
            Step::Ready(value) => {
                let (name, text) = value.split_once('=').context("wanted: NAME=VALUE")?;
                let ready = self.ready.as_mut().context("no stack runs")?;
                let value = serde_json::from_str(text);
                ready[name] = value.unwrap_or_else(|_| Value::from(text));
                let text = ready.to_string();
                std::fs::write(self.changed_ready(), text).context("write the ready file")?;
                Ok(None)
            }
            Step::Run(command) => self.run(command).await.map(Some),
            Step::Begin(command) => self.begin(command).await.map(|()| None),
            Step::Wait => self.wait().await.map(Some),
        }
    }

    /// A text of the transcript with the folder of the commands.
    fn fill(&self, text: &str) -> String {
        text.replace("FOLDER", &self.folder.path().display().to_string())
    }

    /// Writes a file for the commands, and the folders above it.
    fn write(&self, file: &str) -> Result<()> {
        let (path, content) = file.split_once(' ').context("wanted: PATH CONTENT")?;
        let path = self.folder.path().join(path);
        let above = path.parent().context("a file is in a folder")?;
        std::fs::create_dir_all(above).context("make a folder")?;
        let content = self.fill(content).replace("\\n", "\n");
        let mode = if content.starts_with("#!") {
            0o755
        } else {
            0o644
        };
        std::fs::write(&path, content)
            .and_then(|()| std::fs::set_permissions(&path, Permissions::from_mode(mode)))
            .with_context(|| path.display().to_string())
    }

    /// Path of the copy of the ready file that `ready:` has changed.
    fn changed_ready(&self) -> PathBuf {
        self.folder.path().join("ready.json")
    }

    fn command(&self, command: &str) -> Result<Command> {
        let command = self.fill(command);
        let mut process = Command::new(program("lockctl")?);
        for (name, _) in std::env::vars() {
            if name.starts_with("AWS_") {
                process.env_remove(name);
            }
        }
        process
            .args(words(&command))
            .args(self.more)
            .env("USER", "alice")
            .env("TZ", "UTC")
            .envs(self.variables.clone())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let has_own = command.contains("--ready-file");
        if let Some(world) = self.world.as_ref().filter(|_| !has_own) {
            let changed = Some(self.changed_ready()).filter(|path| path.exists());
            let path = changed.unwrap_or_else(|| world.ready_file());
            process.arg("--ready-file").arg(path);
        }
        Ok(process)
    }

    async fn run(&self, command: &str) -> Result<Printed> {
        let run = self.command(command)?.output();
        let ended = tokio::time::timeout(DEADLINE, run).await;
        let output = ended
            .context("lockctl did not end")?
            .context("run lockctl")?;
        Ok(Printed {
            command: command.to_owned(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
            code: output.status.code().context("lockctl was killed")?,
        })
    }

    /// Starts a command, and returns when it has printed its first line: it watches by then.
    async fn begin(&mut self, command: &str) -> Result<()> {
        let mut child = self.command(command)?.spawn().context("run lockctl")?;
        let stdout = child.stdout.take().context("the output was not captured")?;
        let mut stdout = BufReader::new(stdout);
        let mut first = String::new();
        let read = tokio::time::timeout(DEADLINE, stdout.read_line(&mut first)).await;
        read.context("lockctl printed nothing")??;
        self.begun = Some((command.to_owned(), child, stdout, first));
        Ok(())
    }

    async fn wait(&mut self) -> Result<Printed> {
        let begun = self.begun.take();
        let (command, mut child, mut stdout, mut text) = begun.context("nothing goes on")?;
        let ended = async {
            stdout.read_to_string(&mut text).await?;
            child.wait().await
        };
        let ended = tokio::time::timeout(DEADLINE, ended).await;
        let status = ended.with_context(|| format!("lockctl{command} goes on"))??;
        Ok(Printed {
            command,
            stdout: text,
            stderr: String::new(),
            code: status.code().context("lockctl was killed")?,
        })
    }
}
