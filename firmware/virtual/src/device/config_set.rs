//! The RPC `Config.Set`, as `mos config-set` sends it over the serial port. It must not know what a setting means.

use std::fs;
use std::io;
use std::time::Duration;

use crate::device::Device;
use crate::output::{Output, emit, log};
use crate::power::Point;
use crate::timer::Task;

const FILE: &str = "conf9.json";
/// Written first, and then given the file's name.
const NEW: &str = "tmp";
/// From the answer to the restart.
const RESTART_AFTER: Duration = Duration::from_millis(500);

impl Device {
    /// Takes settings, and saves them together with whatever else is not as the layers below say. Those before an error are taken.
    pub fn config_set(&mut self, config: &str, save: bool, reboot: bool) {
        let taken = self.config.take(config.as_bytes());
        let result = match taken {
            Err(complaint) => Err(format!("invalid config value: {complaint}")),
            Ok(()) if save => self
                .config_save()
                .map_err(|e| format!("error saving config: {e}")),
            Ok(()) => Ok(()),
        };
        emit(&Output::ConfigSet {
            saved: save && result.is_ok(),
            error: result.as_ref().err().map(String::as_str),
        });
        if save && reboot && result.is_ok() {
            let ms = RESTART_AFTER.as_millis();
            log("info", &format!("Rebooting in {ms} ms"));
            self.start_timer(RESTART_AFTER, None, Task::Restart);
        }
    }

    /// Replaces `conf9.json`.
    fn config_save(&mut self) -> io::Result<()> {
        let text = self.config.differences();
        self.power.reach(Point::BeforeWrite);
        if let Some(most) = self.power.write_bytes_max().filter(|m| *m <= text.len()) {
            fs::write(NEW, &text[..most])?;
            self.power.off();
        }
        self.be_busy(self.slowness.save);
        fs::write(NEW, text)?;
        self.power.reach(Point::AfterWrite);
        self.power.reach(Point::BeforeErase);
        // There may be none yet; what stays of one is replaced below.
        let _ = fs::remove_file(FILE);
        self.power.reach(Point::AfterErase);
        fs::rename(NEW, FILE)?;
        log("info", &format!("Saved to {FILE}"));
        Ok(())
    }
}
