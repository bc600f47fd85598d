//! In front of the IoT control plane and of Lambda's Invoke: only the operator may call them.
//!
//! Must not know its operations, and therefore not which right each would need.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use crate::answer::ApiError;
use crate::caller::Caller;

/// `router` for callers that are no functions.
pub fn for_people(router: Router) -> Router {
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
        None => ApiError::stranger().into_response(),
    }
}
