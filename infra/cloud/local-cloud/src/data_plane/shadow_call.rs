//! `GetThingShadow`, `UpdateThingShadow`, `DeleteThingShadow` and `ListNamedShadowsForThing`.

use std::ops::RangeInclusive;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;

use super::{DataPlane, not_allowed};
use crate::answer::{ApiError, ok};
use crate::fault::{Call, CallEffect};
use crate::parameter::Parameters;
use iot_shadow::{Name, Operation, ShadowError};

const PAGE_SIZES: RangeInclusive<u64> = 1..=100;

/// The three calls on one shadow, distinguished by the method.
pub(super) async fn shadow(
    State(plane): State<DataPlane>,
    Path(thing): Path<String>,
    parameters: Parameters,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let (operation, action) = match method {
        Method::GET => (Operation::Get, "iot:GetThingShadow"),
        Method::POST => (Operation::Update, "iot:UpdateThingShadow"),
        Method::DELETE => (Operation::Delete, "iot:DeleteThingShadow"),
        _ => return Err(not_allowed("this method is not allowed on a shadow")),
    };
    let shadow = parameters.text("name").map(str::to_owned);
    let name = Name { thing, shadow };
    let resource = match &name.shadow {
        Some(shadow) => format!("thing/{}/{shadow}", name.thing),
        None => format!("thing/{}", name.thing),
    };
    let caller = plane.admit(&headers, action, &resource)?;
    name.check()?;
    let fate = match operation {
        Operation::Get => plane.killer.fate_of(&caller, Call::Shadow).await,
        _ => None,
    };
    match fate {
        Some(CallEffect::LostRequest) => return Err(plane.killer.withhold().await.into()),
        Some(CallEffect::Throttle) => {
            let message = "The rate exceeds the limit.";
            return Err(ApiError::new(429, "ThrottlingException", message));
        }
        _ => {}
    }
    let document = plane.shadows.call(operation, &name, &body)?;
    if fate == Some(CallEffect::LostAnswer) {
        return Err(plane.killer.withhold().await.into());
    }
    Ok(ok(&document))
}

impl From<ShadowError> for ApiError {
    fn from(error: ShadowError) -> Self {
        let kind = match error.code {
            400 => "InvalidRequestException",
            401 => "UnauthorizedException",
            403 => "ForbiddenException",
            404 => "ResourceNotFoundException",
            409 => "ConflictException",
            413 => "RequestEntityTooLargeException",
            415 => "UnsupportedDocumentEncodingException",
            429 => "ThrottlingException",
            _ => "InternalFailureException",
        };
        Self::new(error.code, kind, &error.message)
    }
}

/// A thing without named shadows, even an unknown one, has an empty list.
pub(super) async fn list_named_shadows(
    State(plane): State<DataPlane>,
    Path(thing): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    plane.admit(&headers, "iot:ListNamedShadowsForThing", "*")?;
    let name = Name {
        thing,
        shadow: None,
    };
    name.check()?;
    let page = parameters.page("pageSize", PAGE_SIZES, *PAGE_SIZES.end())?;
    let names = plane.shadows.named_shadows_of(&name.thing).into_iter();
    let mut answer = page.answer("results", names.map(|name| (name.clone(), name.into())))?;
    answer["timestamp"] = plane.clock.now_s().into();
    Ok(ok(&answer))
}
