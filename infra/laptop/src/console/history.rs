//! The history of a lock or button for the page and for download: newest first, by who and why.
//!
//! Must not know: how events are stored.

use anyhow::Result;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use lock_aws::Cloud;
use lock_aws::store::{Wanted, last_time};
use lock_core::event::{Event, Subject};
use lock_core::label::Names;
use lock_core::name::{ButtonSerial, LockName};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal;
use crate::history::{Filter, table};
use crate::{unknown, view};

/// Events without a limit in the question.
const LIMIT: usize = 100;
/// Events at most.
const LIMIT_MAX: usize = 1_000;

/// What is asked: `?thing=lock-1&who=hall&why=stale&limit=20&format=csv`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// A lock or a button.
    thing: String,
    /// Only of this button, by serial or label, or of this person.
    who: Option<String>,
    /// Only with this reason.
    why: Option<String>,
    limit: Option<usize>,
    #[serde(default)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Format {
    /// For the page.
    #[default]
    Json,
    /// For a spreadsheet.
    Csv,
    /// For another program.
    JsonFile,
}

/// `GET /api/history`.
pub async fn history(
    State(cloud): State<Cloud>,
    question: Result<Query<Question>, QueryRejection>,
) -> Response {
    let question = match question {
        Ok(Query(question)) => question,
        Err(error) => return refusal(StatusCode::BAD_REQUEST, error.body_text()),
    };
    if question.limit.is_some_and(|limit| limit > LIMIT_MAX) {
        let error = format!("limit: at most {LIMIT_MAX} events are shown at once");
        return refusal(StatusCode::BAD_REQUEST, error);
    }
    let Ok(lock) = LockName::new(&question.thing) else {
        return no_name(&question.thing);
    };
    match read(&cloud, &lock, &question).await {
        Ok(Found::Events(events, names)) => answer(&question, &events, &names),
        Ok(Found::Unknown(error)) => refusal(StatusCode::NOT_FOUND, format!("{error:#}")),
        Err(error) => refusal(StatusCode::BAD_GATEWAY, format!("{error:#}")),
    }
}

enum Found {
    Events(Vec<Event>, Names),
    /// No lock and no button has this name, with the likely mistake.
    Unknown(anyhow::Error),
}

/// The events of a lock and of a button of this name.
async fn read(cloud: &Cloud, lock: &LockName, question: &Question) -> Result<Found> {
    let store = &cloud.store;
    let button = ButtonSerial::new(lock.as_str())?;
    let names = store.read_register().await?.names;
    let filter = Filter {
        who: wish(&question.who),
        reason: wish(&question.why),
        ..Filter::default()
    };
    let wanted = Wanted {
        limit: question.limit.unwrap_or(LIMIT),
        now: cloud.clock.now(),
        since: None,
        until: None,
    };
    let accepts = |event: &Event| filter.accepts(event, &names);
    let subjects = [Subject::Lock(lock.clone()), Subject::Button(button.clone())];
    let (of_lock, of_button) = tokio::join!(
        store.find_history(&subjects[0], wanted, accepts),
        store.find_history(&subjects[1], wanted, accepts),
    );
    let mut events = [of_lock?, of_button?].concat();
    if events.is_empty()
        && store.read_record(lock).await?.is_none()
        && store.read_binding(&button).await?.is_none()
    {
        return Ok(Found::Unknown(unknown::lock(cloud, lock).await?));
    }
    events.sort_by_key(|event| std::cmp::Reverse(last_time(event)));
    events.truncate(wanted.limit);
    Ok(Found::Events(events, names))
}

/// An empty field of a form wishes for nothing.
fn wish(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn answer(question: &Question, events: &[Event], names: &Names) -> Response {
    let shown = || -> Json<Value> {
        let events = events.iter().map(|event| view::event(event, names));
        Json(json!({ "events": events.collect::<Vec<_>>() }))
    };
    let attach = |end: &str| {
        // A name has letters, digits, `-`, `_` and the like alone.
        let file = format!("attachment; filename=\"{}.{end}\"", question.thing);
        [(header::CONTENT_DISPOSITION, file)]
    };
    match question.format {
        Format::Json => shown().into_response(),
        Format::JsonFile => (attach("json"), shown()).into_response(),
        Format::Csv => {
            let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
            (kind, attach("csv"), table(events, names)).into_response()
        }
    }
}

/// The answer about a name that nothing can have.
pub fn no_name(thing: &str) -> Response {
    let thing: String = thing.chars().take(80).collect();
    let error = format!("nothing is called {thing:?}: the board shows the names of all things");
    refusal(StatusCode::NOT_FOUND, error)
}
