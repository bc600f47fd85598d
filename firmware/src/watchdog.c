/*! Implements watchdog.h. */
#include "watchdog.h"

#include "led.h"
#include "link.h"
#include "mgos.h"
#include "mgos_mqtt.h"
#include "port.h"

#define TICK_MS 250

static struct {
  const struct watchdog_role *role;
  const struct watchdog_counts *counts;
  struct link link;
  bool has_network;
  bool was_closed; /* A connection ended since the last tick. */
  bool settings_are_stated;
} s_watchdog;

/* A connection that ended between two ticks counts as idle once, even if the
 * library has already opened the next. */
static enum link_phase phase(void) {
  if (s_watchdog.was_closed) {
    s_watchdog.was_closed = false;
    return LINK_IDLE;
  }
  if (mgos_mqtt_global_is_connected()) return LINK_CONNECTED;
  return mgos_mqtt_get_global_conn() != NULL ? LINK_TRYING : LINK_IDLE;
}

static void on_tick(void *arg) {
  struct link_view view;
  struct moment now;
  const bool was_closing = s_watchdog.link.closing;
  (void) arg;
  port_now(&now);
  view.uptime_ms = now.uptime_ms;
  view.random = port_random();
  view.phase = phase();
  view.has_network = s_watchdog.has_network;
  view.is_healthy = s_watchdog.role->is_healthy();
  view.may_reboot = s_watchdog.role->may_reboot();
  switch (link_step(&s_watchdog.link, &view)) {
    case LINK_WAIT:
      break;
    case LINK_CONNECT:
      (void) mgos_mqtt_global_connect();
      break;
    case LINK_CLOSE:
      if (!was_closing) {
        LOG(LL_WARN, ("watchdog: %s, closing", view.phase == LINK_TRYING
                                                   ? "the attempt timed out"
                                                   : "no answer to reports"));
      }
      port_close_connection();
      break;
    case LINK_REBOOT:
      LOG(LL_ERROR, ("watchdog: no healthy connection, rebooting"));
      mgos_system_restart();
  }
  led_show(indicator_choose_state(
      s_watchdog.settings_are_stated, s_watchdog.has_network,
      s_watchdog.role->is_connected(), moment_has_time(&now)));
}

/* Handlers. Each only records the event; the tick acts:
 *   on_network    the network came up or went down (MGOS_EVENT_GRP_NET)
 *   on_connection the connection ended (MQTT library) */

static void on_connection(struct mg_connection *nc, int ev, void *evd,
                          void *arg) {
  if (ev == MG_EV_CLOSE) s_watchdog.was_closed = true;
  (void) nc;
  (void) evd;
  (void) arg;
}

static void on_network(int ev, void *evd, void *arg) {
  if (ev == MGOS_NET_EV_IP_ACQUIRED) s_watchdog.has_network = true;
  if (ev == MGOS_NET_EV_DISCONNECTED) s_watchdog.has_network = false;
  (void) evd;
  (void) arg;
}

static void log_health(void *arg) {
  const struct watchdog_counts *counts = s_watchdog.counts;
  struct moment now;
  (void) arg;
  port_now(&now);
  LOG(LL_INFO,
      ("health: uptime=%lu wifi=%s rssi=%ld mqtt=%s clock=%s clock_ms=%lu "
       "heap=%lu "
       "heap_min=%lu boots=%lu commands=%lu refusals=%lu presses=%lu "
       "dropped=%lu",
       (unsigned long) (now.uptime_ms / 1000),
       s_watchdog.has_network ? "up" : "down", (long) port_rssi(),
       mgos_mqtt_global_is_connected() ? "up" : "down",
       moment_has_time(&now) ? "good" : "bad",
       (unsigned long) (now.latest_ms - now.earliest_ms),
       (unsigned long) mgos_get_free_heap_size(),
       (unsigned long) mgos_get_min_free_heap_size(),
       (unsigned long) port_boots(), (unsigned long) counts->commands,
       (unsigned long) counts->refusals, (unsigned long) counts->presses,
       (unsigned long) counts->dropped));
}

void watchdog_start(const struct watchdog_role *role,
                    const struct watchdog_counts *counts,
                    bool settings_are_stated) {
  const int health_s = mgos_sys_config_get_health_interval_s();
  struct link_settings settings;
  struct moment now;
  settings.attempt_ms =
      (uint32_t) mgos_sys_config_get_watchdog_reconnect_s() * 1000u;
  settings.silence_ms =
      (uint32_t) mgos_sys_config_get_watchdog_silence_s() * 1000u;
  settings.reboot_ms =
      (uint32_t) mgos_sys_config_get_watchdog_reboot_s() * 1000u;
  settings.retry_first_ms =
      (uint32_t) mgos_sys_config_get_watchdog_retry_min_s() * 1000u;
  settings.retry_most_ms =
      (uint32_t) mgos_sys_config_get_watchdog_retry_max_s() * 1000u;
  port_now(&now);
  s_watchdog.role = role;
  s_watchdog.counts = counts;
  s_watchdog.settings_are_stated = settings_are_stated;
  link_start(&s_watchdog.link, &settings, now.uptime_ms);
  mgos_event_add_group_handler(MGOS_EVENT_GRP_NET, on_network, NULL);
  mgos_mqtt_add_global_handler(on_connection, NULL);
  mgos_set_timer(TICK_MS, MGOS_TIMER_REPEAT, on_tick, NULL);
  if (health_s > 0) {
    mgos_set_timer(health_s * 1000, MGOS_TIMER_REPEAT, log_health, NULL);
  }
}
