/*! Entry point: starts the roles that this board was declared to have. */
#include "button_app.h"
#include "declare.h"
#include "led.h"
#include "lock_app.h"
#include "mgos.h"
#include "mgos_mqtt.h"
#include "settings.h"
#include "watchdog.h"

static struct watchdog_counts s_counts;

/* A button has nothing to lose by a reboot. */
static bool always(void) { return true; }

static bool start(enum role role) {
  static const struct watchdog_role as_lock = {
      lock_app_is_connected, lock_app_is_of_use, lock_app_may_reboot};
  static const struct watchdog_role as_button = {button_app_is_connected,
                                                 button_app_is_of_use, always};
  const bool pins_are_good = settings_check_pins(role);
  bool is_good;
  if (pins_are_good) led_start();
  is_good = settings_check(role) && pins_are_good &&
            declare_source() != DECLARATION_NONE;
  if (!is_good) return false;
  declare_keep();
  if ((role & ROLE_LOCK) && !lock_app_start(&s_counts)) return false;
  if ((role & ROLE_BUTTON) && !button_app_start(&s_counts, role)) return false;
  watchdog_start(role & ROLE_LOCK ? &as_lock : &as_button, &s_counts,
                 declare_source() == DECLARATION_STATED);
  return true;
}

/* Not by mgos_sys_config_set_mqtt_enable: the next save would keep that, and
 * the board would stay offline when its settings are mended. */
static void stay_offline(void) {
  static struct mgos_config_mqtt off;
  off = *mgos_sys_config_get_mqtt();
  off.enable = 0;
  (void) mgos_mqtt_set_config(&off);
}

enum mgos_app_init_result mgos_app_init(void) {
  enum role role;
  declare_read();
  role = declare_role();
  /* The relay first: nothing else may delay its declared state. Where polarity
   * or power-on state is not known, no level is safe, and the pin stays an
   * input: its resistor keeps the door shut. */
  if ((role & ROLE_LOCK) && declare_source() != DECLARATION_NONE) {
    lock_app_power_on();
  }
  if (!start(role)) {
    /* An error here would make the system reboot for ever, the relay's pin
     * floating each time and no way in to mend the settings. So it stays up for
     * the serial port, and away from the network. */
    LOG(LL_ERROR, ("settings: not started; mend them over the serial port"));
    led_show(INDICATOR_SETTINGS);
    stay_offline();
  }
  return MGOS_APP_INIT_SUCCESS;
}
