/*! Entry point: starts the roles that the configuration asks for. */
#include "button_app.h"
#include "led.h"
#include "lock_app.h"
#include "mgos.h"
#include "settings.h"
#include "watchdog.h"

static struct watchdog_counts s_counts;

/* A button has nothing to lose by a reboot, and gets no answers of its own. */
static bool always(void) { return true; }

static bool start(enum role role) {
  static const struct watchdog_role as_lock = {
      lock_app_is_connected, lock_app_is_of_use, lock_app_may_reboot};
  static const struct watchdog_role as_button = {
      button_app_is_connected, button_app_is_connected, always};
  const bool pins_are_good = settings_check_pins(role);
  if (pins_are_good) led_start();
  if (!settings_check(role) || !pins_are_good) return false;
  if ((role & ROLE_LOCK) && !lock_app_start(&s_counts)) return false;
  if ((role & ROLE_BUTTON) && !button_app_start(&s_counts)) return false;
  watchdog_start(role & ROLE_LOCK ? &as_lock : &as_button, &s_counts);
  return true;
}

enum mgos_app_init_result mgos_app_init(void) {
  const enum role role = settings_role();
  /* The relay first: nothing may delay its declared state, and whatever is not
   * surely a mere button may have one. */
  if (role != ROLE_BUTTON) lock_app_power_on();
  if (!start(role)) {
    /* An error here would make the system reboot for ever, the relay's pin
     * floating each time and no way in to mend the settings. So it stays up for
     * the serial port, and away from the network. */
    LOG(LL_ERROR, ("settings: not started; mend them over the serial port"));
    mgos_sys_config_set_mqtt_enable(0);
  }
  return MGOS_APP_INIT_SUCCESS;
}
