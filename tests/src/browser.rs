//! A real headless Chromium, driven through ChromeDriver.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long ChromeDriver may take to come up.
const DEADLINE: Duration = Duration::from_secs(120);

/// A browser of its own, with an empty profile; ends with its handle.
pub struct Browser {
    /// The page.
    pub page: Client,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts ChromeDriver on a port of its choice, and a headless Chromium window of the given size.
    pub async fn start(width: u32, height: u32) -> Result<Self> {
        let profile = tempfile::tempdir().context("make the browser's profile")?;
        let mut driver = Command::new("chromedriver")
            .args(["--port=0", "--allowed-ips=127.0.0.1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("start chromedriver: `cargo xtask setup` installs it")?;
        let stdout = driver
            .stdout
            .take()
            .context("chromedriver's output was not captured")?;
        let port = tokio::time::timeout(DEADLINE, port(stdout))
            .await
            .context("chromedriver did not come up")??;
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--hide-scrollbars".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let options = json!({ "goog:chromeOptions": { "args": arguments } });
        let capabilities = options
            .as_object()
            .cloned()
            .context("the capabilities are an object")?;
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("open a browser window")?;
        Ok(Self {
            page,
            driver,
            _profile: profile,
        })
    }

    /// Closes the window and ends the driver.
    pub async fn close(mut self) -> Result<()> {
        self.page.close().await.context("close the browser")?;
        self.driver.kill().await.context("end chromedriver")
    }
}

/// ChromeDriver prints the port it chose.
async fn port(stdout: tokio::process::ChildStdout) -> Result<u16> {
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines
        .next_line()
        .await
        .context("read chromedriver's output")?
    {
        if let Some((_, rest)) = line.split_once("successfully on port ") {
            let port = rest
                .trim_end_matches('.')
                .parse()
                .with_context(|| format!("read the port in `{line}`"))?;
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(port);
        }
    }
    anyhow::bail!("chromedriver ended before it was up")
}
