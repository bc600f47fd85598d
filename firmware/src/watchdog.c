/*! Implements watchdog.h. */
#include "watchdog.h"

#include "led.h"
#include "mgos.h"
#include "mgos_mqtt.h"

#define TICK_MS 1000

static struct {
  bool (*may_reboot)(void);
  double down_since_s;    /* Uptime at which the connection was last up. */
  double attempt_since_s; /* Uptime at which the attempt was last given up. */
  bool reconnect;         /* Disconnected by us: connect at the next tick. */
} s_watchdog;

static void give_up_attempt(double now_s) {
  LOG(LL_WARN, ("watchdog: no connection for %d s, giving up the attempt",
                (int) (now_s - s_watchdog.attempt_since_s)));
  mgos_mqtt_global_disconnect();
  /* Not at once: connecting does nothing until the old attempt has closed. */
  s_watchdog.reconnect = true;
  s_watchdog.attempt_since_s = now_s;
}

static void watchdog_tick(void *arg) {
  const int reconnect_s = mgos_sys_config_get_watchdog_reconnect_s();
  const int reboot_s = mgos_sys_config_get_watchdog_reboot_s();
  const double now_s = mgos_uptime();
  (void) arg;
  if (mgos_mqtt_global_is_connected()) {
    s_watchdog.down_since_s = s_watchdog.attempt_since_s = now_s;
    s_watchdog.reconnect = false;
    return;
  }
  if (reboot_s > 0 && now_s - s_watchdog.down_since_s >= reboot_s &&
      s_watchdog.may_reboot()) {
    LOG(LL_ERROR, ("watchdog: no connection for %d s, rebooting", reboot_s));
    mgos_system_restart();
  }
  if (s_watchdog.reconnect) {
    s_watchdog.reconnect = false;
    (void) mgos_mqtt_global_connect();
  } else if (reconnect_s > 0 &&
             now_s - s_watchdog.attempt_since_s >= reconnect_s) {
    give_up_attempt(now_s);
  }
}

static void connection_changed(int ev, void *evd, void *arg) {
  led_steady(!mgos_mqtt_global_is_connected());
  (void) ev;
  (void) evd;
  (void) arg;
}

void watchdog_start(bool (*may_reboot)(void)) {
  s_watchdog.may_reboot = may_reboot;
  s_watchdog.down_since_s = s_watchdog.attempt_since_s = mgos_uptime();
  s_watchdog.reconnect = false;
  led_steady(true);
  mgos_event_add_handler(MGOS_EVENT_CLOUD_CONNECTED, connection_changed, NULL);
  mgos_event_add_handler(MGOS_EVENT_CLOUD_DISCONNECTED, connection_changed, NULL);
  mgos_set_timer(TICK_MS, MGOS_TIMER_REPEAT, watchdog_tick, NULL);
}
