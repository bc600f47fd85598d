//! What functions and rules are given, and where what they say of themselves goes.
//!
//! Must not know how functions run.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::Parts;
use crate::caller::Callers;
use crate::event::{EventBus, EventKind};
use crate::queue::{self, Queues};
use crate::rule::Services;
use crate::{Endpoints, Options};
use lambda_host::{self, Functions, Notice, Outcome, Tuning, Wiring};
use sam_template::Function;

/// The endpoints as AWS SDKs take them from the environment, credentials, faults, and a listener.
pub(super) fn wiring(options: &Options, endpoints: &Endpoints, parts: &Parts) -> Wiring {
    let env = BTreeMap::from([
        (
            "AWS_ENDPOINT_URL_DYNAMODB".to_owned(),
            endpoints.dynamodb.clone(),
        ),
        (
            "AWS_ENDPOINT_URL_IOT_DATA_PLANE".to_owned(),
            endpoints.iot_data.clone(),
        ),
    ]);
    let (events, queues) = (parts.events.clone(), parts.queues.clone());
    let callers = parts.callers.clone();
    let (faults, clock) = (Arc::clone(&parts.faults), parts.clock);
    Wiring {
        binaries: options.binaries.clone(),
        env,
        region: options.region.clone(),
        account: options.account.clone(),
        events: Arc::new(move |notice| {
            let now_ms = clock.now_ms();
            events.metrics().hear_function(&notice, now_ms);
            pass_on(notice, &events, &queues, now_ms);
        }),
        credentials_for: Arc::new(move |function| credentials(&callers, function)),
        fate_of_event: Arc::new(move |function| {
            let fate =
                faults.fate_of_event(&[&function.name, &function.logical_id, &function.binary]);
            (fate.copies, fate.delay)
        }),
        now_ms: Arc::new(move || clock.now_ms()),
        tuning: Tuning {
            time_scale: options.time_scale,
            ..Tuning::default()
        },
    }
}

/// A function that is new to the callers becomes known with its first process.
fn credentials(callers: &Callers, function: &Function) -> lambda_host::Credentials {
    callers.admit(std::slice::from_ref(function));
    callers
        .credentials_of(function)
        .expect("it has just been admitted")
}

/// Where rules lead.
pub(super) fn reach(
    options: &Options,
    parts: &Parts,
    functions: &Functions,
    database: SocketAddr,
) -> Services {
    Services {
        broker: parts.broker.clone(),
        functions: functions.clone(),
        queues: parts.queues.clone(),
        shadows: parts.shadows.clone(),
        database,
        events: parts.events.clone(),
        clock: parts.clock,
        account: options.account.clone(),
        region: options.region.clone(),
        iam: parts.iam.clone(),
    }
}

/// Functions speak of themselves in notices: most become events, a given-up invocation goes to its destination.
fn pass_on(notice: Notice, events: &EventBus, queues: &Queues, now_ms: u64) {
    match notice {
        Notice::Invoked {
            function,
            request_id,
            cold,
            ..
        } => events.emit(EventKind::Invoked {
            function,
            request_id,
            cold,
        }),
        Notice::Completed {
            function,
            request_id,
            duration_ms,
            outcome,
            ..
        } => events.emit(EventKind::Completed {
            function,
            request_id,
            duration_ms,
            outcome: match outcome {
                Outcome::Success(_) => "ok".to_owned(),
                Outcome::Failure(failure) => format!("{}: {}", failure.error_type, failure.message),
            },
        }),
        Notice::Queued { .. } => {}
        Notice::Throttled {
            function,
            request_id,
            wait_ms,
        } => events.emit(EventKind::Throttled {
            function,
            request_id,
            wait_ms,
        }),
        Notice::Log { function, line } => events.emit(EventKind::FunctionLog { function, line }),
        Notice::Retrying {
            function,
            request_id,
            attempts,
            wait_ms,
        } => events.emit(EventKind::Retrying {
            function,
            request_id,
            attempts,
            wait_ms,
        }),
        Notice::GivenUp {
            function,
            request_id,
            destination,
            record,
        } => {
            tracing::warn!(%function, %request_id, "function given up");
            if let Some(destination) = destination
                && let Err(error) =
                    queues.send(&destination, record.to_string(), &queue::sender(&function))
            {
                tracing::error!(%function, error, "send to on-failure destination");
                events.metrics().destination_failed(&function, now_ms);
            }
            events.emit(EventKind::GivenUp {
                function,
                request_id,
            });
        }
    }
}
