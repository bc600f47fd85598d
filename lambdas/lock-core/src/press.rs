//! A press of a button, as the topic rule delivers it.
//!
//! Must not know: what the press will do.

use serde_json::Value;

use crate::action::ClickType;
use crate::field::{Fields, Refusal};
use crate::id::CommandId;
use crate::limits::GOOD_FOR_GRACE_MS;
use crate::name::ButtonSerial;
use crate::time::UnixMillis;

/// A press and what the rule knows about it.
///
/// ```json
/// {"button":"button-1","clickType":"SINGLE","batteryVoltage":"1568mV","sequence":412,
///  "pressedAt":1763779512100,"goodForMs":3000,"receivedAt":1763779512345,"pressId":"<uuid>",
///  "principal":"<hex>"}
/// ```
///
/// `batteryVoltage`, `sequence`, `pressedAt`, `goodForMs` and `principal` may be absent.
/// Source: PROTOCOL, Messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    /// The button, from the topic, which a policy guards; never from the payload.
    pub button: ButtonSerial,
    /// How the button was pressed.
    pub click: ClickType,
    /// A number that grows with every press of this button; AWS's own button sends none.
    pub sequence: Option<u64>,
    /// When the button was pressed by its own clock, if that is set. It can only make the press
    /// older: see [`Press::made_at`].
    pub pressed_at: Option<UnixMillis>,
    /// How long the button waits for its answer, in ms, before it signals that the press was
    /// dropped.
    pub good_for_ms: Option<u64>,
    /// When the rules engine received it.
    pub received_at: UnixMillis,
    /// The rules engine's id of this delivery.
    pub press_id: String,
    /// The certificate that published it.
    pub principal: Option<String>,
    /// The button's battery in mV, if it could be read.
    pub battery_mv: Option<u64>,
}

impl Press {
    /// The fields that a button sends; the rule adds the others.
    pub const SENT: &[&str] = &[
        "clickType",
        "batteryVoltage",
        "sequence",
        "pressedAt",
        "goodForMs",
    ];

    /// Reads the event of the press rule after [`open_payload`](crate::payload::open_payload).
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] found, in the order of the fields above.
    ///
    /// ```
    /// use lock_core::press::Press;
    ///
    /// let press = Press::parse(&serde_json::json!({
    ///     "button": "G030JF055364XVRB", "clickType": "SINGLE", "batteryVoltage": "1568mV",
    ///     "receivedAt": 1_763_779_512_345_u64, "pressId": "5f0e"
    /// }))?;
    /// assert_eq!(press.battery_mv, Some(1_568));
    ///
    /// let refusal = Press::parse(&serde_json::json!({"button": "button-1"})).unwrap_err();
    /// assert_eq!(refusal.code(), "missing-field");
    /// assert_eq!(refusal.to_string(), "missing field clickType");
    /// # Ok::<(), lock_core::field::Refusal>(())
    /// ```
    pub fn parse(event: &Value) -> Result<Self, Refusal> {
        let fields = Fields::of(event)?;
        let button = fields.name("button")?;
        let click = fields.word("clickType")?;
        let sequence = fields.number_or_none("sequence")?;
        let pressed_at = fields.number_or_none("pressedAt")?.map(UnixMillis);
        let good_for_ms = fields.number_or_none("goodForMs")?;
        let received_at = UnixMillis(fields.number("receivedAt")?);
        let press_id = fields.text("pressId")?.to_owned();
        let principal = fields.text_or_none("principal")?.map(str::to_owned);
        let battery_mv = fields.get("batteryVoltage").and_then(parse_battery);
        Ok(Self {
            button,
            click,
            sequence,
            pressed_at,
            good_for_ms,
            received_at,
            press_id,
            principal,
            battery_mv,
        })
    }

    /// The start of a command's life (C4): when the press arrived, or when the button says it was
    /// pressed if that is earlier. A press may wait in a network stack for minutes, which only the
    /// button knows.
    pub fn made_at(&self) -> UnixMillis {
        self.pressed_at
            .map_or(self.received_at, |at| at.min(self.received_at))
    }

    /// Whether the press arrived after its button had given it up (C4).
    ///
    /// Known only if the press has both `pressedAt` and `goodForMs`.
    pub fn was_given_up(&self) -> bool {
        match (self.pressed_at, self.good_for_ms) {
            (Some(at), Some(good_for_ms)) => {
                self.received_at > at.plus(good_for_ms.saturating_add(GOOD_FOR_GRACE_MS))
            }
            _ => false,
        }
    }

    /// The id of the command that this press would cause.
    pub fn command_id(&self) -> CommandId {
        CommandId::of_press(&self.button, &self.press_id, self.sequence)
    }
}

