//! A Lambda function for tests of the Runtime API: it implements the protocol itself and does what
//! each event says.
//!
//! An event is `{"do":"…"}` with `echo`, `fail`, `fail-plain`, `exit`, `abort`, `hang`, `grow`,
//! `large`, `print`, `environment`, `twice` or `absent`; `print` writes the event's `lines`.
//! `PROBE_INIT=error|exit|once|hang` makes the start fail (`once` and `hang` only the first time,
//! which the file `PROBE_MARK` records).

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn call(method: &str, path: &str, body: &[u8]) -> std::io::Result<Reply> {
    call_with(method, &format!("/2018-06-01/runtime/{path}"), "", body)
}

fn call_with(method: &str, path: &str, headers: &str, body: &[u8]) -> std::io::Result<Reply> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").expect("the runtime api is given");
    let mut stream = TcpStream::connect(&api)?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {api}\r\n{headers}Content-Length: {}\r\nConnection: \
         close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok());
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let mut body = Vec::new();
    reader.read_to_end(&mut body)?;
    let status = status.ok_or(std::io::ErrorKind::InvalidData)?;
    Ok(Reply {
        status,
        headers,
        body,
    })
}

fn initialise() -> std::io::Result<()> {
    match std::env::var("PROBE_INIT").as_deref() {
        Ok("error") => {
            let error = json!({"errorType": "Probe.Init", "errorMessage": "no start"});
            call("POST", "init/error", error.to_string().as_bytes())?;
            std::process::exit(1);
        }
        Ok("exit") => std::process::exit(7),
        Ok(once @ ("once" | "hang")) => {
            let mark = std::env::var("PROBE_MARK").expect("a file to remember by");
            if std::fs::File::create_new(mark).is_ok() {
                match once {
                    "hang" => hang(),
                    _ => std::process::exit(7),
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// Reports an error in the body, or only in the header.
fn fail(id: &str, what: &str) -> std::io::Result<Reply> {
    let path = format!("/2018-06-01/runtime/invocation/{id}/error");
    let error =
        json!({"errorType": "Probe.Failed", "errorMessage": "as asked", "stackTrace": ["probe"]});
    match what {
        "fail" => call_with("POST", &path, "", error.to_string().as_bytes()),
        _ => {
            let header = "Lambda-Runtime-Function-Error-Type: Probe.Plain\r\n";
            call_with("POST", &path, header, b"no json")
        }
    }
}

fn main() -> std::io::Result<()> {
    initialise()?;
    let mut count = 0;
    loop {
        let event = call("GET", "invocation/next", b"")?;
        count += 1;
        let id = &event.headers["lambda-runtime-aws-request-id"];
        let request: Value = serde_json::from_slice(&event.body)?;
        let answer = match request["do"].as_str().unwrap_or_default() {
            what @ ("fail" | "fail-plain") => {
                fail(id, what)?;
                continue;
            }
            "exit" => std::process::exit(3),
            "abort" => std::process::abort(),
            "hang" => hang(),
            "grow" => {
                let megabytes = request["megabytes"].as_u64().unwrap_or_default() as usize;
                // Touches every page, so that all of it is in memory.
                let held = std::hint::black_box(vec![1_u8; megabytes << 20]);
                if request["hold"] == true {
                    hang();
                }
                json!(held.len())
            }
            "large" => {
                let path = format!("invocation/{id}/response");
                let bytes = request["bytes"].as_u64().unwrap_or_default() as usize;
                let status = call("POST", &path, &vec![b'1'; bytes])?.status;
                println!("status {status}");
                continue;
            }
            "absent" => {
                let paths = [
                    "/2018-06-01/runtime/restore/next",
                    "/2020-01-01/extension/event/next",
                ];
                let replies = paths.map(|path| call_with("GET", path, "", b""));
                let statuses = replies.into_iter().map(|r| r.map(|reply| reply.status));
                json!(statuses.collect::<Result<Vec<_>, _>>()?)
            }
            "print" if request["lines"].is_array() => {
                for line in request["lines"].as_array().into_iter().flatten() {
                    println!("{}", line.as_str().unwrap_or_default());
                }
                Value::Null
            }
            "print" => {
                println!("to stdout");
                eprintln!("to stderr");
                Value::Null
            }
            "environment" => std::env::vars().collect(),
            // Two responses to one event and one to no event: the next event returns the statuses.
            "twice" => {
                let path = format!("invocation/{id}/response");
                let statuses = [
                    call("POST", "invocation/other/response", b"0")?.status,
                    call("POST", &path, b"1")?.status,
                    call("POST", &path, b"2")?.status,
                ];
                println!("statuses {statuses:?}");
                continue;
            }
            _ => json!({
                "event": request,
                "headers": event.headers,
                "count": count,
                "pid": std::process::id(),
            }),
        };
        call(
            "POST",
            &format!("invocation/{id}/response"),
            answer.to_string().as_bytes(),
        )?;
    }
}
