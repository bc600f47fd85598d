/*! Implements lock_app.h. */
#include "lock_app.h"

#include <string.h>

#include "lock.h"
#include "mgos.h"
#include "mgos_mqtt.h"
#include "port.h"
#include "report.h"
#include "reporter.h"
#include "settings.h"
#include "shadow.h"
#include "status.h"
#include "topics.h"

#define TICK_MS 100

static struct {
  struct lock lock;
  struct reporter reporter;
  struct port_record journal_record;
  struct report_context context;
  struct watchdog_counts *counts;
  char update_topic[PORT_TOPIC_BYTES_MAX];
  int relay_pin;
  int door_pin;
  bool unlocked_level;
  bool relay_is_output;
  int clock_was_good;
} s_app;

/* The level comes before the mode: a relay must not click on its way up. */
static void move_latch(void *context, enum latch latch) {
  bool level = (latch == LATCH_UNLOCKED) == s_app.unlocked_level;
  (void) context;
  if (s_app.relay_is_output) {
    mgos_gpio_write(s_app.relay_pin, level);
    return;
  }
  s_app.relay_is_output = mgos_gpio_setup_output(s_app.relay_pin, level);
}

static void send_report_if_due(void) {
  struct moment now;
  struct report report;
  char text[REPORT_UPDATE_BYTES_MAX];
  size_t length;
  port_now(&now);
  if (!reporter_wants(&s_app.reporter, &now)) return;
  s_app.context.rssi_dbm = port_rssi();
  s_app.context.number = reporter_send(&s_app.reporter, &now, port_random());
  report_collect(&s_app.lock, &s_app.context, &now, &report);
  PORT_ASSERT(report_format_update(&report, text, sizeof(text), &length) ==
              CORE_OK);
  /* Says only that the library took it; the shadow's answer says the rest. */
  (void) mgos_mqtt_pub(s_app.update_topic, text, length, 1, false);
}

static void changed(void) {
  reporter_request(&s_app.reporter);
  send_report_if_due();
}

static const char *outcome_name(enum outcome outcome) {
  static const char *const names[] = {"executed", "expired", "repeated",
                                      "refused"};
  return names[outcome];
}

/* Parses and obeys one payload; the line in the log says what became of it. */
static void obey(const char *payload, size_t length) {
  struct command command;
  struct moment now;
  enum outcome outcome;
  int status = command_parse(payload, length, &command);
  if (status != CORE_OK) {
    lock_malformed(&s_app.lock);
    LOG(LL_WARN, ("lock: not a command: %s", command_error_name(status)));
    return;
  }
  port_now(&now);
  outcome = lock_command(&s_app.lock, &command, &now);
  LOG(LL_INFO, ("lock: %s %s: %s (refusal %d)",
                command.action == ACTION_UNLOCK ? "unlock" : "lock",
                command.id, outcome_name(outcome),
                outcome == OUTCOME_REFUSED ? (int) s_app.lock.refusal : 0));
}

static void on_command(const char *payload, size_t length, const void *arg) {
  const enum latch latch = s_app.lock.latch;
  const uint64_t version = s_app.lock.journal.entry.version;
  (void) arg;
  obey(payload, length);
  s_app.counts->refusals = s_app.lock.refusals;
  if (s_app.lock.journal.entry.version != version) s_app.counts->commands++;
  if (s_app.lock.journal.entry.version != version ||
      s_app.lock.latch != latch) {
    changed();
    return;
  }
  reporter_mention(&s_app.reporter);
  send_report_if_due();
}

static void on_tick(void *arg) {
  struct moment now;
  int clock_is_good;
  (void) arg;
  port_now(&now);
  if (lock_tick(&s_app.lock, &now)) {
    LOG(LL_INFO, ("lock: relocked"));
    reporter_request(&s_app.reporter);
  }
  clock_is_good = lock_clock_is_good(&now);
  if (clock_is_good != s_app.clock_was_good) {
    s_app.clock_was_good = clock_is_good;
    reporter_request(&s_app.reporter);
  }
  send_report_if_due();
}

/* Whether the latch moved. */
static bool read_door(void) {
  struct moment now;
  bool closed_level = mgos_sys_config_get_lock_door_closed_level() != 0;
  port_now(&now);
  return lock_door(&s_app.lock,
                   mgos_gpio_read(s_app.door_pin) == closed_level ? DOOR_CLOSED
                                                                  : DOOR_OPEN,
                   &now) != 0;
}

/* Sends nothing: an edge that came meanwhile would be lost. The tick does. */
static void on_door(int pin, void *arg) {
  const enum door door = s_app.lock.door;
  (void) pin;
  (void) arg;
  if (read_door()) reporter_request(&s_app.reporter);
  if (s_app.lock.door != door) reporter_door(&s_app.reporter);
}

static void on_open(bool is_open) {
  reporter_connected(&s_app.reporter, is_open);
}

