//! CloudWatch's API as far as an operator needs it: the state of alarms, and the data of metrics.
//!
//! It is served at the control plane's address (`AWS_ENDPOINT_URL_CLOUDWATCH`) in the Smithy RPC v2
//! protocol, which the SDKs of CloudWatch prefer. Source: CloudWatch API reference; Smithy 2.0,
//! "Smithy RPC v2 CBOR protocol".
//!
//! Must not know: who writes metrics, and how alarms are evaluated.

mod alarm;
mod data;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use ciborium::tag::Required;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::account::Account;
use crate::alarm::Alarms;
use crate::answer::{cbor, cbor_error};
use crate::caller::Caller;
use crate::iam::{Iam, Need};
use crate::metric::Metrics;

/// The service's name in the path; it is older than the protocol.
const SERVICE: &str = "GraniteServiceVersion20100801";

/// What the service needs.
#[derive(Debug, Clone)]
pub struct CloudWatch {
    pub alarms: Alarms,
    pub metrics: Metrics,
    pub account: Account,
    pub iam: Iam,
}

/// A refusal: status, CloudWatch's name for it, and the message.
struct Refusal(StatusCode, &'static str, String);

/// A time: a tag for the seconds since the Unix epoch.
type Moment = Required<f64, 1>;

/// The route. A middleware must add the [`Caller`] to the request's extensions.
pub fn router(service: CloudWatch) -> Router {
    let path = format!("/service/{SERVICE}/operation/{{operation}}");
    Router::new().route(&path, post(call)).with_state(service)
}

async fn call(
    State(service): State<CloudWatch>,
    Extension(caller): Extension<Caller>,
    Path(operation): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let protocol = headers.get("smithy-protocol");
    if protocol.is_none_or(|protocol| protocol != "rpc-v2-cbor") {
        let message = "only the protocol rpc-v2-cbor is part of the local cloud";
        return invalid(message.to_owned()).into_response();
    }
    match operation.as_str() {
        "DescribeAlarms" => answer(alarm::describe(&service, &caller, &body)),
        "GetMetricData" => answer(data::get(&service, &caller, &body)),
        other => {
            let message = format!("{other} is not part of the local cloud");
            let kind = "UnknownOperationException";
            Refusal(StatusCode::NOT_FOUND, kind, message).into_response()
        }
    }
}

fn answer(answer: Result<impl Serialize, Refusal>) -> Response {
    match answer {
        Ok(body) => cbor(StatusCode::OK, &body),
        Err(refusal) => refusal.into_response(),
    }
}

impl CloudWatch {
    fn check(&self, caller: &Caller, needs: &[Need]) -> Result<(), Refusal> {
        let checked = self.iam.check(caller, needs);
        checked.map_err(|denial| Refusal(StatusCode::FORBIDDEN, "AccessDenied", denial.to_string()))
    }
}

/// Reads a request; a field that is not part of the local cloud is refused.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    ciborium::from_reader(body).map_err(|error| match error {
        ciborium::de::Error::Semantic(_, problem) => {
            invalid(format!("{problem}: only these are part of the local cloud"))
        }
        other => invalid(format!("the body is not a CBOR request: {other}")),
    })
}

fn invalid(message: String) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, "ValidationError", message)
}

/// A time in an answer.
fn moment(ms: u64) -> Moment {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of any century fit"
    )]
    let seconds = ms as f64 / 1000.0;
    Required(seconds)
}

impl Refusal {
    fn into_response(self) -> Response {
        let Self(status, kind, message) = self;
        cbor_error(status, kind, &message)
    }
}
