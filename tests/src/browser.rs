//! A headless Chromium, driven through `ChromeDriver` by a few `WebDriver` commands.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long `ChromeDriver` may take to start, and an element to appear on the page.
const DEADLINE: Duration = Duration::from_secs(120);
/// How long the browser of a failed test may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(20);
/// The key under which `WebDriver` answers with an element's id.
/// Source: <https://www.w3.org/TR/webdriver2/#elements>
const ELEMENT_KEY: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with an empty profile, which ends when this handle is dropped.
pub struct Browser {
    http: reqwest::Client,
    /// URL of the `WebDriver` session, under which every command has its path.
    session: String,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts `ChromeDriver` and a headless Chromium window of the given size.
    pub async fn start(width: u32, height: u32) -> Result<Self> {
        let window = format!("--window-size={width},{height}");
        Self::start_with(&[window], Value::Null).await
    }

    /// Starts `ChromeDriver` and a headless Chromium with a phone's screen of the given size. A
    /// window cannot be as narrow.
    pub async fn start_phone(width: u32, height: u32) -> Result<Self> {
        let metrics = json!({ "width": width, "height": height, "pixelRatio": 2 });
        Self::start_with(&[], json!({ "deviceMetrics": metrics })).await
    }

    /// Starts a browser with more arguments, and a phone to emulate, if it is not `null`.
    async fn start_with(more: &[String], phone: Value) -> Result<Self> {
        let profile = tempfile::tempdir().context("create the browser's profile")?;
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
            .context("chromedriver did not start in time")??;
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
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let arguments = [&arguments, more].concat();
        let mut capabilities = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": {
                "implicit": DEADLINE.as_millis() as u64,
                "script": DEADLINE.as_millis() as u64,
            },
        });
        if !phone.is_null() {
            capabilities["goog:chromeOptions"]["mobileEmulation"] = phone;
        }
        let mut browser = Self {
            http: reqwest::Client::new(),
            session: format!("http://127.0.0.1:{port}/session"),
            driver,
            _profile: profile,
        };
        let body = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let opened = browser.call(Method::POST, "", &body).await?;
        let id = opened["sessionId"].as_str().context("no session id")?;
        browser.session = format!("{}/{id}", browser.session);
        Ok(browser)
    }

    /// Makes media queries of a page see these features, such as `prefers-color-scheme`, `dark`.
    pub async fn set_media(&self, features: &[(&str, &str)]) -> Result<()> {
        let features = features
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }));
        let features = features.collect::<Vec<_>>();
        let features = json!({ "features": features });
        let command = "Emulation.setEmulatedMedia";
        self.debug(command, &features).await.map(drop)
    }

    /// How long the page's scripts have run, in CPU time of their thread: other programs on the
    /// machine do not count.
    pub async fn script_time(&self) -> Result<Duration> {
        let domain = json!({ "timeDomain": "threadTicks" });
        self.debug("Performance.enable", &domain).await?;
        let metrics = self.debug("Performance.getMetrics", &json!({})).await?;
        let metrics = metrics["metrics"].as_array().context("no metrics")?;
        let script = metrics.iter().find(|it| it["name"] == "ScriptDuration");
        let seconds = script.and_then(|it| it["value"].as_f64());
        Ok(Duration::from_secs_f64(seconds.context("no time")?))
    }

    /// Calls a command of the `DevTools` protocol.
    async fn debug(&self, command: &str, params: &Value) -> Result<Value> {
        let body = json!({ "cmd": command, "params": params });
        self.call(Method::POST, "/goog/cdp/execute", &body).await
    }

    /// Opens a page.
    pub async fn open(&self, url: &str) -> Result<()> {
        let body = json!({ "url": url });
        self.call(Method::POST, "/url", &body).await.map(drop)
    }

    /// Waits until an element matches `xpath`, and returns the element's id.
    pub async fn find(&self, xpath: &str) -> Result<String> {
        let body = json!({ "using": "xpath", "value": xpath });
        let found = self.call(Method::POST, "/element", &body).await?;
        let id = found[ELEMENT_KEY].as_str();
        Ok(id.context("the element has no id")?.to_owned())
    }

    /// Clicks the element with this id.
    pub async fn click(&self, element: &str) -> Result<()> {
        let path = format!("/element/{element}/click");
        self.call(Method::POST, &path, &json!({})).await.map(drop)
    }

    /// Runs the body of a function on the page, and returns what it returns.
    pub async fn run(&self, script: &str) -> Result<Value> {
        let body = json!({ "script": script, "args": [] });
        self.call(Method::POST, "/execute/sync", &body).await
    }

    /// What the page has complained about on its console since the last call: errors and warnings.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let body = json!({ "type": "browser" });
        let entries = self.call(Method::POST, "/se/log", &body).await?;
        let entries = entries.as_array().context("the log is not a list")?;
        let is_bad = |entry: &&Value| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING"));
        Ok(entries
            .iter()
            .filter(is_bad)
            .map(|entry| entry["message"].to_string())
            .collect())
    }

    /// Presses keys, one after another, in the element that has the focus.
    pub async fn press_keys(&self, keys: &str) -> Result<()> {
        let strokes = keys.chars().flat_map(|key| {
            let key = key.to_string();
            [
                json!({ "type": "keyDown", "value": key }),
                json!({ "type": "keyUp", "value": key }),
            ]
        });
        let strokes: Vec<Value> = strokes.collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        let body = json!({ "actions": [keyboard] });
        self.call(Method::POST, "/actions", &body).await.map(drop)
    }

    /// Takes a picture of the window, as PNG.
    pub async fn screenshot(&self) -> Result<Vec<u8>> {
        let picture = self.call(Method::GET, "/screenshot", &Value::Null).await?;
        let text = picture.as_str().context("the screenshot is not a text")?;
        STANDARD.decode(text).context("decode the screenshot")
    }

    /// Closes the window and ends the driver.
    pub async fn close(mut self) -> Result<()> {
        self.call(Method::DELETE, "", &Value::Null).await?;
        self.driver.kill().await.context("end chromedriver")
    }

    /// Calls a `WebDriver` command and returns its value.
    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.session));
        if !body.is_null() {
            request = request.json(body);
        }
        let mut answer: Value = request.send().await?.json().await?;
        if let Some(error) = answer["value"]["error"].as_str() {
            bail!("WebDriver command {path} {body}: {error}");
        }
        Ok(answer["value"].take())
    }
}

/// A test that fails does not close its browser, and a driver that is killed leaves it running.
impl Drop for Browser {
    fn drop(&mut self) {
        let target = self.session.strip_prefix("http://");
        let Some((address, path)) = target.and_then(|target| target.split_once('/')) else {
            return;
        };
        let close = || {
            let mut driver = TcpStream::connect(address)?;
            driver.set_read_timeout(Some(CLOSE_WITHIN))?;
            let head = "Connection: close\r\nContent-Length: 0\r\n";
            write!(
                driver,
                "DELETE /{path} HTTP/1.1\r\nHost: {address}\r\n{head}\r\n"
            )?;
            driver.read(&mut [0; 1])
        };
        // A driver that has ended has closed it.
        let _ = close();
    }
}

/// Reads the port that `ChromeDriver` chose from its output.
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
    anyhow::bail!("chromedriver ended before it was ready")
}
