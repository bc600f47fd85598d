"""Runs a Python handler behind the Lambda Runtime API, as AWS's managed runtime does.

Source: AWS Lambda developer guide, "Building a custom runtime" and "Python handler".
"""

import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

VERSION = "/2018-06-01/runtime"
ROOT = os.environ["LAMBDA_TASK_ROOT"]


class Log(logging.Handler):
    """Writes what `logging` gets to standard output."""

    def __init__(self):
        super().__init__()
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(request)s\t%(message)s"
        self.setFormatter(logging.Formatter(form, "%Y-%m-%dT%H:%M:%S"))
        self.formatter.converter = time.gmtime
        self.request = ""

    def emit(self, record):
        record.request = self.request
        print(self.format(record), flush=True)


class Context:
    """What a handler learns about its invocation."""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = json.loads(headers.get("Lambda-Runtime-Client-Context") or "null")
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))


def call(method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        connection.request(method, VERSION + path, body, headers or {})
        answer = connection.getresponse()
        return answer.headers, answer.read()
    finally:
        connection.close()


def report(path, kind, message, trace=()):
    body = {"errorType": kind, "errorMessage": message, "stackTrace": list(trace)}
    print(f"[ERROR] {kind}: {message}\n" + "".join(trace), end="", flush=True)
    call("POST", path, json.dumps(body), {"Lambda-Runtime-Function-Error-Type": kind})


def refuse(kind, message, trace=()):
    report("/init/error", kind, message, trace)
    sys.exit(1)


def load(name):
    module, dot, attribute = name.rpartition(".")
    if not dot:
        refuse("Runtime.MalformedHandlerName", f"Bad handler '{name}': write it module.function")
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        refuse("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}")
    except SyntaxError as error:
        refuse("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}")
    except Exception as error:
        refuse(type(error).__name__, str(error), traceback.format_tb(error.__traceback__))
    if not hasattr(loaded, attribute):
        message = f"Handler '{attribute}' missing on module '{module}'"
        refuse("Runtime.HandlerNotFound", message)
    return getattr(loaded, attribute)


def serve(handler, log):
    while True:
        headers, event = call("GET", "/invocation/next")
        context = Context(headers)
        log.request = context.aws_request_id
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id") or ""
        path = "/invocation/" + context.aws_request_id
        try:
            result = handler(json.loads(event), context)
        except Exception as error:
            trace = traceback.format_tb(error.__traceback__)[1:]
            report(path + "/error", type(error).__name__, str(error), trace)
            continue
        try:
            answer = json.dumps(result)
        except (TypeError, ValueError) as error:
            message = f"Unable to marshal response: {error}"
            report(path + "/error", "Runtime.MarshalError", message)
            continue
        call("POST", path + "/response", answer)


sys.path[0] = ROOT
log = Log()
logging.getLogger().addHandler(log)
serve(load(os.environ["_HANDLER"]), log)
