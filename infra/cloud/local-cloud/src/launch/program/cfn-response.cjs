// Answers for a custom resource: what AWS puts next to inline code in Node.
//
// Source: CloudFormation user guide, "cfn-response module".

const url = require("url");

exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = (event, context, responseStatus, responseData, physicalResourceId, noEcho) => {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: `See the log stream ${context.logStreamName}`,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  const place = url.parse(event.ResponseURL);
  const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
  const options = { ...place, method: "PUT", headers };
  const client = place.protocol === "http:" ? require("http") : require("https");
  const request = client.request(options, () => context.done());
  request.on("error", (error) => context.done(error));
  request.end(body);
};
