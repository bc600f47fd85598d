/*! Entry point: starts the declared roles. */
#include "button_app.h"
#include "declare.h"
#include "led.h"
#include "lock_app.h"
#include "mgos.h"
#include "mgos_mqtt.h"
#include "settings.h"
#include "watchdog.h"

static struct watchdog_counts s_counts;

static bool may_always_reboot(void) { return true; }

static bool start(enum role role) {
  static const struct watchdog_role lock_role = {
      lock_app_is_connected, lock_app_is_healthy, lock_app_may_reboot};
  static const struct watchdog_role button_role = {
      button_app_is_connected, button_app_is_healthy, may_always_reboot};
  const bool pins_are_good = settings_check_pins(role);
  bool is_good;
  if (pins_are_good) led_start();
  is_good = settings_check(role) && pins_are_good &&
            declare_source() != DECLARATION_NONE;
  if (!is_good) return false;
  declare_keep();
  if ((role & ROLE_LOCK) && !lock_app_start(&s_counts)) return false;
  if ((role & ROLE_BUTTON) && !button_app_start(&s_counts, role)) return false;
  watchdog_start(role & ROLE_LOCK ? &lock_role : &button_role, &s_counts,
                 declare_source() == DECLARATION_STATED);
  return true;
}

/* mgos_sys_config_set_mqtt_enable would persist at the next save, and the board
 * would stay offline once its settings are corrected. */
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
  /* The relay first: nothing else may delay its declared state. If polarity or
   * power-on state is unknown, no level is safe, and the pin stays an input:
   * its resistor keeps the door shut. */
  if ((role & ROLE_LOCK) && declare_source() != DECLARATION_NONE) {
    lock_app_power_on();
  }
  if (!start(role)) {
    /* An error here would make the system reboot forever, with the relay's pin
     * floating each time and no chance to correct the settings. So it stays up
     * for the serial port, and off the network. */
    LOG(LL_ERROR, ("settings: not started; correct them over the serial port"));
    led_show(INDICATOR_SETTINGS);
    stay_offline();
  }
  return MGOS_APP_INIT_SUCCESS;
}