/* Notes what the answer means; the tick sends. */
static void on_answer(const char *payload, size_t length, const void *arg) {
  const enum shadow_topic *topic = (const enum shadow_topic *) arg;
  const bool was_covered = s_app.reporter.repeat_ms != 0;
  struct shadow_answer answer;
  struct moment now;
  port_now(&now);
  shadow_read(*topic, payload, length, &answer);
  switch (reporter_answer(&s_app.reporter, &answer, &now)) {
    case VERDICT_NONE:
    case VERDICT_SETTLED:
      break;
    case VERDICT_REJECTED:
      LOG(LL_ERROR, ("lock: report rejected: %lu",
                     (unsigned long) answer.code));
      break;
    case VERDICT_FOREIGN:
      if (was_covered) break;
      LOG(LL_WARN, ("lock: another changed the shadow; reporting again in "
                    "%lu ms",
                    (unsigned long) (s_app.reporter.repeat_ms -
                                     now.uptime_ms)));
      break;
  }
}

static uint32_t milliseconds(int value, int unit_ms) {
  return value <= 0 ? 0 : (uint32_t) value * (uint32_t) unit_ms;
}

static void read_settings(struct lock_settings *settings) {
  const char *power_on = mgos_sys_config_get_lock_power_on();
  memset(settings, 0, sizeof(*settings));
  settings->power_on = power_on != NULL && strcmp(power_on, "unlocked") == 0
                           ? LATCH_UNLOCKED
                           : LATCH_LOCKED;
  settings->pulse_ms = milliseconds(mgos_sys_config_get_lock_pulse_ms(), 1);
  settings->relock_ms = milliseconds(mgos_sys_config_get_lock_relock_s(), 1000);
  settings->clock_tolerance_ms =
      milliseconds(mgos_sys_config_get_lock_clock_tolerance_ms(), 1);
}

/* Where the reboot that follows would bring it. */
static void make_safe(void) {
  move_latch(NULL, s_app.lock.settings.power_on);
}

static void start_door(void) {
  s_app.door_pin = mgos_sys_config_get_pins_door();
  if (s_app.door_pin < 0) return;
  if (!mgos_gpio_set_button_handler(s_app.door_pin, MGOS_GPIO_PULL_UP,
                                    MGOS_GPIO_INT_EDGE_ANY, 50, on_door,
                                    NULL)) {
    LOG(LL_ERROR, ("lock: pin %d cannot be a door contact", s_app.door_pin));
    return;
  }
  (void) read_door();
}

static void listen_to(const char *prefix, const char *suffix,
                      topics_handler handler, const enum shadow_topic *kind) {
  char topic[PORT_TOPIC_BYTES_MAX];
  PORT_ASSERT(port_topic(prefix, suffix, topic, sizeof(topic)) == CORE_OK);
  topics_listen(topic, handler, kind);
}

/* The shadow's answers, and commands: these last, so that they are subscribed to
 * first, as the first report may bring one. */
static void start_topics(void) {
  static const enum shadow_topic kinds[SHADOW_TOPICS] = {
      SHADOW_UPDATE_ACCEPTED, SHADOW_UPDATE_REJECTED, SHADOW_DELETE_ACCEPTED};
  int i;
  topics_start(on_open);
  for (i = 0; i < SHADOW_TOPICS; i++) {
    listen_to(SHADOW_PREFIX, shadow_suffix(kinds[i]), on_answer, &kinds[i]);
  }
  listen_to(mgos_sys_config_get_topic_command(), "", on_command, NULL);
  PORT_ASSERT(port_topic(SHADOW_PREFIX, SHADOW_UPDATE_SUFFIX,
                         s_app.update_topic,
                         sizeof(s_app.update_topic)) == CORE_OK);
}

void lock_app_power_on(void) {
  static const struct latch_port latch = {move_latch, NULL};
  struct lock_settings settings;
  struct moment now;
  int status;
  read_settings(&settings);
  s_app.relay_pin = mgos_sys_config_get_pins_relay();
  s_app.unlocked_level = mgos_sys_config_get_lock_unlocked_level() != 0;
  if (!settings_pin_drives(s_app.relay_pin)) return;
  port_now(&now);
  port_record_start(&s_app.journal_record, "journal");
  status = lock_boot(&s_app.lock, &settings, &latch,
                     &s_app.journal_record.flash, &now);
  port_on_panic(make_safe);
  if (status != CORE_OK) LOG(LL_WARN, ("lock: no journal (%d)", status));
}

bool lock_app_start(struct watchdog_counts *counts) {
  if (!s_app.relay_is_output) {
    LOG(LL_ERROR, ("lock: pin %d cannot drive a relay", s_app.relay_pin));
    return false;
  }
  s_app.counts = counts;
  s_app.context.boot_count = port_boots();
  s_app.context.firmware = PORT_FIRMWARE;
  start_door();
  reporter_start(&s_app.reporter, s_app.context.boot_count,
                 milliseconds(mgos_sys_config_get_report_interval_s(), 1000));
  start_topics();
  mgos_set_timer(TICK_MS, MGOS_TIMER_REPEAT, on_tick, NULL);
  return true;
}

bool lock_app_is_connected(void) { return s_app.reporter.connected != 0; }

bool lock_app_is_of_use(void) {
  return reporter_is_answered(&s_app.reporter) != 0;
}

bool lock_app_may_reboot(void) {
  return s_app.lock.latch == s_app.lock.settings.power_on;
}
