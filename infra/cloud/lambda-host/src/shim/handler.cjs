// Runs a Node handler behind the Lambda Runtime API, as AWS's managed runtime does.
//
// Source: AWS Lambda developer guide, "Building a custom runtime" and "Node.js handler".

const fs = require("fs");
const http = require("http");
const path = require("path");
const url = require("url");

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const ROOT = process.env.LAMBDA_TASK_ROOT;
const VERSION = "/2018-06-01/runtime";

let current = null;

function call(method, place, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { host, port, method, path: VERSION + place, headers, agent: false };
    const request = http.request(options, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        resolve({ headers: answer.headers, body: Buffer.concat(parts).toString() });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function report(place, error, kind) {
  const errorType = kind || (error && error.name) || "Error";
  const errorMessage = String((error && error.message) || error);
  const trace = ((error && error.stack) || "").split("\n");
  console.error(`ERROR ${errorType}: ${errorMessage}\n${trace.slice(1).join("\n")}`);
  const body = JSON.stringify({ errorType, errorMessage, trace });
  await call("POST", place, body, { "Lambda-Runtime-Function-Error-Type": errorType });
}

async function refuse(error, kind) {
  await report("/init/error", error, kind);
  process.exit(1);
}

async function loadModule(file) {
  const found = [".js", ".mjs", ".cjs", ""].map((ending) => file + ending).find(fs.existsSync);
  if (!found) {
    const error = new Error(`Cannot find module '${path.basename(file)}' in ${ROOT}`);
    await refuse(error, "Runtime.ImportModuleError");
  }
  if (!found.endsWith(".mjs")) {
    try {
      return require(found);
    } catch (error) {
      if (error.code !== "ERR_REQUIRE_ESM" && error.code !== "ERR_REQUIRE_ASYNC_MODULE") {
        throw error;
      }
    }
  }
  return import(url.pathToFileURL(found));
}

async function load(name) {
  const slash = name.lastIndexOf("/") + 1;
  const dot = name.indexOf(".", slash);
  if (dot < 0) {
    await refuse(new Error(`Bad handler ${name}`), "Runtime.MalformedHandlerName");
  }
  const file = name.slice(0, dot);
  let loaded;
  try {
    loaded = await loadModule(path.resolve(ROOT, file));
  } catch (error) {
    const kinds = { SyntaxError: "Runtime.UserCodeSyntaxError" };
    const missing = error.code === "MODULE_NOT_FOUND" && "Runtime.ImportModuleError";
    await refuse(error, missing || kinds[error.name]);
  }
  const names = name.slice(dot + 1).split(".");
  const find = (from) => names.reduce((part, key) => part && part[key], from);
  const handler = find(loaded) || find(loaded.default);
  if (typeof handler !== "function") {
    const error = new Error(`${name} is undefined or not exported`);
    await refuse(error, "Runtime.HandlerNotFound");
  }
  return handler;
}

function contextOf(headers, settle) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const done = (error, result) => settle(error, result);
  return {
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: JSON.parse(headers["lambda-runtime-client-context"] || "null") || undefined,
    identity: undefined,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done,
    succeed: (result) => done(null, result),
    fail: (error) => done(error || new Error("failed")),
  };
}

// A handler answers by a promise, by its callback, or not at all: then when nothing is left to do.
function run(handler, event, headers) {
  return new Promise((resolve, reject) => {
    const settle = (error, result) => (error ? reject(error) : resolve(result));
    const idle = () => resolve(null);
    process.once("beforeExit", idle);
    const result = handler(event, contextOf(headers, settle), settle);
    if (result && typeof result.then === "function") {
      process.removeListener("beforeExit", idle);
      result.then(resolve, reject);
    }
  });
}

async function serve(handler) {
  for (;;) {
    const { headers, body } = await call("GET", "/invocation/next");
    const id = headers["lambda-runtime-aws-request-id"];
    process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"] || "";
    current = id;
    let result;
    try {
      result = await run(handler, JSON.parse(body), headers);
    } catch (error) {
      await report(`/invocation/${id}/error`, error);
      continue;
    } finally {
      process.removeAllListeners("beforeExit");
    }
    const answer = JSON.stringify(result === undefined ? null : result);
    await call("POST", `/invocation/${id}/response`, answer);
    current = null;
  }
}

async function crash(error, kind) {
  const place = current ? `/invocation/${current}/error` : "/init/error";
  try {
    await report(place, error, kind);
  } finally {
    process.exit(129);
  }
}

process.on("uncaughtException", (error) => crash(error, "Runtime.UncaughtException"));
process.on("unhandledRejection", (error) => crash(error, "Runtime.UnhandledPromiseRejection"));
load(process.env._HANDLER).then(serve);
