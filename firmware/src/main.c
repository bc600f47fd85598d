/*! Entry point: starts the roles that the configuration asks for. */
#include <string.h>

#include "button_app.h"
#include "led.h"
#include "watchdog.h"
#include "lock_app.h"
#include "mgos.h"

static bool always(void) { return true; }

enum mgos_app_init_result mgos_app_init(void) {
  const char *role = mgos_sys_config_get_app_role();
  bool both = role != NULL && strcmp(role, "both") == 0;
  bool lock = both || (role != NULL && strcmp(role, "lock") == 0);
  bool button = both || (role != NULL && strcmp(role, "button") == 0);
  if (!lock && !button) {
    LOG(LL_ERROR, ("app.role is neither lock, button nor both"));
    return MGOS_APP_INIT_ERROR;
  }
  /* The relay first: nothing may delay its declared state. */
  if (lock && !lock_app_start()) return MGOS_APP_INIT_ERROR;
  led_start();
  /* A button's policy grants no shadow; subscribing would cut its connection. */
  if (!lock) mgos_sys_config_set_shadow_enable(0);
  if (button && !button_app_start()) return MGOS_APP_INIT_ERROR;
  watchdog_start(lock ? lock_app_may_reboot : always);
  return MGOS_APP_INIT_SUCCESS;
}
