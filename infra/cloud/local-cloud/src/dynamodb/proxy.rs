//! The proxy in front of the database: checks the caller's rights, and injects faults.
//!
//! Must not know: what is in a request beyond the operation's name; `need.rs` knows the rights.
use std::sync::Arc;

use axum::Router;
use axum::extract::{self, State};
use axum::response::Response;

use super::backend::Backend;
use super::need::{self, Tables};
use super::request::Request;
use super::wire::internal_error;
use super::written::{Written, items_written};
use super::{refusal, translate};
use crate::answer::aws_json_error;
use crate::caller::Caller;
use crate::event::{EventBus, EventKind};
use crate::fault::{Call, CallEffect, Step};
use crate::iam::{Iam, Need};
use crate::kill::{Killer, Withheld};

#[derive(Clone)]
pub struct Proxy {
    backend: Backend,
    iam: Iam,
    tables: Arc<Tables>,
    killer: Killer,
    events: EventBus,
}

/// What a request concerns.
#[derive(Default)]
struct Concern {
    /// The tables that it names.
    tables: Vec<String>,
    /// What it writes if it succeeds.
    written: Written,
}

impl Proxy {
    pub fn new(
        backend: Backend,
        iam: Iam,
        tables: Tables,
        killer: Killer,
        events: EventBus,
    ) -> Self {
        Self {
            backend,
            iam,
            tables: Arc::new(tables),
            killer,
            events,
        }
    }

    /// A write succeeded: the one place that knows each.
    fn note_write(&self, written: Written) {
        self.backend.streams.wake();
        for (table, keys) in written {
            self.events.emit(EventKind::Written { table, keys });
        }
    }
}

pub fn router(proxy: Proxy) -> Router {
    Router::new().fallback(forward).with_state(proxy)
}

async fn forward(State(proxy): State<Proxy>, request: extract::Request) -> Response {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        return internal_error("the request has no caller");
    };
    let Some(request) = Request::read(request).await else {
        return internal_error("the body ended early");
    };
    let concern = match authorise(&proxy, &caller, &request) {
        Ok(concern) => concern,
        Err(refusal) => return *refusal,
    };
    match carry_out(&proxy, &caller, &request, concern).await {
        Ok(response) => response,
        Err(Withheld) => internal_error("shutting down"),
    }
}

/// What a request concerns, if the caller has the rights that it needs.
fn authorise(proxy: &Proxy, caller: &Caller, request: &Request) -> Result<Concern, Box<Response>> {
    // A malformed body needs no right: the database refuses it.
    let Some(body) = &request.body else {
        return Ok(Concern::default());
    };
    let needs = match need::needs(&request.operation, body, &proxy.tables) {
        Ok(needs) => needs,
        // The operator may do everything, even operations unknown here.
        Err(_) if caller.is_operator() => Vec::new(),
        Err(problem) => {
            let kind = "com.amazon.coral.validate#ValidationException";
            return Err(aws_json_error(kind, "message", &problem).into());
        }
    };
    proxy.iam.check(caller, &needs).map_err(|denial| {
        let kind = "com.amazon.coral.service#AccessDeniedException";
        aws_json_error(kind, "Message", &denial.to_string())
    })?;
    let mut tables: Vec<String> = needs.iter().filter_map(Need::table).collect();
    tables.dedup();
    let written = items_written(&request.operation, body, &proxy.tables);
    Ok(Concern { tables, written })
}

async fn carry_out(
    proxy: &Proxy,
    caller: &Caller,
    request: &Request,
    concern: Concern,
) -> Result<Response, Withheld> {
    let operation = request.operation.as_str();
    let call = Call::of_operation(operation);
    let mut fate = None;
    if let Some(call) = call {
        let step = match call {
            Call::Read => Step::BeforeRead,
            _ => Step::BeforeCommit,
        };
        proxy.killer.strike(caller, step).await?;
        let target = (Some(operation), &concern.tables[..]);
        fate = proxy.killer.fate_of_operation(caller, call, target).await;
    }
    match fate {
        None | Some(CallEffect::Slow(_) | CallEffect::LostAnswer | CallEffect::CutAnswer) => {}
        Some(CallEffect::LostRequest | CallEffect::CutRequest) => {
            return Err(proxy.killer.withhold().await);
        }
        Some(CallEffect::Conflict) => return Ok(refusal::conflict(request)),
        Some(CallEffect::Throttle) => return Ok(refusal::throttle(request)),
        Some(CallEffect::Exceed) => return Ok(refusal::exceed(request)),
    }
    let response = proxy.backend.ask(request).await;
    let is_success = response.status().is_success();
    if call != Some(Call::Read) && is_success {
        proxy.note_write(concern.written);
    }
    if call == Some(Call::Commit) && is_success {
        proxy.killer.strike(caller, Step::AfterCommit).await?;
    }
    if fate == Some(CallEffect::LostAnswer) {
        return Err(proxy.killer.withhold().await);
    }
    if is_success && translate::is_needed(operation) {
        return Ok(translate::translate(operation, response, &proxy.tables).await);
    }
    Ok(response)
}
