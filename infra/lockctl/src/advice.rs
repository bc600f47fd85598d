//! The next step after an error of AWS that its command does not explain.

use anyhow::Error;
use lock_aws::{CallError, PerformError, Remedy, StoreError};

/// What to do about an error; `None` if its text says it already.
pub fn find(error: &Error) -> Option<&'static str> {
    let call = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<CallError>())?;
    let is_store = error.chain().any(|cause| {
        let performed = cause.downcast_ref::<PerformError>();
        cause.is::<StoreError>() || matches!(performed, Some(PerformError::Store(_)))
    });
    match call.remedy() {
        Remedy::Connection => Some(
            "check the network and AWS_REGION, or whether `lockctl local` still runs; then repeat \
             the command",
        ),
        Remedy::Rights => Some("log in again, or ask for permission"),
        Remedy::Name if is_store => {
            Some("is --stack the name of your stack, and AWS_REGION its region?")
        }
        Remedy::Name | Remedy::Other => None,
    }
}

/// The error in one line, with the next step.
pub fn sentence(error: &Error) -> String {
    match find(error) {
        Some(advice) => format!("{error:#}; {advice}"),
        None => format!("{error:#}"),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_failed_call_is_followed_by_the_next_step() {
        let refused = |code: &str| CallError::Refused {
            code: code.to_owned(),
            message: None,
        };
        for (call, wanted) in [
            (CallError::NoAnswer, Some("check the network")),
            (refused("AccessDeniedException"), Some("log in again")),
            // Of a thing or rule, not of the table: its command says more.
            (refused("ResourceNotFoundException"), None),
            (refused("LimitExceededException"), None),
        ] {
            let failed: anyhow::Result<()> = Err(call.into());
            let error = failed.context("bind button-1").expect_err("an error");
            let found = find(&error);
            match wanted {
                Some(begin) => assert!(found.is_some_and(|text| text.starts_with(begin))),
                None => assert_eq!(found, None),
            }
            assert!(sentence(&error).starts_with("bind button-1: "));
        }
    }
}
