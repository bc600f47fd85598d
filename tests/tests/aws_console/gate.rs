//! Who gets an answer: the page that has the token, in a browser of this machine.

use anyhow::{Context, Result};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::console::{Console, secrets};
use crate::world;

/// Every path that answers about the cloud.
const READS: [&str; 3] = ["state", "stream", "history?thing=lock-1"];

/// The status of an answer, and its error.
async fn ask(request: RequestBuilder) -> Result<(u16, String)> {
    let answer = request.send().await?;
    let cors = "access-control-allow-origin";
    anyhow::ensure!(!answer.headers().contains_key(cors), "{answer:?}");
    let status = answer.status().as_u16();
    if status == 200 {
        // A stream does not end.
        return Ok((status, String::new()));
    }
    let text = answer.text().await?;
    let body: Value = serde_json::from_str(&text).unwrap_or(json!({ "error": text }));
    let error = body["error"].as_str().context("no error")?.to_owned();
    Ok((status, error))
}

#[tokio::test]
async fn nothing_is_answered_without_the_token_of_this_start() -> Result<()> {
    let world = world().await?;
    let shell = world.shell()?;
    let console = Console::start(shell.command(&["console", "--allow-requests"])?).await?;
    let other = Console::start(shell.command(&["console"])?).await?;
    assert_ne!(console.token, other.token);
    let wanted = "only the whole address that `lockctl console` printed opens this console";
    for path in READS {
        let get = || console.http.get(console.url(path));
        let with = |token: &str| get().bearer_auth(token);
        let in_query = |field: &str, token: &str| {
            let sign = if path.contains('?') { '&' } else { '?' };
            let url = format!("{}{sign}{field}={token}", console.url(path));
            console.http.get(url)
        };
        let (half, cookie) = (&console.token[..16], format!("token={}", console.token));
        for request in [
            get(),
            with(""),
            with(half),
            with(&other.token),
            with(&console.token.to_uppercase()),
            get().header("authorization", &console.token),
            get().header("cookie", cookie),
            in_query("token", half),
            in_query("mytoken", &console.token),
        ] {
            let (status, error) = ask(request).await?;
            assert!(
                status == 401 && error.starts_with(wanted),
                "{path}: {status} {error}"
            );
        }
        for request in [
            with(&console.token),
            console.http.get(console.read_url(path)),
        ] {
            assert_eq!(ask(request).await?, (200, String::new()), "{path}");
        }
    }
    // What changes something takes the token from a header alone.
    let url = console.read_url("locks/lock-1/request");
    let request = console.http.post(url).header("origin", &console.origin);
    let (status, error) = ask(request.json(&json!({ "want": "unlock" }))).await?;
    assert!(
        status == 401 && error.starts_with(wanted),
        "{status} {error}"
    );
    let lock = world.lock("lock-1").await?;
    assert_eq!(lock["record"]["state"], "locked");
    // The page's files have no secret, and bring the page that has none to the words above.
    for path in ["/", "/console.js", "/token.js"] {
        let file = console
            .http
            .get(format!("{}{path}", console.origin))
            .send()
            .await?;
        assert_eq!(file.status().as_u16(), 200, "{path}");
        let policy = file.headers()["content-security-policy"]
            .to_str()?
            .to_owned();
        assert!(policy.starts_with("default-src 'self'"), "{policy}");
    }
    other.end().await?;
    console.end().await
}

#[tokio::test]
async fn another_host_name_or_origin_gets_nothing() -> Result<()> {
    let world = world().await?;
    let console = world.shell()?.command(&["console", "--allow-requests"])?;
    let console = Console::start(console).await?;
    let port = console.origin.rsplit(':').next().context("no port")?;
    for host in ["evil.example", "127.0.0.1.evil.example", "0.0.0.0"] {
        for path in ["/", "/api/state"] {
            let request = console.http.get(format!("{}{path}", console.origin));
            let request = request.bearer_auth(&console.token);
            let (status, error) = ask(request.header("host", format!("{host}:{port}"))).await?;
            assert!(
                status == 403 && error.contains(host),
                "{host}{path}: {status} {error}"
            );
        }
    }
    let url = console.url("locks/lock-1/request");
    let post = || {
        let request = console.http.post(&url).bearer_auth(&console.token);
        request.json(&json!({ "want": "unlock" }))
    };
    let localhost = format!("http://localhost:{port}");
    for origin in [
        "http://evil.example",
        "null",
        "http://127.0.0.1:1",
        &localhost,
    ] {
        let (status, error) = ask(post().header("origin", origin)).await?;
        assert!(
            status == 403 && error.contains("origin"),
            "{origin}: {status} {error}"
        );
    }
    let (status, error) = ask(post()).await?;
    assert!(
        status == 403 && error.contains("origin"),
        "no origin: {status} {error}"
    );
    // A form of another page cannot send JSON, and no preflight request is allowed.
    let form = console.http.post(&url).bearer_auth(&console.token);
    let form = form
        .header("origin", &console.origin)
        .body(r#"{"want":"unlock"}"#);
    assert_eq!(ask(form).await?.0, 415);
    let preflight = console.http.request(Method::OPTIONS, &url);
    assert_eq!(
        ask(preflight.header("origin", &console.origin)).await?.0,
        401
    );
    let lock = world.lock("lock-1").await?;
    assert_eq!(lock["record"]["state"], "locked", "nothing was asked");
    assert_eq!(ask(post().header("origin", &console.origin)).await?.0, 200);
    world.until_settled("lock-1", "unlocked").await?;
    console.end().await
}

#[tokio::test]
async fn no_answer_and_no_line_has_the_credentials() -> Result<()> {
    let world = world().await?;
    let console = world.shell()?.command(&["console", "--allow-requests"])?;
    let console = Console::start(console).await?;
    let mut texts = console.lines.clone();
    let page = console
        .http
        .get(&console.origin)
        .send()
        .await?
        .text()
        .await?;
    let files = page
        .split(['"', '\''])
        .filter(|text| text.ends_with(".js") || text.ends_with(".css"));
    let files: Vec<&str> = files.collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let file = console
            .http
            .get(format!("{}/{file}", console.origin))
            .send()
            .await?;
        texts.push(file.text().await?);
    }
    for path in [
        "state",
        "history?thing=lock-1",
        "history?thing=lock-1&format=csv",
        "history?thing=lock-1&format=json-file",
        "history?thing=nobody",
        "history?thing=",
        "history",
        "credentials",
    ] {
        let answer = console.get(path).await?;
        texts.push(format!("{:?}", answer.headers()));
        texts.push(answer.text().await?);
    }
    let mut stream = console.get("stream").await?;
    let first = stream.chunk().await?.context("no frame")?;
    texts.push(String::from_utf8_lossy(&first).into_owned());
    for (lock, want) in [("lock-1", "unlock"), ("lock-1", "open"), ("lock-9", "lock")] {
        let (_, body) = console.ask(lock, &json!({ "want": want })).await?;
        texts.push(body.to_string());
    }
    texts.push(page);
    let all = texts.concat();
    assert!(
        all.contains("lock-1 is unlocked after"),
        "the answers were read"
    );
    for secret in secrets(&world)? {
        assert!(!all.contains(&secret), "an answer has {secret}");
    }
    console.end().await
}