/// Reads a battery's voltage as buttons write it: `1568mV`, `1568 mV`, `3.1 V`, or a number of
/// millivolts. An unreadable one is unknown and does not refuse the press.
fn parse_battery(value: &Value) -> Option<u64> {
    let millivolts = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => {
            let text = text.trim().to_ascii_lowercase();
            let (number, factor) = match text.strip_suffix("mv") {
                Some(number) => (number, 1.0),
                None => (text.strip_suffix('v')?, 1000.0),
            };
            number.trim_end().parse::<f64>().ok()? * factor
        }
        _ => return None,
    };
    (0.0..=100_000.0)
        .contains(&millivolts)
        .then(|| millivolts.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event() -> Value {
        json!({"button": "button-1", "clickType": "SINGLE", "batteryVoltage": "1568mV",
            "sequence": 412,
               "receivedAt": 1_763_779_512_345_u64, "pressId": "5f0e", "principal": "ab12"})
    }

    #[test]
    fn presses_of_our_button_and_of_the_aws_iot_button_are_read() {
        let press = Press::parse(&event()).unwrap();
        assert_eq!(
            (press.sequence, press.battery_mv, press.click),
            (Some(412), Some(1568), ClickType::Single)
        );
        let aws = json!({"button": "G030JF055364XVRB", "clickType": "LONG",
            "batteryVoltage": "2000 mV",
                         "receivedAt": 1, "pressId": "5f0e"});
        let press = Press::parse(&aws).unwrap();
        assert_eq!(
            (press.sequence, press.battery_mv, press.click),
            (None, Some(2000), ClickType::Long)
        );
    }

    #[test]
    fn each_fault_has_its_own_code() {
        // field, its new value (null here: the field is removed) => code
        let cases = [
            ("button", json!(null), "missing-field"),
            ("clickType", json!(null), "missing-field"),
            ("receivedAt", json!(null), "missing-field"),
            ("pressId", json!(null), "missing-field"),
            ("button", json!(7), "wrong-type"),
            ("button", json!("a/b"), "bad-name"),
            ("button", json!("x".repeat(200)), "oversize"),
            ("clickType", json!("TRIPLE"), "unknown-word"),
            ("clickType", json!("single"), "unknown-word"),
            ("clickType", json!(["SINGLE"]), "wrong-type"),
            ("clickType", json!("S".repeat(10_000)), "oversize"),
            ("sequence", json!("412"), "wrong-type"),
            ("sequence", json!(-1), "wrong-type"),
            ("sequence", json!(1.5), "wrong-type"),
            ("sequence", json!(1_u64 << 53), "wrong-type"),
            ("pressedAt", json!("now"), "wrong-type"),
            ("pressedAt", json!(1.5), "wrong-type"),
            ("receivedAt", json!("now"), "wrong-type"),
            ("pressId", json!({}), "wrong-type"),
            ("goodForMs", json!("3 s"), "wrong-type"),
            ("principal", json!(false), "wrong-type"),
        ];
        for (field, value, code) in cases {
            let mut event = event();
            match value {
                Value::Null => drop(event.as_object_mut().unwrap().remove(field)),
                value => event[field] = value,
            }
            let refusal = Press::parse(&event).expect_err(field);
            assert_eq!(refusal.code(), code, "{field}: {refusal}");
        }
        for event in [json!(null), json!("press"), json!([event()])] {
            assert_eq!(Press::parse(&event).unwrap_err().code(), "malformed");
        }
        let mut event = event();
        event["sequence"] = Value::Null;
        assert_eq!(
            Press::parse(&event).unwrap_err().code(),
            "wrong-type",
            "a null sequence would switch off the sequence"
        );
    }

    #[test]
    fn a_button_can_make_its_press_older_and_never_younger() {
        for (pressed_at, made_at) in [
            (None, 1_000),
            (Some(400), 400),
            (Some(1_000), 1_000),
            (Some(9_000), 1_000),
        ] {
            let mut event = event();
            event["receivedAt"] = json!(1_000);
            if let Some(at) = pressed_at {
                event["pressedAt"] = json!(at);
            }
            let press = Press::parse(&event).unwrap();
            assert_eq!(press.made_at(), UnixMillis(made_at), "{pressed_at:?}");
        }
    }

    #[test]
    fn a_battery_that_cannot_be_read_does_not_stop_a_press() {
        for (value, wanted) in [
            (json!("full"), None),
            (json!("mV"), None),
            (json!("-3mV"), None),
            (json!("NaN mV"), None),
            (json!("3 V"), Some(3000)),
            (json!("3000mV"), Some(3000)),
            (json!("1568.5mV"), Some(1569)),
            (json!(" 1568 mv"), Some(1568)),
            (json!(1568), Some(1568)),
            (json!(-1), None),
            (json!(1e300), None),
            (json!(null), None),
            (json!(true), None),
            (json!(["1568mV"]), None),
            (json!({"mV": 1568}), None),
            (json!("x".repeat(10_000)), None),
        ] {
            let mut event = event();
            event["batteryVoltage"] = value.clone();
            assert_eq!(Press::parse(&event).unwrap().battery_mv, wanted, "{value}");
        }
    }

    #[test]
    fn a_press_that_its_button_gave_up_is_known_by_its_age_at_arrival() {
        // pressedAt, goodForMs, receivedAt => given up
        let cases = [
            (Some(1_000), Some(3_000), 6_000, false),
            (Some(1_000), Some(3_000), 6_001, true),
            (Some(1_000), Some(0), 3_001, true),
            (Some(1_000), None, 900_000, false),
            (None, Some(3_000), 900_000, false),
            (Some(9_000), Some(3_000), 1_000, false),
            (Some(1_000), Some((1_u64 << 53) - 1), 900_000, false),
        ];
        for (pressed_at, good_for_ms, received_at, wanted) in cases {
            let mut event = event();
            event["receivedAt"] = json!(received_at);
            if let Some(at) = pressed_at {
                event["pressedAt"] = json!(at);
            }
            if let Some(ms) = good_for_ms {
                event["goodForMs"] = json!(ms);
            }
            let press = Press::parse(&event).unwrap();
            assert_eq!(press.was_given_up(), wanted, "{event}");
        }
    }
}
