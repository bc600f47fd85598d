//! A function for the tests of the Runtime API: it speaks the protocol by hand and does as each event asks.
//!
//! Event: `{"do":"echo"|"fail"|"exit"|"hang"|"print"|"environment"|"twice"}`. `PROBE_INIT=error|exit|once` makes its start fail
//! (`once`: only the first time, remembered in the file `PROBE_MARK`). Must not know: the crate it tests.

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
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").expect("the runtime api is given");
    let mut stream = TcpStream::connect(&api)?;
    write!(
        stream,
        "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: {api}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
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
        Ok("once") => {
            let mark = std::env::var("PROBE_MARK").expect("a file to remember by");
            if std::fs::File::create_new(mark).is_ok() {
                std::process::exit(7);
            }
        }
        _ => {}
    }
    Ok(())
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
            "fail" => {
                let error = json!({"errorType": "Probe.Failed", "errorMessage": "as asked"});
                call(
                    "POST",
                    &format!("invocation/{id}/error"),
                    error.to_string().as_bytes(),
                )?;
                continue;
            }
            "exit" => std::process::exit(3),
            "hang" => loop {
                std::thread::park();
            },
            "print" => {
                println!("to stdout");
                eprintln!("to stderr");
                Value::Null
            }
            "environment" => std::env::vars().collect(),
            // Two answers to one event, and an answer to none: the statuses come back with the next event.
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
