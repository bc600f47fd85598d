//! The `iot` REST API, as far as a person or a tool needs it to provision a device.
//!
//! Paths and shapes are those of the AWS IoT API of 2015-05-28. Must not know how the registry keeps things.

mod error;

use std::collections::{BTreeMap, HashMap};

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{ApiError, ok};
use crate::caller::Callers;
use crate::registry::{Registry, certificate_id};

const PRINCIPAL: &str = "x-amzn-principal";
/// As AWS: policies have numbered versions, of which this service keeps one.
const POLICY_VERSION: &str = "1";

/// What the control plane needs.
#[derive(Clone)]
pub struct ControlPlane {
    /// Where everything is kept.
    pub registry: Registry,
    /// Who may call.
    pub callers: Callers,
    /// What DescribeEndpoint answers: host and port of the MQTT listener, since ports are not AWS's here.
    pub endpoint: String,
}

type Answer = Result<Response, ApiError>;
type Parameters = Query<HashMap<String, String>>;

/// All routes of the API.
pub fn router(plane: ControlPlane) -> Router {
    Router::new()
        .route("/endpoint", get(describe_endpoint))
        .route("/things", get(list_things))
        .route(
            "/things/{name}",
            post(create_thing).get(describe_thing).delete(delete_thing),
        )
        .route(
            "/things/{name}/principals",
            put(attach_thing_principal)
                .delete(detach_thing_principal)
                .get(list_thing_principals),
        )
        .route("/keys-and-certificate", post(create_keys_and_certificate))
        .route("/certificates", post(create_certificate_from_csr))
        .route(
            "/certificates/{id}",
            put(update_certificate)
                .get(describe_certificate)
                .delete(delete_certificate),
        )
        .route(
            "/policies/{name}",
            post(create_policy).get(get_policy).delete(delete_policy),
        )
        .route("/policies", get(list_policies))
        .route(
            "/target-policies/{name}",
            put(attach_policy).post(detach_policy),
        )
        .fallback(async || {
            let message = "this operation is not part of the local cloud";
            ApiError::new(404, "UnknownOperationException", message)
        })
        .layer(middleware::from_fn_with_state(plane.clone(), check_caller))
        .with_state(plane)
}

async fn check_caller(State(plane): State<ControlPlane>, request: Request, next: Next) -> Response {
    use axum::response::IntoResponse;
    match plane.callers.identify(request.headers()) {
        Some(_) => next.run(request).await,
        None => ApiError::stranger().into_response(),
    }
}

async fn describe_endpoint(State(plane): State<ControlPlane>) -> Answer {
    Ok(ok(&json!({"endpointAddress": plane.endpoint})))
}

#[derive(Deserialize, Default)]
struct CreateThing {
    #[serde(rename = "attributePayload", default)]
    payload: AttributePayload,
}

