//! The start of `lockctl local` as a person sees it: a healthy one warns of nothing and says what
//! to try, one that cannot succeed says what to do in one line.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::world::program;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long a step may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);
/// A user without rights.
const NOBODY: u32 = 65534;

/// A command without the variables of the test's own run by cargo, and without an account.
fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars() {
        let is_ours = ["AWS_", "CARGO", "REMOTE_LOCK_"];
        if is_ours.iter().any(|begin| name.starts_with(begin)) {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null());
    command.kill_on_drop(true);
    command
}

/// A stack as a person starts it, and what it prints.
struct Shown {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    text: String,
}

impl Shown {
    /// Starts a stack in a folder and reads its screen.
    async fn start(folder: &Path, options: &[&str]) -> Result<Self> {
        let mut local = command(&program("lockctl")?, folder);
        local.args(["local", "--no-build"]).args(options);
        let local = local.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = local.spawn().context("run lockctl")?;
        let stdout = child.stdout.take().context("no output")?;
        let mut shown = Self {
            child,
            lines: BufReader::new(stdout).lines(),
            text: String::new(),
        };
        while !shown.text.ends_with("end       Ctrl-C\n") {
            let line = tokio::time::timeout(DEADLINE, shown.lines.next_line()).await;
            let line = line.with_context(|| format!("no screen: {}", shown.text))??;
            let line = line.with_context(|| format!("it has ended: {}", shown.text))?;
            shown.text += &format!("{line}\n");
        }
        Ok(shown)
    }

    /// The commands of the screen's row `try`.
    fn tries(&self) -> Vec<&str> {
        let lines = self
            .text
            .lines()
            .skip_while(|line| !line.starts_with("  try"));
        let tries = lines.take_while(|line| line.contains("lockctl") && line.contains(" # "));
        tries
            .filter_map(|line| line.trim_start_matches("  try").split(" # ").next())
            .map(str::trim)
            .collect()
    }

    /// Ends it as Ctrl-C does. Returns its errors.
    async fn end(mut self) -> Result<String> {
        let pid = self.child.id().context("it has ended")?.to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().await?;
        ensure!(sent.success(), "SIGINT could not be sent");
        let mut errors = String::new();
        let mut stderr = self.child.stderr.take().context("no errors")?;
        let ended = async {
            while let Some(line) = self.lines.next_line().await? {
                self.text += &format!("{line}\n");
            }
            stderr.read_to_string(&mut errors).await?;
            self.child.wait().await
        };
        let ended = tokio::time::timeout(DEADLINE, ended).await;
        let status = ended.context("it goes on after Ctrl-C")??;
        ensure!(status.success(), "{status}: {errors}");
        for word in ["WARN", "ERROR", "panicked"] {
            ensure!(!self.text.contains(word), "{}", self.text);
        }
        Ok(errors)
    }
}

#[tokio::test]
async fn a_healthy_start_warns_of_nothing_and_each_command_that_it_names_works() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let memory = Shown::start(folder.path(), &["--memory"]).await?;
    ensure!(memory.tries().is_empty(), "{}", memory.text);
    assert_eq!(memory.end().await?, "");
    for start in ["first", "second"] {
        let shown = Shown::start(folder.path(), &["--data-dir", "data"]).await?;
        let tries = shown.tries();
        ensure!(tries.len() == 3, "{}", shown.text);
        for line in tries {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(words.first(), Some(&"lockctl"), "{line}");
            let mut tried = command(&program("lockctl")?, folder.path());
            let output = ended(tried.args(&words[1..])).await?;
            let errors = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "{start}: {line}: {errors}");
        }
        assert_eq!(shown.end().await?, "", "{start}");
    }
    Ok(())
}

async fn ended(command: &mut Command) -> Result<Output> {
    let output = tokio::time::timeout(DEADLINE, command.output()).await;
    output.context("it goes on")?.context("run lockctl")
}

/// Demands that a start fails with one line.
async fn refuse(local: &mut Command, wanted: &str) -> Result<()> {
    let output = ended(local).await?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1), "{errors}");
    assert_eq!(errors.trim(), format!("lockctl: {wanted}"));
    Ok(())
}

