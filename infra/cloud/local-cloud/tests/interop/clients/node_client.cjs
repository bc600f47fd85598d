// The AWS SDK for JavaScript v3: provisions a device and uses its shadow.
//
// usage: node node_client.cjs READY_FILE CERTIFICATE_FILE KEY_FILE
// It writes the files for the thing `made`.
const assert = require("node:assert/strict");
const fs = require("node:fs");
const iot = require("@aws-sdk/client-iot");
const data = require("@aws-sdk/client-iot-data-plane");

const [readyFile, certificateFile, keyFile] = process.argv.slice(2);
const ready = JSON.parse(fs.readFileSync(readyFile, "utf8"));

const settings = (endpoint, secret) => ({
  endpoint: ready[endpoint],
  region: ready.region,
  credentials: { ...ready.credentials, ...secret },
});
const said = (what) => console.log(`ok: ${what}`);

async function provision() {
  const client = new iot.IoTClient(settings("iot"));
  const send = (command) => client.send(command);
  const thing = await send(new iot.CreateThingCommand({ thingName: "made" }));
  assert.match(thing.thingArn, /:thing\/made$/);
  const issued = await send(new iot.CreateKeysAndCertificateCommand({ setAsActive: true }));
  const target = issued.certificateArn;
  await send(new iot.AttachPolicyCommand({ policyName: "device", target }));
  await send(new iot.AttachThingPrincipalCommand({ thingName: "made", principal: target }));
  const attached = await send(new iot.ListAttachedPoliciesCommand({ target }));
  assert.deepEqual(attached.policies.map((policy) => policy.policyName), ["device"]);
  const { certificateId } = issued;
  const described = await send(new iot.DescribeCertificateCommand({ certificateId }));
  assert.equal(described.certificateDescription.status, "ACTIVE");
  assert.ok(described.certificateDescription.creationDate instanceof Date);
  const endpoint = await send(new iot.DescribeEndpointCommand({ endpointType: "iot:Data-ATS" }));
  assert.equal(endpoint.endpointAddress, ready.mqtts);
  said("a device is provisioned");

  const changed = { thingName: "made", attributePayload: { attributes: { room: "1" } } };
  await assert.rejects(send(new iot.CreateThingCommand(changed)), (error) => {
    assert.ok(error instanceof iot.ResourceAlreadyExistsException);
    assert.equal(error.resourceArn, thing.thingArn);
    return true;
  });
  await assert.rejects(
    send(new iot.DescribeThingCommand({ thingName: "none" })),
    (error) => error instanceof iot.ResourceNotFoundException,
  );
  said("refusals are the SDK's own classes");
  fs.writeFileSync(certificateFile, issued.certificatePem);
  fs.writeFileSync(keyFile, issued.keyPair.PrivateKey);
}

async function use() {
  const client = new data.IoTDataPlaneClient(settings("iotData"));
  const read = (answer) => JSON.parse(Buffer.from(answer.payload).toString());
  const payload = Buffer.from(JSON.stringify({ state: { desired: { mode: "warm" } } }));
  const update = new data.UpdateThingShadowCommand({ thingName: "made", payload });
  const updated = await client.send(update);
  assert.equal(read(updated).version, 1);
  const shadow = await client.send(new data.GetThingShadowCommand({ thingName: "made" }));
  assert.deepEqual(read(shadow).state.delta, { mode: "warm" });
  const message = { topic: "open/kept", qos: 1, retain: true, payload: Buffer.from("kept") };
  await client.send(new data.PublishCommand(message));
  const kept = await client.send(new data.GetRetainedMessageCommand({ topic: "open/kept" }));
  assert.equal(Buffer.from(kept.payload).toString(), "kept");
  await assert.rejects(
    client.send(new data.GetThingShadowCommand({ thingName: "none" })),
    (error) => error instanceof data.ResourceNotFoundException,
  );
  said("shadow and retained message are used");
  const forged = new data.IoTDataPlaneClient(settings("iotData", { secretAccessKey: "wrong" }));
  const get = new data.GetThingShadowCommand({ thingName: "made" });
  await assert.rejects(forged.send(get), /[Ss]ignature/);
  said("a wrong signature is refused");
}

provision().then(use).catch((error) => {
  console.error(error);
  process.exit(1);
});
