// The press function's work in JavaScript with the AWS SDK v3, for cargo xtask bench. It keeps the
// binding in the process, as a careful author would, and logs one JSON line.

import http from "node:http";
import {
  DynamoDBClient,
  GetItemCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { IoTDataPlaneClient, PublishCommand } from "@aws-sdk/client-iot-data-plane";

const CALLS = Number(process.env.BENCH_CALLS);
const TABLE = process.env.TABLE_NAME;
const dynamodb = new DynamoDBClient({ endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB });
const iot = new IoTDataPlaneClient({ endpoint: process.env.AWS_ENDPOINT_URL_IOT_DATA_PLANE });
const known = new Map();

const s = (text) => ({ S: text });
const n = (number) => ({ N: String(number) });

async function read(pk, sk) {
  const Key = { pk: s(pk), sk: s(sk) };
  const answer = await dynamodb.send(
    new GetItemCommand({ TableName: TABLE, Key, ConsistentRead: true }),
  );
  return answer.Item;
}

async function readBinding(button) {
  const item = await read(`button#${button}`, "binding");
  if (!item.enabled.BOOL) throw new Error(`button ${button} is not enabled`);
  const last = item.lastPress?.M ?? {};
  return {
    lock: item.lock.S,
    revision: item.revision,
    state: last.action?.S === "unlock" ? "unlocked" : "locked",
    version: Number(last.version?.N ?? 0),
  };
}

function writeBinding(binding, button, event, press, action, version) {
  const note = {
    at: n(event.receivedAt),
    pressId: s(event.pressId),
    sequence: n(press.sequence),
    version: n(version),
    action: s(action),
  };
  return {
    TableName: TABLE,
    Key: { pk: s(`button#${button}`), sk: s("binding") },
    UpdateExpression: "SET lastPress = :p",
    ConditionExpression: "revision = :r",
    ExpressionAttributeValues: { ":p": { M: note }, ":r": binding.revision },
  };
}

function writeRecord(binding, button, event, action, version) {
  const command = {
    action: s(action),
    attempts: n(1),
    id: s(event.pressId),
    createdAt: n(version),
    nextSendAt: n(version),
    cause: { M: { kind: s("button"), button: s(button) } },
  };
  return {
    TableName: TABLE,
    Key: { pk: s(`lock#${binding.lock}`), sk: s("record") },
    UpdateExpression: "SET version = :n, #s = :p, command = :c, dueShard = :h, dueAt = :n",
    ConditionExpression: "version = :v AND #s = :t AND #l = :l",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    ExpressionAttributeNames: { "#s": "status", "#l": "state" },
    ExpressionAttributeValues: {
      ":n": n(version),
      ":p": s("pending"),
      ":c": { M: command },
      ":h": s("7"),
      ":v": n(binding.version),
      ":t": s("settled"),
      ":l": s(binding.state),
    },
  };
}

function writeLine(binding, button, event, press, action, version) {
  const Item = {
    pk: s(`lock#${binding.lock}`),
    sk: s(`event#${event.receivedAt}#${event.pressId}`),
    kind: s("press"),
    key: s(event.pressId),
    at: n(event.receivedAt),
    button: s(button),
    click: s(press.clickType),
    intent: s("toggle"),
    decision: s("command"),
    reason: s("pressed"),
    action: s(action),
    version: n(version),
    commandId: s(event.pressId),
    sequence: n(press.sequence),
    principal: s(event.principal),
    ttl: n(Math.floor(version / 1000) + 7776000),
    subject: { M: { lock: s(binding.lock) } },
  };
  return { TableName: TABLE, Item };
}

async function handle(event) {
  const began = performance.now();
  const { button } = event;
  const press = JSON.parse(Buffer.from(event.payload, "base64").toString());
  if (!known.has(button)) known.set(button, await readBinding(button));
  const binding = known.get(button);
  // Without a note of the last press nothing can be predicted.
  if (CALLS === 3 || binding.version === 0) {
    const record = await read(`lock#${binding.lock}`, "record");
    binding.state = record.state.S;
    binding.version = Number(record.version.N);
  }
  const action = binding.state === "locked" ? "unlock" : "lock";
  const version = Math.max(Date.now(), binding.version + 1);
  const TransactItems = [
    { Update: writeBinding(binding, button, event, press, action, version) },
    { Update: writeRecord(binding, button, event, action, version) },
    { Put: writeLine(binding, button, event, press, action, version) },
  ];
  await dynamodb.send(new TransactWriteItemsCommand({ TransactItems }));
  const issuedAt = Math.floor(version / 1000);
  const commandId = event.pressId;
  const command = { v: 1, action, version, commandId, issuedAt, expiresAt: issuedAt + 30 };
  const payload = JSON.stringify(command);
  await iot.send(new PublishCommand({ topic: `remote-lock/${binding.lock}`, qos: 1, payload }));
  binding.version = version;
  binding.state = action === "lock" ? "locked" : "unlocked";
  const total_ms = performance.now() - began;
  const line = { level: "INFO", target: "press", button, action, version, total_ms };
  console.log(JSON.stringify(line));
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const request = http.request({ agent, host, port, method, path, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve([answer.headers, Buffer.concat(parts).toString()]));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function main() {
  const base = "/2018-06-01/runtime/invocation/";
  for (;;) {
    const [headers, text] = await call("GET", `${base}next`);
    let [part, body] = ["response", "null"];
    try {
      await handle(JSON.parse(text));
    } catch (error) {
      part = "error";
      body = JSON.stringify({ errorType: error.name, errorMessage: String(error) });
    }
    await call("POST", `${base}${headers["lambda-runtime-aws-request-id"]}/${part}`, body);
  }
}

main();
