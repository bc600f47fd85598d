//! A press of a button, as the topic rule hands it over. Must not know what the
//! press will do.

use serde_json::Value;

use crate::action::ClickType;
use crate::field::{Fields, Refusal};
use crate::id::CommandId;
use crate::name::ButtonSerial;
use crate::time::UnixMillis;

/// One press.
///
/// *Shape*:
/// `{"button":"button-1","clickType":"SINGLE","batteryVoltage":"1568mV","sequence":412,"pressedAt":1763779512100,"receivedAt":1763779512345,"pressId":"<uuid>","principal":"<hex>"}`;
/// `batteryVoltage`, `sequence`, `pressedAt` and `principal` may be absent.
/// *Source*: PROTOCOL, Messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    /// The button, from the topic, which its policy guards; never from the
    /// payload.
    pub button: ButtonSerial,
    /// How it was pressed.
    pub click: ClickType,
    /// The button's own count, larger with every press, if it counts.
    pub sequence: Option<u64>,
    /// When the button says it was pressed, if its clock is set. It counts only
    /// where it makes the press older: see [`Press::made_at`].
    pub pressed_at: Option<UnixMillis>,
    /// When the rules engine saw it.
    pub received_at: UnixMillis,
    /// The rules engine's id of this delivery.
    pub press_id: String,
    /// The certificate that published it.
    pub principal: Option<String>,
    /// Battery, where the text could be read.
    /// *Units*: mV.
    pub battery_mv: Option<u64>,
}

impl Press {
    /// Reads the event of the press rule.
    ///
    /// *Errors*: the first [`Refusal`] met, in the order of the fields above.
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
    pub fn parse(event: &Value) -> Result<Press, Refusal> {
        let fields = Fields::of(event)?;
        let button =
            ButtonSerial::new(fields.text("button")?).map_err(|cause| Refusal::BadName {
                field: "button",
                cause,
            })?;
        let click = fields.word("clickType", |word| word.parse().ok())?;
        let sequence = fields.number_or_none("sequence")?;
        let pressed_at = fields.number_or_none("pressedAt")?.map(UnixMillis);
        let received_at = UnixMillis(fields.number("receivedAt")?);
        let press_id = fields.text("pressId")?.to_owned();
        let principal = fields.text_or_none("principal")?.map(str::to_owned);
        let battery_mv = fields.text_or_none("batteryVoltage")?.and_then(millivolts);
        Ok(Press {
            button,
            click,
            sequence,
            pressed_at,
            received_at,
            press_id,
            principal,
            battery_mv,
        })
    }

    /// The moment a command's life counts from (C4): the earlier of when the
    /// button says it was pressed and when the press arrived. A press may wait
    /// in a network stack for minutes, and nothing after the button can tell.
    pub fn made_at(&self) -> UnixMillis {
        self.pressed_at
            .map_or(self.received_at, |at| at.min(self.received_at))
    }

    /// The id of the command that this press causes, if it causes one.
    pub fn command_id(&self) -> CommandId {
        CommandId::of_press(&self.button, &self.press_id, self.sequence)
    }
}

/// `1568mV` or `1568 mV`: AWS's own examples disagree about the space.
fn millivolts(text: &str) -> Option<u64> {
    text.strip_suffix("mV")?
        .trim_end()
        .parse()
        .ok()
        .filter(|mv| *mv <= 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event() -> Value {
        json!({"button": "button-1", "clickType": "SINGLE", "batteryVoltage": "1568mV", "sequence": 412,
               "receivedAt": 1_763_779_512_345_u64, "pressId": "5f0e", "principal": "ab12"})
    }

    #[test]
    fn a_press_of_our_button_and_of_aws_own_are_read() {
        let press = Press::parse(&event()).unwrap();
        assert_eq!(
            (press.sequence, press.battery_mv, press.click),
            (Some(412), Some(1568), ClickType::Single)
        );
        let aws = json!({"button": "G030JF055364XVRB", "clickType": "LONG", "batteryVoltage": "2000 mV",
                         "receivedAt": 1, "pressId": "5f0e"});
        let press = Press::parse(&aws).unwrap();
        assert_eq!(
            (press.sequence, press.battery_mv, press.click),
            (None, Some(2000), ClickType::Long)
        );
    }

    #[test]
    fn whatever_is_wrong_has_its_own_code() {
        // field, put in its place (null here: taken away) => code
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
            ("batteryVoltage", json!(1568), "wrong-type"),
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
            "a null count would switch off the count"
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
        for (text, wanted) in [
            ("full", None),
            ("mV", None),
            ("-3mV", None),
            ("3 V", None),
            ("3000mV", Some(3000)),
        ] {
            let mut event = event();
            event["batteryVoltage"] = json!(text);
            assert_eq!(Press::parse(&event).unwrap().battery_mv, wanted, "{text}");
        }
    }
}
