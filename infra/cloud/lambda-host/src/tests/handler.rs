//! Handlers in Python and Node, run by the interpreters of the machine.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::{Failure, Notice, Outcome, find_interpreter};
use super::{World, world};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:layer:shared:1";

const PYTHON: &str = "
import logging
import os
import words

logging.getLogger().setLevel(logging.INFO)

def hear(event, context):
    logging.info('received %s', event['say'])
    if event['say'] == 'fail':
        raise ValueError('as asked')
    if event['say'] == 'set':
        return {1, 2}
    return {
        'said': words.shout(event['say']),
        'arn': context.invoked_function_arn,
        'left': context.get_remaining_time_in_millis(),
        'root': os.environ['LAMBDA_TASK_ROOT'] == os.getcwd(),
        'runtime': os.environ['AWS_EXECUTION_ENV'],
    }
";

const NODE: &str = "
const words = require('words');
exports.promised = async (event) => {
  if (event.say === 'fail') throw new TypeError('as asked');
  return { said: words.shout(event.say) };
};
exports.called = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  setTimeout(() => callback(null, { said: context.functionName }), 1);
};
exports.silent = (event) => { console.log('received ' + event.say); };
";

/// A function of `runtime` whose folder has this file, with a layer.
fn handler(runtime: &str, handler: &str, (file, code): (&str, &str)) -> (World, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &Path, text: &str| {
        let parent = path.parent().expect("a file has a folder");
        std::fs::create_dir_all(parent).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write(&folder.path().join("code").join(file), code);
    let layer = folder.path().join("layer");
    let shout = "def shout(text):\n    return text.upper()\n";
    write(&layer.join("python/words.py"), shout);
    let shout = "exports.shout = (text) => text.toUpperCase();\n";
    write(&layer.join("nodejs/node_modules/words.js"), shout);
    let world = world(|function, wiring| {
        function.runtime = runtime.to_owned();
        function.handler = handler.to_owned();
        function.layers = vec![ARN.to_owned()];
        function.log_format = None;
        function.log_level = None;
        function.timeout_s = 30;
        wiring.layers.insert(ARN.to_owned(), layer);
        let code = folder.path().join("code").canonicalize();
        let code = code.expect("it was written");
        wiring.binaries.insert("probe".to_owned(), code);
        let found = find_interpreter(runtime).expect("the tests need python3 and node");
        wiring.interpreters.insert(runtime.to_owned(), found.path);
    });
    (world, folder)
}

async fn say(world: &World, word: &str) -> Result<Value, Failure> {
    let event = json!({ "say": word }).to_string().into_bytes();
    let invoked = world.functions.invoke("home-Regulate", event, None).await;
    match invoked.expect("it is known") {
        Outcome::Success(answer) => Ok(serde_json::from_slice(&answer).expect("json")),
        Outcome::Failure(failure) => Err(failure),
    }
}

// AWS same(functions): a Python handler gets event and context, its result is the answer, its
//     exception the error, and it imports from the layers
// AWS different(functions): layers are at /opt; here each is a folder on the search paths, so code
//     that opens a file below /opt does not find it
// AWS different(functions): the managed runtimes hold AWS's SDKs and are of the version that the
//     template names; here the machine's interpreter runs, with the packages that it has
#[tokio::test]
async fn a_python_handler_answers_logs_and_fails() {
    let (mut world, _folder) = handler("python3.12", "app/ears.hear", ("app/ears.py", PYTHON));
    let answer = say(&world, "hello").await.expect("it answers");
    assert_eq!(
        answer,
        json!({
            "said": "HELLO",
            "arn": "arn:aws:lambda:us-east-1:123456789012:function:home-Regulate",
            // The deadline is of these tests' own clock, long ago.
            "left": 0,
            "root": true,
            "runtime": "AWS_Lambda_python3.12",
        })
    );
    let line = world.expect(|notice| match notice {
        Notice::Log { line, .. } if line.contains("received hello") => Some(line.clone()),
        _ => None,
    });
    let line = line.await;
    assert!(line.starts_with("[INFO]\t"), "{line}");
    let failure = say(&world, "fail").await.expect_err("it raises");
    assert_eq!(failure.error_type, "ValueError");
    assert_eq!(failure.message, "as asked");
    let failure = say(&world, "set").await.expect_err("no JSON");
    assert_eq!(failure.error_type, "Runtime.MarshalError");
    assert!(say(&world, "again").await.is_ok(), "the process goes on");
}

// AWS same(functions): a Node handler answers by a promise, by its callback, or with null when
//     nothing is left to do
#[tokio::test]
async fn a_node_handler_answers_by_promise_callback_or_silence() {
    let (world, _folder) = handler("nodejs20.x", "ears.promised", ("ears.js", NODE));
    assert_eq!(say(&world, "hi").await, Ok(json!({"said": "HI"})));
    let failure = say(&world, "fail").await.expect_err("it throws");
    assert_eq!(failure.error_type, "TypeError");
    assert_eq!(failure.message, "as asked");
    assert_eq!(say(&world, "ho").await, Ok(json!({"said": "HO"})));
    let (world, _folder) = handler("nodejs20.x", "ears.called", ("ears.js", NODE));
    assert_eq!(
        say(&world, "hi").await,
        Ok(json!({"said": "home-Regulate"}))
    );
    let (world, _folder) = handler("nodejs20.x", "ears.silent", ("ears.js", NODE));
    assert_eq!(say(&world, "hi").await, Ok(Value::Null));
    assert_eq!(say(&world, "hi").await, Ok(Value::Null));
    let module = "export const hear = async (event) => event.say;\n";
    let (world, _folder) = handler("nodejs22.x", "ears.hear", ("ears.mjs", module));
    assert_eq!(say(&world, "hi").await, Ok(json!("hi")));
}

// AWS same(functions): a handler that cannot be loaded fails with AWS's error types
#[tokio::test]
async fn a_handler_that_cannot_be_loaded_says_why() {
    let python = "import nowhere_at_all\n";
    for (runtime, name, file, code, kind, text) in [
        (
            "python3.12",
            "ears.hear",
            "ears.py",
            python,
            "Runtime.ImportModuleError",
            "Unable to import module 'ears': No module named 'nowhere_at_all'",
        ),
        (
            "python3.12",
            "ears.hear",
            "ears.py",
            "",
            "Runtime.HandlerNotFound",
            "Handler 'hear' missing on module 'ears'",
        ),
        (
            "nodejs20.x",
            "ears.hear",
            "ears.js",
            "require('nowhere-at-all');\n",
            "Runtime.ImportModuleError",
            "nowhere-at-all",
        ),
        (
            "nodejs20.x",
            "ears.hear",
            "ears.js",
            "exports.other = 1;\n",
            "Runtime.HandlerNotFound",
            "ears.hear is undefined or not exported",
        ),
    ] {
        let (world, _folder) = handler(runtime, name, (file, code));
        let failure = say(&world, "hi").await.expect_err(code);
        assert_eq!(failure.error_type, kind, "{code}");
        assert!(
            failure.message.contains(text),
            "{code}: {}",
            failure.message
        );
    }
}
