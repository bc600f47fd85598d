//! Restricts the IoT control plane, Lambda's Invoke and SQS to the operator.
//!
//! The rights that their operations would need are not known here, so no function may call them.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use crate::answer::ApiError;
use crate::caller::Caller;

/// Puts the check in front of `router`.
pub fn for_operator(router: Router) -> Router {
    router.layer(middleware::from_fn(check))
}

async fn check(request: Request, next: Next) -> Response {
    match request.extensions().get::<Caller>() {
        Some(caller) if caller.function.is_none() => next.run(request).await,
        Some(caller) => {
            let message = format!(
                "User: {} is a function, whose rights to this service are not evaluated here: \
                 call it with the operator's credentials",
                caller.arn
            );
            ApiError::new(403, "AccessDeniedException", &message).into_response()
        }
        None => ApiError::unknown_key().into_response(),
    }
}
