//! The `iot` REST API, as far as a person or a tool needs it to provision a device.
//!
//! Paths and shapes are those of the AWS IoT API of 2015-05-28. Must not know: how the registry
//! keeps its records.

mod certificate;
mod error;
mod group;
mod input;
mod job;
mod page;
mod policy;
mod provisioning;
mod rule;
mod thing;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use serde_json::{Value, json};

use crate::answer::{ApiError, ok};
use crate::caller::Callers;
use crate::event::EventBus;
use crate::job::JobService;
use crate::parameter::Parameters;
use crate::provisioning::Provisioning;
use crate::registry::Registry;
use crate::rule::Switches;

#[derive(Clone)]
pub struct ControlPlane {
    pub registry: Registry,
    pub callers: Callers,
    pub rules: Switches,
    pub events: EventBus,
    pub jobs: JobService,
    pub provisioning: Provisioning,
    /// The answer of `DescribeEndpoint`: host and port of the MQTT listener, as ports differ from
    /// AWS's.
    pub endpoint: String,
}

type Answer = Result<Response, ApiError>;
type Plane = State<ControlPlane>;
type Name = Path<String>;

pub fn router(plane: ControlPlane) -> Router {
    Router::new()
        .route("/endpoint", get(describe_endpoint))
        .merge(things())
        .merge(certificates())
        .merge(policies())
        .merge(rules())
        .merge(jobs())
        .merge(provisioning_templates())
        .fallback(async || unknown())
        .method_not_allowed_fallback(async || unknown())
        .layer(middleware::from_fn_with_state(plane.clone(), check_caller))
        .with_state(plane)
}

fn unknown() -> ApiError {
    let message = "this operation is not part of the local cloud";
    ApiError::new(404, "UnknownOperationException", message)
}

fn things() -> Router<ControlPlane> {
    Router::new()
        .route("/things", get(thing::list))
        .route(
            "/things/{name}",
            post(thing::create)
                .get(thing::describe)
                .patch(thing::update)
                .delete(thing::delete),
        )
        .route(
            "/things/{name}/principals",
            put(thing::attach)
                .delete(thing::detach)
                .get(thing::principals),
        )
        .route("/things/{name}/principals-v2", get(thing::principals_v2))
        .route("/principals/things", get(thing::of_principal))
        .route("/things/{name}/thing-groups", get(group::of_thing))
        .route(
            "/thing-types/{name}",
            post(group::create_type).get(group::describe_type),
        )
        .route(
            "/thing-groups/{name}",
            post(group::create).get(group::describe),
        )
        .route("/thing-groups/{name}/things", get(group::things))
        .route("/thing-groups/addThingToThingGroup", put(group::add))
        .route(
            "/thing-groups/removeThingFromThingGroup",
            put(group::remove),
        )
}

fn certificates() -> Router<ControlPlane> {
    Router::new()
        .route("/keys-and-certificate", post(certificate::create_keys))
        .route(
            "/certificates",
            post(certificate::create_from_csr).get(certificate::list),
        )
        .route(
            "/certificates/{id}",
            put(certificate::update)
                .get(certificate::describe)
                .delete(certificate::delete),
        )
}

fn policies() -> Router<ControlPlane> {
    Router::new()
        .route("/policies", get(policy::list))
        .route(
            "/policies/{name}",
            post(policy::create).get(policy::get).delete(policy::delete),
        )
        .route(
            "/policies/{name}/version",
            post(policy::create_version).get(policy::list_versions),
        )
        .route(
            "/policies/{name}/version/{version}",
            get(policy::get_version)
                .patch(policy::set_default_version)
                .delete(policy::delete_version),
        )
        .route(
            "/target-policies/{name}",
            put(policy::attach).post(policy::detach),
        )
        .route("/attached-policies/{target}", post(policy::attached))
        .route("/policy-targets/{name}", post(policy::targets))
        .route(
            "/principal-policies/{name}",
            put(policy::attach_principal).delete(policy::detach_principal),
        )
        .route("/principal-policies", get(policy::of_principal))
        .route("/policy-principals", get(policy::principals))
}

fn rules() -> Router<ControlPlane> {
    Router::new()
        .route("/rules", get(rule::list))
        .route("/rules/{name}", get(rule::get))
        .route("/rules/{name}/enable", post(rule::enable))
        .route("/rules/{name}/disable", post(rule::disable))
}

fn jobs() -> Router<ControlPlane> {
    Router::new()
        .route("/jobs", get(job::list))
        .route(
            "/jobs/{id}",
            put(job::create)
                .get(job::describe)
                .patch(job::update)
                .delete(job::delete),
        )
        .route("/jobs/{id}/cancel", put(job::cancel))
        .route("/jobs/{id}/targets", post(job::associate))
        .route("/jobs/{id}/job-document", get(job::get_document))
        .route("/jobs/{id}/things", get(job::executions_of_job))
        .route("/things/{name}/jobs", get(job::executions_of_thing))
        .route("/things/{name}/jobs/{id}", get(job::describe_execution))
        .route(
            "/things/{name}/jobs/{id}/cancel",
            put(job::cancel_execution),
        )
        .route(
            "/things/{name}/jobs/{id}/executionNumber/{number}",
            delete(job::delete_execution),
        )
}

fn provisioning_templates() -> Router<ControlPlane> {
    Router::new()
        .route(
            "/provisioning-templates",
            post(provisioning::create).get(provisioning::list),
        )
        .route(
            "/provisioning-templates/{name}",
            get(provisioning::describe)
                .patch(provisioning::update)
                .delete(provisioning::delete),
        )
        .route(
            "/provisioning-templates/{name}/provisioning-claim",
            post(provisioning::create_claim),
        )
        .route(
            "/provisioning-templates/{name}/versions",
            post(provisioning::create_version).get(provisioning::versions),
        )
        .route(
            "/provisioning-templates/{name}/versions/{number}",
            get(provisioning::describe_version).delete(provisioning::delete_version),
        )
}

async fn check_caller(State(plane): Plane, request: Request, next: Next) -> Response {
    use axum::response::IntoResponse;
    match plane.callers.identify(request.headers()) {
        Some(_) => next.run(request).await,
        None => ApiError::unknown_key().into_response(),
    }
}

/// Only the data endpoint exists here; AWS has others for credentials and jobs.
async fn describe_endpoint(State(plane): Plane, q: Parameters) -> Answer {
    match q.text("endpointType") {
        None | Some("iot:Data" | "iot:Data-ATS") => {
            Ok(ok(&json!({"endpointAddress": plane.endpoint})))
        }
        Some(kind @ ("iot:CredentialProvider" | "iot:Jobs")) => Err(ApiError::invalid(&format!(
            "{kind} is not part of the local cloud, only iot:Data-ATS is"
        ))),
        Some(other) => Err(ApiError::invalid(&format!(
            "{other:?} is not an endpoint type"
        ))),
    }
}

/// The answer of operations without a result.
fn done() -> Answer {
    Ok(ok(&json!({})))
}

/// A time in AWS's JSON: seconds since the Unix epoch.
fn seconds(ms: u64) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of any century fit"
    )]
    let seconds = ms as f64 / 1000.0;
    seconds.into()
}