const SCRIPT: [&str; 5] = ["local", "--no-build", "--headless", "--log", "json"];

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    let mode = std::fs::Permissions::from_mode;
    std::fs::set_permissions(&data, mode(0o555))?;
    std::fs::set_permissions(folder.path(), mode(0o755))?;
    // Reachable by any user, unlike the folders above the one it was built in.
    let lockctl = folder.path().join("lockctl");
    std::fs::copy(program("lockctl")?, &lockctl).context("copy lockctl")?;
    let mut local = command(&lockctl, folder.path());
    local
        .args(SCRIPT)
        .args(["--data-dir", "data", "--template"]);
    local.arg(folder.path().join("template.yaml"));
    if std::fs::metadata(&data)?.uid() == 0 {
        local.uid(NOBODY);
    }
    let wanted = "write in the data directory data: Permission denied (os error 13); choose \
                  another with --data-dir, or let this user write there";
    refuse(&mut local, wanted).await
}

/// A folder with the data of a stack that has ended.
async fn kept() -> Result<TempDir> {
    World::start_with(&["--locks", "2"]).await?.stop().await
}

fn local(folder: &Path) -> Result<Command> {
    let mut local = command(&program("lockctl")?, folder);
    local.args(SCRIPT).args(["--data-dir", "data"]);
    Ok(local)
}

#[tokio::test]
async fn a_full_disk_is_named_with_the_place_to_make_room() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let cloud = folder.path().join("data/cloud");
    std::fs::create_dir_all(&cloud)?;
    symlink("/dev/full", cloud.join("ca.key.pem.new"))?;
    let data = folder.path().join("data").canonicalize()?;
    let advice = format!(
        "; the disk is full: make room on the disk of {}, or choose another place with --data-dir",
        data.display()
    );
    let wanted = format!(
        "start the local cloud: write {}: No space left on device (os error 28){advice}",
        data.join("cloud/ca.key.pem.new").display()
    );
    refuse(&mut local(folder.path())?, &wanted).await?;
    // The database meets the limit first: every other file is smaller.
    std::fs::remove_dir_all(&cloud)?;
    let lockctl = program("lockctl")?;
    let mut limited = command(Path::new("sh"), folder.path());
    limited.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""]);
    limited
        .arg(lockctl)
        .args(SCRIPT)
        .args(["--data-dir", "data"]);
    let output = ended(&mut limited).await?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1), "{errors}");
    ensure!(errors.lines().count() == 1, "{errors}");
    ensure!(errors.trim().ends_with(&advice), "{errors}");
    Ok(())
}

#[tokio::test]
async fn a_damaged_key_or_certificate_is_named_and_its_removal_helps() -> Result<()> {
    let folder = kept().await?;
    let data = folder.path().join("data").canonicalize()?;
    for (file, why) in [
        ("things/lock-2/private.key", "the key is missing or damaged"),
        (
            "things/lock-2/certificate.pem",
            "the certificate is missing or damaged",
        ),
    ] {
        let path = data.join(file);
        std::fs::write(&path, "-----BEGIN")?;
        let directory = path.parent().context("a file is in a folder")?;
        let wanted = format!(
            "provision lock-2: use the key and certificate in {}: {why}: remove that directory, \
             and the next start makes new ones",
            directory.display()
        );
        let mut local = local(folder.path())?;
        refuse(local.args(["--locks", "2"]), &wanted).await?;
    }
    std::fs::remove_dir_all(data.join("things/lock-2"))?;
    let world = World::start_in(folder, &["--locks", "2", "--headless"]).await?;
    let folder = world.stop().await?;
    std::fs::write(data.join("cloud/ca.key.pem"), "-----BEGIN")?;
    let cloud = data.join("cloud");
    let wanted = format!(
        "start the local cloud: load the certificate authority from {}: ca.pem or ca.key.pem is \
         missing or damaged: remove that directory to start over",
        cloud.display()
    );
    refuse(&mut local(folder.path())?, &wanted).await?;
    std::fs::remove_dir_all(cloud)?;
    let world = World::start_in(folder, &["--locks", "2", "--headless"]).await?;
    world.until_settled("lock-2", "locked").await?;
    Ok(())
}
