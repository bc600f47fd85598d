//! The RPC `Config.Set`: sets, saves and reboots as `mos config-set` does.
//!
//! Must not know: what a setting means.

use std::fs;
use std::io;
use std::time::Duration;

use super::Device;
use crate::output::{Output, emit, log};
use crate::power::Point;
use crate::timer::Task;

/// The device's own layer of settings, which a save replaces.
const OWN_LAYER: &str = "conf9.json";
/// Name of the new layer until it replaces the old one.
const NEW_LAYER: &str = "tmp";
/// Time between the answer to `config_set` and the reboot.
const REBOOT_AFTER: Duration = Duration::from_millis(500);

impl Device {
    /// The RPC `Config.Set`: applies settings up to the first error, and saves everything that
    /// differs from the layers below the device's own.
    pub(super) fn set_config(&mut self, config: &str, save: bool, reboot: bool) {
        let mut result = self.config.apply(config.as_bytes());
        result = result.map_err(|reason| format!("invalid config value: {reason}"));
        if save && result.is_ok() {
            let saved = self.save_config();
            result = saved.map_err(|e| format!("error saving config: {e}"));
        }
        let saved = save && result.is_ok();
        emit(&Output::ConfigSet {
            saved,
            error: result.as_ref().err().map(String::as_str),
        });
        if saved && reboot {
            let ms = REBOOT_AFTER.as_millis();
            log("info", &format!("Rebooting in {ms} ms"));
            self.start_timer(REBOOT_AFTER, None, Task::Restart);
        }
    }

    fn save_config(&mut self) -> io::Result<()> {
        let text = self.config.differences();
        self.power.reach(Point::BeforeWrite);
        if let Some(most) = self.power.write_bytes_max().filter(|m| *m <= text.len()) {
            fs::write(NEW_LAYER, &text[..most])?;
            self.power.off();
        }
        self.save_file();
        fs::write(NEW_LAYER, text)?;
        self.power.reach(Point::AfterWrite);
        self.power.reach(Point::BeforeErase);
        // There may be no file yet; whatever remains is replaced below.
        let _ = fs::remove_file(OWN_LAYER);
        self.power.reach(Point::AfterErase);
        fs::rename(NEW_LAYER, OWN_LAYER)?;
        log("info", &format!("Saved to {OWN_LAYER}"));
        Ok(())
    }
}
