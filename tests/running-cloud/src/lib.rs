//! A local cloud as a process: `local-cloud` alone, or `lockctl local`. It is known by its ready
//! file, and ends when its handle is dropped.
//!
//! Must not know: what is run on it, and what is measured.

pub mod call;

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval};

/// How long a cloud may take until it is ready.
const START_TIME_MAX: Duration = Duration::from_secs(300);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A running cloud, which ends when this handle is dropped.
pub struct RunningCloud {
    child: Child,
    directory: TempDir,
    ready: Value,
}

impl RunningCloud {
    /// Starts `program` with `words` and a ready file in `directory`, and waits until it is ready.
    ///
    /// # Errors
    /// The program does not start, ends at once or is not ready in time.
    pub async fn start(program: &Path, words: Vec<OsString>, directory: TempDir) -> Result<Self> {
        let ready_file = directory.path().join("ready.json");
        let log =
            File::create(directory.path().join("log")).context("create a file for the log")?;
        let child = Command::new(program)
            .args(words)
            .arg("--ready-file")
            .arg(&ready_file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("share the log")?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let mut cloud = Self {
            child,
            directory,
            ready: Value::Null,
        };
        let deadline = Instant::now() + START_TIME_MAX;
        let mut ticks = interval(POLL_INTERVAL);
        while !ready_file.exists() {
            ticks.tick().await;
            cloud.check()?;
            ensure!(
                Instant::now() < deadline,
                "{} did not start in time",
                program.display()
            );
        }
        let ready = std::fs::read(&ready_file).context("read the ready file")?;
        cloud.ready = serde_json::from_slice(&ready).context("parse the ready file")?;
        Ok(cloud)
    }

    /// Process id.
    ///
    /// # Errors
    /// The cloud has ended.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the cloud has ended")
    }

    /// The file with the addresses.
    pub fn ready_file(&self) -> PathBuf {
        self.directory.path().join("ready.json")
    }

    /// An entry of the ready file, such as `mqtts` or `outputs.TableName`.
    ///
    /// # Errors
    /// There is no such entry.
    pub fn entry(&self, name: &str) -> Result<&str> {
        let pointer = format!("/{}", name.replace('.', "/"));
        let value = self.ready.pointer(&pointer).and_then(Value::as_str);
        value.with_context(|| format!("the ready file lacks {name}"))
    }

    /// Paths of the CA's certificate, and of a thing's certificate and key.
    ///
    /// # Errors
    /// There is no such thing.
    pub fn files(&self, thing: &str) -> Result<[PathBuf; 3]> {
        let files = &self.ready["things"][thing];
        let path = |value: &Value| value.as_str().map(PathBuf::from);
        let found = [&self.ready["ca"], &files["cert"], &files["key"]].map(path);
        let [Some(ca), Some(cert), Some(key)] = found else {
            bail!("the ready file lacks {thing}");
        };
        Ok([ca, cert, key])
    }

    /// Fails if the cloud has ended, with what it wrote.
    ///
    /// # Errors
    /// The cloud has ended.
    pub fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = std::fs::read_to_string(self.directory.path().join("log"));
            bail!("the cloud ended with {status}: {}", log.unwrap_or_default());
        }
        Ok(())
    }

    /// Calls a service with the JSON protocol, as the operator: `service` is the name of its
    /// address in the ready file and in the signature, `target` the service's and the operation's
    /// name.
    ///
    /// # Errors
    /// The cloud does not answer, or refuses.
    pub async fn call(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let key = (
            self.entry("credentials.accessKeyId")?,
            self.entry("credentials.secretAccessKey")?,
        );
        let place = (self.entry("region")?, service);
        let answer = call::send(self.entry(service)?, target, body, key, place).await;
        answer.with_context(|| format!("call {target}"))
    }

    /// Asks the cloud to end, so that it ends its own processes, and waits for it.
    ///
    /// # Errors
    /// The cloud has ended before, or cannot be asked.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self.pid()?.to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().await;
        ensure!(asked.context("run kill")?.success(), "cannot end the cloud");
        let ended = self.child.wait().await;
        ended.context("wait for the cloud's end")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that behaves as `script` says; `$file` is its ready file.
    async fn start(script: &str) -> Result<RunningCloud> {
        let directory = tempfile::tempdir()?;
        let script = format!("file=\"$1\"\n{script}");
        let words = ["-c", &script].map(OsString::from).to_vec();
        RunningCloud::start(Path::new("sh"), words, directory).await
    }

    #[tokio::test]
    async fn what_the_ready_file_says_is_found_and_the_program_ends_when_asked() {
        let ready = r#"{"mqtts":"h:1","ca":"ca","outputs":{"T":"t"},
            "things":{"lock-1":{"cert":"c","key":"k"}}}"#;
        let script = format!(
            "printf '%s' '{ready}' > \"$file.new\"; mv \"$file.new\" \"$file\"; \
             exec tail -f /dev/null"
        );
        let cloud = start(&script).await.expect("a start");
        assert_eq!(cloud.entry("outputs.T").expect("an output"), "t");
        assert_eq!(cloud.files("lock-1").expect("files")[2], PathBuf::from("k"));
        let error = cloud.files("lock-2").expect_err("no such thing");
        assert_eq!(error.to_string(), "the ready file lacks lock-2");
        cloud.stop().await.expect("an end");
    }

    #[tokio::test]
    async fn a_program_that_ends_at_once_is_an_error_with_its_words() {
        let error = start("echo no port; exit 3").await.err().expect("an error");
        let text = error.to_string();
        assert!(text.contains("exit status: 3: no port"), "{text}");
    }
}
