//! CloudFormation's Query API: `DescribeStacks`.
//!
//! It is served at the control plane's address (`AWS_ENDPOINT_URL_CLOUDFORMATION`), where SNS is
//! too: a form that is signed for CloudFormation is for it. Source: CloudFormation API reference,
//! `DescribeStacks` and "Common errors"; service authorization reference, "AWS CloudFormation".
//!
//! Must not know: what the stack is made of.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;

use super::{Description, Stack, Status};
use crate::answer::{CLOUDFORMATION, Element, xml_answer, xml_error};
use crate::caller::Caller;
use crate::clock::iso_8601;
use crate::form::read_form;
use crate::guard::is_for_cloudformation;
use crate::iam::{Iam, Need};

/// Largest body; no operation here has long parameters.
const BODY_BYTES_MAX: usize = 1 << 20;

/// A refusal: status, CloudFormation's name for it, and the message.
struct Refusal(StatusCode, &'static str, String);

type Answer = Result<Vec<Element>, Refusal>;

/// What the service needs.
#[derive(Debug, Clone)]
pub struct CloudFormation {
    pub stack: Stack,
    pub iam: Iam,
}

/// Answers forms for CloudFormation, and passes any other request on to `router`. A middleware must
/// add the [`Caller`] to the request's extensions.
pub fn answer_forms(router: Router, service: CloudFormation) -> Router {
    router.layer(middleware::from_fn_with_state(service, split))
}

async fn split(State(service): State<CloudFormation>, request: Request, next: Next) -> Response {
    if !is_for_cloudformation(request.headers()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await;
    match (parts.extensions.get::<Caller>(), body) {
        (Some(caller), Ok(body)) => service.answer(caller, &body),
        (Some(_), Err(_)) => invalid("the request is too long".to_owned()).into_response(),
        (None, _) => {
            let message = "The security token included in the request is invalid.";
            let kind = "InvalidClientTokenId";
            Refusal(StatusCode::FORBIDDEN, kind, message.to_owned()).into_response()
        }
    }
}

impl CloudFormation {
    fn answer(&self, caller: &Caller, body: &[u8]) -> Response {
        let mut form = read_form(body);
        form.remove("Version");
        let action = form.remove("Action").unwrap_or_default();
        let answer = match action.as_str() {
            "DescribeStacks" => self.describe_stacks(caller, form),
            other => {
                let message = format!("{other} is not part of the local cloud");
                Err(Refusal(StatusCode::BAD_REQUEST, "InvalidAction", message))
            }
        };
        match answer {
            Ok(elements) => xml_answer(CLOUDFORMATION, &action, &elements),
            Err(refusal) => refusal.into_response(),
        }
    }

    fn describe_stacks(&self, caller: &Caller, mut form: BTreeMap<String, String>) -> Answer {
        let wanted = form.remove("StackName").filter(|name| !name.is_empty());
        // The whole list fits into one page.
        form.remove("NextToken");
        if let Some(stray) = form.keys().next() {
            return Err(invalid(format!(
                "{stray} is not part of the local cloud: leave it out"
            )));
        }
        let stack = self.stack.describe();
        let resource = match &wanted {
            None => "*".to_owned(),
            Some(name) if name.starts_with("arn:") => name.clone(),
            Some(name) => resource_of(&stack, name),
        };
        let need = Need::new("cloudformation:DescribeStacks", resource);
        if let Err(denial) = self.iam.check(caller, &[need]) {
            let message = denial.to_string();
            return Err(Refusal(StatusCode::FORBIDDEN, "AccessDenied", message));
        }
        // A deleted stack is known by its id alone.
        let is_gone = stack.status == Status::Deleted;
        let is_found = match &wanted {
            Some(wanted) => *wanted == stack.id || (*wanted == stack.name && !is_gone),
            None => !is_gone,
        };
        let found = match wanted {
            Some(wanted) if !is_found => {
                return Err(invalid(format!("Stack with id {wanted} does not exist")));
            }
            _ if is_found => vec![Element::list("member", elements_of(&stack))],
            _ => Vec::new(),
        };
        Ok(vec![Element::list("Stacks", found)])
    }
}

/// The ARN of the stack of this name; one that does not exist has no id.
fn resource_of(stack: &Description, name: &str) -> String {
    let is_known = stack.name == name && stack.status != Status::Deleted;
    match stack.id.rsplitn(3, '/').nth(2) {
        Some(before) if !is_known => format!("{before}/{name}/*"),
        _ => stack.id.clone(),
    }
}

fn elements_of(stack: &Description) -> Vec<Element> {
    let pairs = |entries: &BTreeMap<String, String>, key: &'static str, value: &'static str| {
        let members = entries.iter().map(|(name, text)| {
            let pair = [(key, name), (value, text)];
            let pair = pair.map(|(name, text)| Element::text(name, text.clone()));
            Element::list("member", pair.into())
        });
        members.collect()
    };
    let mut elements = vec![
        Element::text("StackName", stack.name.clone()),
        Element::text("StackId", stack.id.clone()),
        Element::text("StackStatus", stack.status.name().to_owned()),
        Element::text("CreationTime", iso_8601(stack.created_ms)),
    ];
    let moments = [
        ("LastUpdatedTime", stack.updated_ms),
        ("DeletionTime", stack.deleted_ms),
    ];
    for (name, moment) in moments {
        elements.extend(moment.map(|ms| Element::text(name, iso_8601(ms))));
    }
    let reason = stack.reason.clone();
    elements.extend(reason.map(|reason| Element::text("StackStatusReason", reason)));
    elements.push(Element::list(
        "Parameters",
        pairs(&stack.parameters, "ParameterKey", "ParameterValue"),
    ));
    elements.push(Element::list(
        "Outputs",
        pairs(&stack.outputs, "OutputKey", "OutputValue"),
    ));
    elements
}

fn invalid(message: String) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, "ValidationError", message)
}

impl Refusal {
    fn into_response(self) -> Response {
        let Self(status, kind, message) = self;
        xml_error(CLOUDFORMATION, status, kind, &message)
    }
}
