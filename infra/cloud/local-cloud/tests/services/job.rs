//! Jobs: created by the control plane, carried out by devices over MQTT.

use local_cloud::{IssuedCertificate, LocalCloud, Options};
use serde_json::{Value, json};

use crate::control_plane::{ask, refused, succeed};
use crate::world::{Client, here, options};

/// A cloud with a policy for devices.
pub async fn fleet() -> LocalCloud {
    LocalCloud::start(fleet_options()).await.unwrap()
}

/// Options of a cloud with the template of these tests.
pub fn fleet_options() -> Options {
    Options {
        template: here("fleet.yaml"),
        binaries: [("hook".to_owned(), here("hook.py"))].into(),
        ..options()
    }
}

/// A thing with a certificate that has all rights.
pub fn device(cloud: &LocalCloud, name: &str) -> IssuedCertificate {
    let registry = cloud.registry();
    registry.create_thing(name).unwrap();
    let certificate = registry.create_keys_and_certificate().unwrap();
    registry.attach_policy("device", &certificate.arn).unwrap();
    let arn = &certificate.arn;
    registry.attach_thing_principal(name, arn).unwrap();
    certificate
}

fn target(name: &str) -> String {
    format!("arn:aws:iot:us-east-1:123456789012:{name}")
}

/// Creates a job for a target such as `thing/t`.
async fn create(cloud: &LocalCloud, id: &str, to: &str, more: &Value) -> Value {
    let mut body = json!({"targets": [target(to)], "document": r#"{"do": "it"}"#});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let made = ask(cloud, &format!("PUT /jobs/{id}"), "", &body).await;
    assert_eq!(made.status, 200, "{made:?}");
    made.body
}

/// The next message, on a topic of jobs of the thing.
async fn received(client: &mut Client, thing: &str, topic: &str) -> Value {
    let (found, body) = client.json().await;
    assert_eq!(found, format!("$aws/things/{thing}/jobs/{topic}"));
    assert!(body["timestamp"].as_u64().is_some(), "{body}");
    body
}

async fn request(client: &mut Client, thing: &str, topic: &str, body: Value) -> Value {
    let name = format!("$aws/things/{thing}/jobs/{topic}");
    client.publish(&name, &body.to_string()).await;
    let (found, answer) = client.json().await;
    assert!(found.starts_with(&name), "{found}");
    let kind = found.rsplit('/').next().unwrap();
    json!({"kind": kind, "answer": answer})
}

// AWS same(jobs): a new job is announced on notify (all pending executions, by status) and
//     notify-next (the first, with its document); so is each change of either
// AWS same(jobs): an answer goes to the client that asked, subscribed or not, and to no other
//     client
// AWS unknown(jobs): AWS does not say what notify-next carries without pending executions; here
//     an empty execution
// AWS different(jobs): AWS answers a topic of jobs without an operation with InvalidTopic; here the
//     connection ends
// AWS unknown(jobs): the QoS of notify and notify-next; here 0, so a device that was away gets none
//     and asks when it is back
#[tokio::test]
async fn a_device_hears_of_its_job_and_reports_on_it() {
    let cloud = fleet().await;
    let certificate = device(&cloud, "t");
    let mut spy = Client::connect(&cloud, "spy", &device(&cloud, "spy")).await;
    spy.subscribe("$aws/things/t/jobs/#").await;
    let mut client = Client::connect(&cloud, "t", &certificate).await;
    client.subscribe("$aws/things/t/jobs/notify").await;
    client.subscribe("$aws/things/t/jobs/notify-next").await;

    let made = create(&cloud, "j", "thing/t", &json!({"description": "d"})).await;
    let arn = target("job/j");
    assert_eq!(
        made,
        json!({"jobArn": arn, "jobId": "j", "description": "d"})
    );
    let notified = received(&mut client, "t", "notify").await;
    assert_eq!(notified["jobs"]["QUEUED"][0]["jobId"], "j");
    let next = received(&mut client, "t", "notify-next").await;
    assert_eq!(next["execution"]["jobDocument"], json!({"do": "it"}));
    assert_eq!(next["execution"]["status"], "QUEUED");

    let token = json!({"clientToken": "k"});
    let name = "$aws/things/t/jobs/start-next";
    client.publish(name, &token.to_string()).await;
    // The change is announced before it is answered.
    let notified = received(&mut client, "t", "notify").await;
    assert_eq!(notified["jobs"]["IN_PROGRESS"][0]["versionNumber"], 2);
    let started = received(&mut client, "t", "start-next/accepted").await;
    assert_eq!(started["clientToken"], "k");
    assert_eq!(started["execution"]["status"], "IN_PROGRESS");
    let refused = request(
        &mut client,
        "t",
        "other/update",
        json!({"status": "FAILED"}),
    )
    .await;
    assert_eq!(refused["kind"], "rejected");
    assert_eq!(refused["answer"]["code"], "ResourceNotFound");

    let done = json!({"status": "SUCCEEDED", "statusDetails": {"took": "1 s"}});
    client
        .publish("$aws/things/t/jobs/j/update", &done.to_string())
        .await;
    assert_eq!(
        received(&mut client, "t", "notify").await["jobs"],
        json!({})
    );
    let next = received(&mut client, "t", "notify-next").await;
    assert_eq!(next["execution"], json!({}));
    received(&mut client, "t", "j/update/accepted").await;

    let shown = succeed(&cloud, "GET /jobs/j").await["job"].clone();
    assert_eq!(
        (&shown["status"], &shown["jobArn"]),
        (&json!("COMPLETED"), &json!(arn))
    );
    assert_eq!(shown["jobProcessDetails"]["numberOfSucceededThings"], 1);
    let execution = succeed(&cloud, "GET /things/t/jobs/j").await["execution"].clone();
    assert_eq!(execution["status"], "SUCCEEDED");
    assert_eq!(
        execution["statusDetails"]["detailsMap"],
        json!({"took": "1 s"})
    );
    assert_eq!(execution["thingArn"], target("thing/t"));

    // The other client got requests and notifications, no answer.
    let mut topics = Vec::new();
    while topics
        .last()
        .is_none_or(|last| last != "$aws/things/t/jobs/j/update")
    {
        let (topic, _) = spy.json().await;
        topics.push(topic);
    }
    assert!(
        !topics
            .iter()
            .any(|t| t.ends_with("accepted") || t.ends_with("rejected"))
    );

    client.publish("$aws/things/t/jobs/notify", "{}").await;
    client.closed().await;
    cloud.shutdown().await;
}

// AWS same(jobs): a job for a group is for its things; a continuous one also for those that join
//     later
// AWS same(jobs): an execution that is late is TIMED_OUT, and its device is notified
#[tokio::test]
async fn a_job_for_a_group_reaches_its_things() {
    let cloud = LocalCloud::start(Options {
        time_scale: 0.01,
        ..fleet_options()
    })
    .await
    .unwrap();
    let mut client = Client::connect(&cloud, "u", &device(&cloud, "u")).await;
    client.subscribe("$aws/things/u/jobs/notify").await;
    device(&cloud, "t");
    let group = ask(&cloud, "POST /thing-groups/g", "", &json!({})).await;
    assert_eq!(group.status, 200);
    let add = async |thing: &str| {
        let member = json!({"thingGroupName": "g", "thingName": thing});
        let request = "PUT /thing-groups/addThingToThingGroup";
        assert_eq!(ask(&cloud, request, "", &member).await.status, 200);
    };
    add("t").await;
    let more = json!({"targetSelection": "CONTINUOUS",
        "timeoutConfig": {"inProgressTimeoutInMinutes": 1}});
    create(&cloud, "c", "thinggroup/g", &more).await;
    let things = succeed(&cloud, "GET /jobs/c/things").await;
    let things = things["executionSummaries"].as_array().unwrap().clone();
    assert_eq!(things.len(), 1);
    assert_eq!(things[0]["thingArn"], target("thing/t"));

    add("u").await;
    let notified = received(&mut client, "u", "notify").await;
    assert_eq!(notified["jobs"]["QUEUED"][0]["jobId"], "c");
    client.publish("$aws/things/u/jobs/start-next", "{}").await;
    received(&mut client, "u", "notify").await;
    received(&mut client, "u", "start-next/accepted").await;
    assert_eq!(
        received(&mut client, "u", "notify").await["jobs"],
        json!({})
    );
    let execution = succeed(&cloud, "GET /things/u/jobs/c").await["execution"].clone();
    assert_eq!(execution["status"], "TIMED_OUT");
    let listed = succeed(&cloud, "GET /things/u/jobs?status=TIMED_OUT").await;
    assert_eq!(listed["executionSummaries"][0]["jobId"], "c");
    cloud.shutdown().await;
}

// AWS same(jobs): CreateJob, CancelJob, DeleteJob, CancelJobExecution and DeleteJobExecution refuse
//     with AWS's error names and status codes
// AWS absent(jobs): document sources, job templates, presigned URLs, roll-out, abort, retries,
//     schedules, tags and namespaces of jobs; refused with InvalidRequestException and the field
// AWS absent(jobs): events of jobs ($aws/events/job/…), and devices' operations over HTTPS; the
//     latter are refused with UnknownOperationException
#[tokio::test]
async fn calls_about_jobs_are_refused_by_awss_names() {
    let cloud = fleet().await;
    device(&cloud, "t");
    create(&cloud, "j", "thing/t", &json!({})).await;
    let body = |more: Value| {
        let mut body = json!({"targets": [target("thing/t")], "document": "{}"});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    };
    let (missing, invalid) = ("ResourceNotFoundException", "InvalidRequestException");
    let none = Value::Null;
    for (request, body, status, kind) in [
        (
            "PUT /jobs/j",
            body(json!({})),
            409,
            "ResourceAlreadyExistsException",
        ),
        ("PUT /jobs/a.b", body(json!({})), 400, invalid),
        ("PUT /jobs/k", body(json!({"document": "{"})), 400, invalid),
        ("PUT /jobs/k", body(json!({"targets": []})), 400, invalid),
        (
            "PUT /jobs/k",
            body(json!({"targets": [target("thing/x")]})),
            404,
            missing,
        ),
        (
            "PUT /jobs/k",
            body(json!({"documentSource": "https://s"})),
            400,
            invalid,
        ),
        (
            "PUT /jobs/k",
            body(json!({"abortConfig": {}})),
            400,
            invalid,
        ),
        ("GET /jobs/k", none.clone(), 404, missing),
        ("GET /things/t/jobs/k", none.clone(), 404, missing),
        ("GET /jobs/j/things?status=LOST", none.clone(), 400, invalid),
        (
            "DELETE /jobs/j",
            none.clone(),
            409,
            "InvalidStateTransitionException",
        ),
        (
            "DELETE /things/t/jobs/j/executionNumber/1",
            none.clone(),
            409,
            "InvalidStateTransitionException",
        ),
        (
            "PUT /things/t/jobs/j/cancel",
            json!({"expectedVersion": 7}),
            409,
            "VersionConflictException",
        ),
        (
            "PUT /things/t/jobs/$next",
            json!({}),
            404,
            "UnknownOperationException",
        ),
    ] {
        refused(&cloud, request, "", &body, status, kind).await;
    }
    let why = json!({"reasonCode": "WHY", "comment": "c"});
    let cancelled = ask(&cloud, "PUT /jobs/j/cancel", "", &why).await;
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    let shown = succeed(&cloud, "GET /jobs/j").await["job"].clone();
    assert_eq!(
        (&shown["status"], &shown["reasonCode"]),
        (&json!("CANCELED"), &json!("WHY"))
    );
    assert_eq!(
        succeed(&cloud, "GET /jobs?status=CANCELED").await["jobs"][0]["jobId"],
        "j"
    );
    let document = succeed(&cloud, "GET /jobs/j/job-document").await;
    assert_eq!(document["document"], r#"{"do": "it"}"#);
    succeed(&cloud, "DELETE /jobs/j").await;
    assert_eq!(succeed(&cloud, "GET /jobs").await["jobs"], json!([]));
    cloud.shutdown().await;
}

// AWS same(jobs): jobs outlive the process, with where each execution stands
#[tokio::test]
async fn jobs_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let kept = || Options {
        data_dir: Some(directory.path().to_owned()),
        ..fleet_options()
    };
    let cloud = LocalCloud::start(kept()).await.unwrap();
    let certificate = device(&cloud, "t");
    create(&cloud, "j", "thing/t", &json!({})).await;
    let mut client = Client::connect(&cloud, "t", &certificate).await;
    let started = request(&mut client, "t", "start-next", json!({})).await;
    assert_eq!(started["kind"], "accepted");
    cloud.shutdown().await;

    let cloud = LocalCloud::start(kept()).await.unwrap();
    let mut client = Client::connect(&cloud, "t", &certificate).await;
    let next = request(&mut client, "t", "$next/get", json!({})).await;
    assert_eq!(next["answer"]["execution"]["status"], "IN_PROGRESS");
    assert_eq!(next["answer"]["execution"]["jobId"], "j");
    cloud.shutdown().await;
}
