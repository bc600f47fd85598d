//! The control plane of AWS `IoT`: the topic rules of a stack, and the things and certificates of
//! devices. For operators, not for functions: only the feature `registry` builds it.
//!
//! Must not know: in which order a device is registered or retired.

mod alarm;
mod call;
mod change;
mod connection;
mod enrolment;
mod function;
mod policy;
mod queue;
mod rule;
mod stack;
mod thing;
mod trigger;

pub use alarm::Alarm;
pub use call::{Call, Outcome};
pub use change::Change;
pub use connection::Connection;
pub use enrolment::{NewCertificate, PolicyText};
pub use function::{FunctionState, LIVE, Runs};
pub use policy::Put;
pub use queue::{Depth, QueuedMessage};
pub use rule::ListedRule;
pub use stack::Stack;
pub use thing::{Certificate, Thing, certificate_id};
pub use trigger::Trigger;

use std::error::Error;

use aws_sdk_iot::Client;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::clock::Clock;
use crate::error::CallError;
use crate::settings::Access;
use crate::start::OperatorClients;

/// Rules, things and certificates of one account and region.
#[derive(Debug, Clone)]
pub struct Registry {
    client: Client,
    clients: OperatorClients,
    clock: Clock,
}

/// A call on the control plane that failed.
#[derive(Debug, thiserror::Error)]
#[error("{call}")]
pub struct RegistryError {
    /// What was called, and on what: `iot:DeleteThing lock-1`.
    pub call: String,
    /// Why it failed.
    pub source: CallError,
}

impl Registry {
    /// A client for `access`. Calls nothing.
    pub fn new(access: &Access) -> Self {
        let clients = OperatorClients::new(access);
        Self {
            client: clients.iot.clone(),
            clients,
            clock: Clock::system(),
        }
    }
}

impl RegistryError {
    fn of<E>(call: impl Into<String>, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        Self {
            call: call.into(),
            source: CallError::of(error),
        }
    }

    /// The service's name for its refusal, such as `ResourceNotFoundException`.
    fn code(&self) -> Option<&str> {
        match &self.source {
            CallError::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// `Ok(None)` for a refusal with this code.
    fn absent_if<T>(self, code: &str) -> Result<Option<T>, Self> {
        if self.code() == Some(code) {
            Ok(None)
        } else {
            Err(self)
        }
    }
}
