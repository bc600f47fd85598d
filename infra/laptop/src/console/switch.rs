//! The switches of a device: what a person does to it from outside, and the weather around it.
//!
//! Must not know: what the device makes of it.

use anyhow::Result;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lock_core::action::ClickType;
use serde::Deserialize;
use serde_json::json;

use super::{Console, refusal};
use crate::device::{Device, Kind};

/// How far a clock can be off, in seconds: a day.
const AHEAD_S_MAX: u64 = 24 * 60 * 60;

/// `{"click":"SINGLE"}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Press {
    click: String,
}

/// `POST /api/devices/{thing}/press`.
pub async fn press(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(press): Json<Press>,
) -> Response {
    let word = match press.click.parse::<ClickType>() {
        Ok(click) => click.as_str().to_ascii_lowercase(),
        Err(unknown) => return refusal(StatusCode::BAD_REQUEST, unknown.to_string()),
    };
    let device = match console.fleet.device(&thing) {
        Some(device) if device.kind() == Kind::Button => device,
        Some(_) => return refusal(StatusCode::BAD_REQUEST, format!("{thing} is not a button")),
        None => return no_device(&thing),
    };
    respond(device.send(&json!({ "press": word })).await)
}

/// `{"on":true}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    on: bool,
}

/// `POST /api/devices/{thing}/power`.
pub async fn power(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(Switch { on }): Json<Switch>,
) -> Response {
    move_switch(&console, &thing, async |device| device.set_power(on).await).await
}

/// `POST /api/devices/{thing}/network`.
pub async fn network(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(Switch { on }): Json<Switch>,
) -> Response {
    move_switch(&console, &thing, async |device| {
        device.set_network(on).await
    })
    .await
}

/// `POST /api/devices/{thing}/half-open`.
pub async fn half_open(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(Switch { on }): Json<Switch>,
) -> Response {
    move_switch(&console, &thing, async |device| {
        device.set_half_open(on).await
    })
    .await
}

/// `{"hears":false}` takes the time from it, `{"hears":true,"aheadS":600}` lets it hear one that is
/// ten minutes ahead. What is absent is left unchanged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Clock {
    hears: Option<bool>,
    ahead_s: Option<i64>,
}

/// `POST /api/devices/{thing}/clock`.
pub async fn clock(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(Clock { hears, ahead_s }): Json<Clock>,
) -> Response {
    if ahead_s.is_some_and(|ahead_s| ahead_s.unsigned_abs() > AHEAD_S_MAX) {
        let error = format!("aheadS: a clock is at most {AHEAD_S_MAX} seconds off, either way");
        return refusal(StatusCode::BAD_REQUEST, error);
    }
    move_switch(&console, &thing, async |device| {
        set_clock(device, hears, ahead_s).await
    })
    .await
}

async fn set_clock(device: &Device, hears: Option<bool>, ahead_s: Option<i64>) -> Result<()> {
    match hears {
        Some(true) => device.set_hearing(true).await?,
        Some(false) => device.take_time().await?,
        None => {}
    }
    match ahead_s {
        Some(ahead_s) => device.set_ahead(ahead_s).await,
        None => Ok(()),
    }
}

/// `{"open":true}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Door {
    open: bool,
}

/// `POST /api/devices/{thing}/door`.
pub async fn door(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(Door { open }): Json<Door>,
) -> Response {
    move_switch(&console, &thing, async |device| device.set_door(open).await).await
}

/// `{"pressed":true}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exit {
    pressed: bool,
}

/// `POST /api/devices/{thing}/exit`.
pub async fn exit(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(Exit { pressed }): Json<Exit>,
) -> Response {
    move_switch(&console, &thing, async |device| {
        device.set_exit(pressed).await
    })
    .await
}

/// `{"jammed":true}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bolt {
    jammed: bool,
}

/// `POST /api/devices/{thing}/bolt`.
pub async fn bolt(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(Bolt { jammed }): Json<Bolt>,
) -> Response {
    move_switch(&console, &thing, async |device| {
        device.set_bolt(jammed).await
    })
    .await
}

/// Moves a switch of a device, and lets the board show the device as it is then.
async fn move_switch(
    console: &Console,
    thing: &str,
    act: impl AsyncFnOnce(&Device) -> Result<()>,
) -> Response {
    let Some(device) = console.fleet.device(thing) else {
        return no_device(thing);
    };
    let outcome = act(device).await;
    console.board.touch_device(device.thing());
    respond(outcome)
}

fn no_device(thing: &str) -> Response {
    refusal(StatusCode::NOT_FOUND, format!("{thing} has no device here"))
}

fn respond(outcome: Result<()>) -> Response {
    match outcome {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refusal(StatusCode::CONFLICT, format!("{error:#}")),
    }
}
