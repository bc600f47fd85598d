//! The folder of a device: its key, its certificate, the authority, its settings, and what to do
//! with them.
//!
//! Must not know: AWS. A file appears whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::kind::Kind;
use crate::cli::PowerOn;

/// Longest name of a file on the device. Source: SPIFFS of Mongoose OS, 32 bytes with the final 0.
const FILE_NAME_CHARS_MAX: usize = 31;
/// Longest beginning of the names of a device's files.
const STEM_CHARS_MAX: usize = FILE_NAME_CHARS_MAX - ".crt.pem".len();
/// Port of MQTT over TLS in AWS IoT.
pub const PORT: u16 = 8883;
/// What the board opens as its authority.
pub const AUTHORITY: &str = "ca.pem";
const SETTINGS: &str = "conf9.json";
const README: &str = "README.md";

/// The folder of one device.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    name: String,
}

/// What the settings of a board are made of.
#[derive(Debug, Clone)]
pub struct Board {
    /// What the board is.
    pub kind: Kind,
    /// Relay level and power-on state of a lock.
    pub latch: Option<(u8, PowerOn)>,
    /// `host` or `host:port` of the broker.
    pub endpoint: String,
    /// The authority that signed the broker's certificate, as PEM.
    pub authority: String,
}

impl Folder {
    /// The folder of a device below the folder of all. Reads and writes nothing.
    pub fn new(devices: &Path, name: &str) -> Self {
        Self {
            path: devices.join(name),
            name: name.to_owned(),
        }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The device's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A folder in this one, for the same device.
    pub fn inner(&self, name: &str) -> Self {
        Self {
            path: self.path.join(name),
            name: self.name.clone(),
        }
    }

    /// The name of the certificate's file.
    pub fn certificate(&self) -> String {
        format!("{}.crt.pem", stem(&self.name))
    }

    /// The name of the key's file.
    pub fn key(&self) -> String {
        format!("{}.key.pem", stem(&self.name))
    }

    /// A file of the folder; `None` if it is not there.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn read(&self, file: &str) -> Result<Option<String>> {
        let path = self.path.join(file);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
        }
    }

    /// Writes the private key, which only its owner may read.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write_key(&self, pem: &str) -> Result<()> {
        self.write(&self.key(), pem, 0o600)
    }

    /// Writes the certificate.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write_certificate(&self, pem: &str) -> Result<()> {
        self.write(&self.certificate(), pem, 0o644)
    }

    /// Writes everything but key and certificate. Settings that somebody has changed stay. Returns
    /// a line about each file that stays.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written.
    pub fn write_rest(&self, board: &Board) -> Result<Vec<String>> {
        let mut kept = Vec::new();
        if board.kind == Kind::Bridge {
            // The command that registers it writes the rest.
            self.write(AUTHORITY, &board.authority, 0o644)?;
            return Ok(kept);
        }
        if board.kind != Kind::GenuineButton {
            self.write(AUTHORITY, &board.authority, 0o644)?;
            let settings = format!("{:#}\n", self.settings(board));
            match self.read(SETTINGS)? {
                Some(text) if text != settings => kept.push(format!(
                    "{} stays: it differs from what this command writes; delete it, and repeat \
                     the command to have it written",
                    self.path.join(SETTINGS).display()
                )),
                Some(_) => {}
                None => self.write(SETTINGS, &settings, 0o644)?,
            }
        }
        self.write(README, &self.readme(board), 0o644)?;
        Ok(kept)
    }

    /// The settings of the board, as Mongoose OS reads them.
    fn settings(&self, board: &Board) -> Value {
        let server = if board.endpoint.contains(':') {
            board.endpoint.clone()
        } else {
            format!("{}:{PORT}", board.endpoint)
        };
        let mut settings = json!({
            "device": { "id": self.name },
            "app": { "role": board.kind.word() },
            "mqtt": {
                "server": server,
                "ssl_cert": self.certificate(),
                "ssl_key": self.key(),
                "ssl_ca_cert": AUTHORITY,
            },
        });
        if let Some((level, power_on)) = board.latch {
            let power_on = match power_on {
                PowerOn::Locked => "locked",
                PowerOn::Unlocked => "unlocked",
            };
            settings["lock"] = json!({ "unlocked_level": level, "power_on": power_on });
        }
        settings
    }

    fn readme(&self, board: &Board) -> String {
        let name = &self.name;
        if board.kind == Kind::GenuineButton {
            return format!(
                "# {name}\n\nThe certificate of this AWS IoT Button is in `{}`. Give the button \
                 this file and\nthe private key of its signing request, and `{}` as its \
                 endpoint.\nHARDWARE.md says how the button's client id becomes known.\n",
                self.certificate(),
                board.endpoint
            );
        }
        format!(
            "# {name}\n\nThe identity of this board. `{key}` is its private key: keep it secret, \
             and\ndelete it here once it is on the board.\n\nConnect the board, with the firmware \
             on it, and run in this folder:\n\n```console\n{lines}\n```\n\nThe Wi-Fi name and \
             password are stored on the board only. `mos config-set` changes other\nsettings, \
             such as `lock.relock_s=30`.\n",
            key = self.key(),
            lines = self.mos_lines().join("\n"),
        )
    }

    /// The commands that bring the folder to its board.
    pub fn mos_lines(&self) -> Vec<String> {
        let (certificate, key) = (self.certificate(), self.key());
        let files = [AUTHORITY, &certificate, &key, SETTINGS];
        let put = files.into_iter().map(|file| format!("$ mos put {file}"));
        let rest = ["call Sys.Reboot", "wifi SSID PASSWORD", "console"];
        put.chain(rest.map(|line| format!("$ mos {line}")))
            .collect()
    }

    /// The commands that bring only a new key and certificate to the board. Its files may have had
    /// other names; the last command also restarts it.
    pub fn identity_lines(&self) -> Vec<String> {
        let (certificate, key) = (self.certificate(), self.key());
        vec![
            format!("$ mos put {certificate}"),
            format!("$ mos put {key}"),
            format!("$ mos config-set mqtt.ssl_cert={certificate} mqtt.ssl_key={key}"),
        ]
    }

    /// Writes a file that everybody may read.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write_text(&self, file: &str, text: &str) -> Result<()> {
        self.write(file, text, 0o644)
    }

    /// Removes a file; one that is not there is removed already.
    ///
    /// # Errors
    ///
    /// It cannot be removed.
    pub fn remove(&self, file: &str) -> Result<()> {
        let path = self.path.join(file);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    fn write(&self, file: &str, text: &str, mode: u32) -> Result<()> {
        let path = self.path.join(file);
        write_whole(&self.path, &path, text, mode)
            .with_context(|| format!("write {}", path.display()))
    }

    /// Removes this folder if nothing is in it.
    ///
    /// # Errors
    ///
    /// It cannot be removed.
    pub fn remove_empty(&self) -> Result<()> {
        match fs::remove_dir(&self.path) {
            Err(error)
                if !matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty
                ) =>
            {
                Err(error).with_context(|| format!("remove {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Moves a file into another folder of this device.
    ///
    /// # Errors
    ///
    /// It cannot be moved.
    pub fn move_to(&self, file: &str, to: &Self) -> Result<()> {
        let (from, to) = (self.path.join(file), to.path.join(file));
        let parent = to.parent().unwrap_or(&self.path);
        create_private(parent)
            .and_then(|()| fs::rename(&from, &to))
            .with_context(|| format!("move {} to {}", from.display(), to.display()))
    }
}

/// The beginning of the names of a device's files: its name, or for a long one its first characters
/// and a number that stands for the whole.
fn stem(name: &str) -> String {
    if name.len() <= STEM_CHARS_MAX {
        return name.to_owned();
    }
    // FNV-1a: names that begin alike get files that differ.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let begin = &name[..STEM_CHARS_MAX - 9];
    format!("{begin}-{hash:08x}")
}

fn create_private(directory: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory)
}

fn write_whole(directory: &Path, path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    create_private(directory)?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(".tmp");
    let draft = PathBuf::from(draft);
    // A draft of an earlier attempt may have other rights.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

#[cfg(test)]
mod tests;