#[derive(Deserialize, Default)]
struct AttributePayload {
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

async fn create_thing(
    State(plane): State<ControlPlane>,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer {
    // SDKs send no body at all where nothing is optional.
    let request: CreateThing = match body.is_empty() {
        true => CreateThing::default(),
        false => serde_json::from_slice(&body).map_err(|e| error::invalid(&e.to_string()))?,
    };
    let attributes = request.payload.attributes;
    plane.registry.create_thing_with(&name, attributes)?;
    let records = plane.registry.records();
    let id = records.things.get(&name).map(|t| t.id.clone());
    let arn = plane.registry.arn(&format!("thing/{name}"));
    Ok(ok(
        &json!({"thingName": name, "thingArn": arn, "thingId": id}),
    ))
}

async fn describe_thing(State(plane): State<ControlPlane>, Path(name): Path<String>) -> Answer {
    let records = plane.registry.records();
    let thing = records
        .things
        .get(&name)
        .ok_or_else(|| error::not_found(&format!("Thing {name} not found")))?;
    Ok(ok(&json!({
        "defaultClientId": name,
        "thingName": name,
        "thingId": thing.id,
        "thingArn": plane.registry.arn(&format!("thing/{name}")),
        "attributes": thing.attributes,
        "version": 1,
    })))
}

async fn list_things(State(plane): State<ControlPlane>) -> Answer {
    let records = plane.registry.records();
    let things = records.things.iter().map(|(name, thing)| {
        json!({
            "thingName": name,
            "thingArn": plane.registry.arn(&format!("thing/{name}")),
            "attributes": thing.attributes,
            "version": 1,
        })
    });
    let things: Vec<Value> = things.collect();
    Ok(ok(&json!({ "things": things })))
}

async fn delete_thing(State(plane): State<ControlPlane>, Path(name): Path<String>) -> Answer {
    plane.registry.delete_thing(&name)?;
    Ok(ok(&json!({})))
}

fn principal(headers: &HeaderMap) -> Result<&str, ApiError> {
    let principal = headers.get(PRINCIPAL).and_then(|v| v.to_str().ok());
    principal.ok_or_else(|| error::invalid("x-amzn-principal is missing"))
}

async fn attach_thing_principal(
    State(plane): State<ControlPlane>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let principal = principal(&headers)?;
    plane.registry.attach_thing_principal(&name, principal)?;
    Ok(ok(&json!({})))
}

async fn detach_thing_principal(
    State(plane): State<ControlPlane>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let principal = principal(&headers)?;
    plane.registry.detach_thing_principal(&name, principal)?;
    Ok(ok(&json!({})))
}

async fn list_thing_principals(
    State(plane): State<ControlPlane>,
    Path(name): Path<String>,
) -> Answer {
    let records = plane.registry.records();
    let thing = records
        .things
        .get(&name)
        .ok_or_else(|| error::not_found(&format!("Thing {name} not found")))?;
    let ids = thing.principals.iter();
    let arns: Vec<String> = ids.map(|id| plane.registry.certificate_arn(id)).collect();
    Ok(ok(&json!({ "principals": arns })))
}

async fn create_keys_and_certificate(
    State(plane): State<ControlPlane>,
    Query(parameters): Parameters,
) -> Answer {
    let issued = plane.registry.create_keys_and_certificate()?;
    set_initial_state(&plane, &issued.id, &parameters)?;
    Ok(ok(&json!({
        "certificateArn": issued.arn,
        "certificateId": issued.id,
        "certificatePem": issued.pem,
        "keyPair": {"PublicKey": issued.public_key_pem, "PrivateKey": issued.private_key_pem},
    })))
}

#[derive(Deserialize)]
struct CreateCertificateFromCsr {
    #[serde(rename = "certificateSigningRequest")]
    csr: String,
}

async fn create_certificate_from_csr(
    State(plane): State<ControlPlane>,
    Query(parameters): Parameters,
    Json(request): Json<CreateCertificateFromCsr>,
) -> Answer {
    let signed = plane.registry.create_certificate_from_csr(&request.csr)?;
    set_initial_state(&plane, &signed.id, &parameters)?;
    Ok(ok(&json!({
        "certificateArn": plane.registry.certificate_arn(&signed.id),
        "certificateId": signed.id,
        "certificatePem": signed.pem,
    })))
}

/// New certificates are inactive unless `setAsActive` says otherwise.
fn set_initial_state(
    plane: &ControlPlane,
    id: &str,
    parameters: &HashMap<String, String>,
) -> Result<(), ApiError> {
    let active = parameters.get("setAsActive").is_some_and(|v| v == "true");
    Ok(plane.registry.set_certificate_active(id, active)?)
}

async fn update_certificate(
    State(plane): State<ControlPlane>,
    Path(id): Path<String>,
    Query(parameters): Parameters,
) -> Answer {
    let active = match parameters.get("newStatus").map(String::as_str) {
        Some("ACTIVE") => true,
        Some("INACTIVE" | "REVOKED") => false,
        _ => {
            return Err(error::invalid(
                "newStatus is neither ACTIVE, INACTIVE nor REVOKED",
            ));
        }
    };
    plane.registry.set_certificate_active(&id, active)?;
    Ok(ok(&json!({})))
}

async fn describe_certificate(State(plane): State<ControlPlane>, Path(id): Path<String>) -> Answer {
    let records = plane.registry.records();
    let certificate = records
        .certificates
        .get(&id)
        .ok_or_else(|| error::not_found("The certificate given in the request does not exist."))?;
    let status = if certificate.active {
        "ACTIVE"
    } else {
        "INACTIVE"
    };
    Ok(ok(&json!({"certificateDescription": {
        "certificateArn": plane.registry.certificate_arn(&id),
        "certificateId": id,
        "status": status,
        "certificatePem": certificate.pem,
        "creationDate": certificate.created_at_ms / 1000,
    }})))
}

async fn delete_certificate(State(plane): State<ControlPlane>, Path(id): Path<String>) -> Answer {
    plane.registry.delete_certificate(&id)?;
    Ok(ok(&json!({})))
}

#[derive(Deserialize)]
struct CreatePolicy {
    #[serde(rename = "policyDocument")]
    document: String,
}

async fn create_policy(
    State(plane): State<ControlPlane>,
    Path(name): Path<String>,
    Json(request): Json<CreatePolicy>,
) -> Answer {
    plane.registry.create_policy(&name, &request.document)?;
    Ok(ok(&json!({
        "policyName": name,
        "policyArn": plane.registry.arn(&format!("policy/{name}")),
        "policyDocument": request.document,
        "policyVersionId": POLICY_VERSION,
    })))
}

async fn get_policy(State(plane): State<ControlPlane>, Path(name): Path<String>) -> Answer {
    let records = plane.registry.records();
    let policy = records
        .policies
        .get(&name)
        .ok_or_else(|| error::not_found(&format!("Policy {name} not found")))?;
    Ok(ok(&json!({
        "policyName": name,
        "policyArn": plane.registry.arn(&format!("policy/{name}")),
        "policyDocument": policy.text,
        "defaultVersionId": POLICY_VERSION,
    })))
}

async fn list_policies(State(plane): State<ControlPlane>) -> Answer {
    let records = plane.registry.records();
    let names = records.policies.keys();
    let policies: Vec<Value> = names
        .map(|name| {
            let arn = plane.registry.arn(&format!("policy/{name}"));
            json!({"policyName": name, "policyArn": arn})
        })
        .collect();
    Ok(ok(&json!({ "policies": policies })))
}

async fn delete_policy(State(plane): State<ControlPlane>, Path(name): Path<String>) -> Answer {
    plane.registry.delete_policy(&name)?;
    Ok(ok(&json!({})))
}

#[derive(Deserialize)]
struct PolicyTarget {
    target: String,
}

async fn attach_policy(
    State(plane): State<ControlPlane>,
    Path(name): Path<String>,
    Json(request): Json<PolicyTarget>,
) -> Answer {
    let id = certificate_id(&request.target);
    plane.registry.attach_policy(&name, id)?;
    Ok(ok(&json!({})))
}

async fn detach_policy(
    State(plane): State<ControlPlane>,
    Path(name): Path<String>,
    Json(request): Json<PolicyTarget>,
) -> Answer {
    let id = certificate_id(&request.target);
    plane.registry.detach_policy(&name, id)?;
    Ok(ok(&json!({})))
}
