/*! Implements lock_app.h. */
#include "lock_app.h"

#include <string.h>

#include "contact.h"
#include "declare.h"
#include "exchange.h"
#include "lock.h"
#include "mgos.h"
#include "port.h"
#include "report.h"
#include "settings.h"
#include "status.h"
#include "topics.h"

#define TICK_MS 100

/* Commands that may wait for the next turn of the main loop. */
#define WAITING_MAX 4

CORE_ASSERT(report_fits, EXCHANGE_BYTES_MAX >= REPORT_UPDATE_BYTES_MAX);
CORE_ASSERT(ram_per_lock_is_bounded,
            sizeof(struct lock) + sizeof(struct reporter) +
                    sizeof(struct clock) + 4 * sizeof(struct contact) +
                    sizeof(struct declaration_store) <=
                640);

static struct {
  struct lock lock;
  struct port_record journal_record;
  struct report_context context;
  struct watchdog_counts *counts;
  struct contact door;
  struct contact exit;
  struct contact bolt;
  struct contact follows; /* Closed while the bolt follows the latch. */
  struct command waiting[WAITING_MAX];
  int waiting_count;
  bool exit_was_pressed;
  int relay_pin;
  int door_pin;
  int exit_pin;
  int bolt_pin;
  bool unlocked_level;
  bool relay_is_output;
} s_app;

/* Sets the level before the mode, so that the relay does not click. */
static void move_latch(void *context, enum latch latch) {
  bool level = (latch == LATCH_UNLOCKED) == s_app.unlocked_level;
  (void) context;
  if (s_app.relay_is_output) {
    mgos_gpio_write(s_app.relay_pin, level);
    return;
  }
  s_app.relay_is_output = mgos_gpio_setup_output(s_app.relay_pin, level);
}

static int format_report(uint32_t number, const struct moment *now, char *out,
                         size_t size, size_t *length) {
  struct report report;
  s_app.context.rssi_dbm = port_rssi();
  s_app.context.number = number;
  report_collect(&s_app.lock, &s_app.context, now, &report);
  return report_format_update(&report, out, size, length);
}

static const char *const outcomes[] = {"executed", "expired", "repeated",
                                       "refused: "};
CORE_ASSERT_COUNT(outcomes, OUTCOME_COUNT);

static void obey_command(const struct command *command) {
  const enum latch latch = s_app.lock.latch;
  const uint64_t version = s_app.lock.journal.entry.version;
  struct moment now;
  enum outcome outcome;
  port_now(&now);
  outcome = lock_handle_command(&s_app.lock, command, &now);
  LOG(LL_INFO,
      ("lock: %s %s: %s%s",
       command->action == ACTION_UNLOCK ? "unlock" : "lock", command->id,
       outcomes[outcome],
       report_refusal_name(outcome == OUTCOME_REFUSED ? s_app.lock.refusal
                                                      : REFUSAL_NONE)));
  if (s_app.lock.journal.entry.version != version) s_app.counts->commands++;
  if (s_app.lock.journal.entry.version != version ||
      s_app.lock.latch != latch) {
    reporter_request(exchange_reporter());
    return;
  }
  reporter_mention(exchange_reporter());
}

/* Updates the door before any timer runs: a bolt must not move on an outdated
 * state of the contact. */
static void apply_contacts(const struct moment *now) {
  const enum door before = s_app.lock.door;
  const enum door door = s_app.door_pin < 0     ? DOOR_NO_SENSOR
                         : s_app.door.is_closed ? DOOR_CLOSED
                                                : DOOR_OPEN;
  if (lock_set_door(&s_app.lock, door, now)) {
    LOG(LL_INFO, ("lock: relocked"));
    reporter_request(exchange_reporter());
  }
  if (door != before) reporter_note_door(exchange_reporter());
  if (!s_app.exit_was_pressed) return;
  s_app.exit_was_pressed = false;
  if (!lock_request_exit(&s_app.lock, now)) return;
  LOG(LL_INFO, ("lock: unlocked by the exit button"));
  reporter_request(exchange_reporter());
}

/* A bolt needs time to move, so only a longer absence is a jam. Its end counts
 * at once: a report with the answer to an unlock must not say jammed. */
static void watch_bolt(const struct moment *now) {
  struct contact *follows = &s_app.follows;
  if (s_app.bolt_pin < 0) return;
  if (s_app.bolt.is_closed == (s_app.lock.latch == LATCH_LOCKED)) {
    if (!contact_take_edge(follows, true)) return;
    LOG(LL_INFO, ("lock: the bolt follows again"));
  } else {
    if (!contact_take_level(follows, false, now->uptime_ms)) return;
    LOG(LL_ERROR, ("lock: the bolt is jammed"));
  }
  s_app.lock.jammed = !follows->is_closed;
  reporter_request(exchange_reporter());
}

/* Handles the recorded events: moves the latch, writes flash, publishes. */
static void handle_events(void) {
  struct moment now;
  port_now(&now);
  apply_contacts(&now);
  while (s_app.waiting_count > 0) {
    const struct command command = s_app.waiting[0];
    s_app.waiting_count--;
    memmove(s_app.waiting, s_app.waiting + 1,
            (size_t) s_app.waiting_count * sizeof(command));
    obey_command(&command);
  }
  s_app.counts->refusals = s_app.lock.refusals;
  watch_bolt(&now);
  exchange_tick();
}

/* Records a command. If the queue is full, handles the queued ones first: no
 * pin's handler runs now, so an edge during their saves is late, not lost. */
static void queue_command(const struct command *command) {
  if (s_app.waiting_count == WAITING_MAX) handle_events();
  s_app.waiting[s_app.waiting_count++] = *command;
}

static bool is_door_closed(void) {
  return mgos_gpio_read(s_app.door_pin) ==
         (declare_in_force()->door_closed_level != 0);
}

static bool is_exit_pressed(void) {
  return mgos_gpio_read(s_app.exit_pin) ==
         (declare_in_force()->exit_level != 0);
}

static bool is_bolt_out(void) {
  return mgos_gpio_read(s_app.bolt_pin) ==
         (declare_in_force()->bolt_out_level != 0);
}

static void on_tick(void *arg) {
  struct moment now;
  (void) arg;
  port_now(&now);
  /* Reads the levels, because edges during a handler are lost. */
  if (s_app.door_pin >= 0) {
    (void) contact_take_level(&s_app.door, is_door_closed(), now.uptime_ms);
  }
  if (s_app.exit_pin >= 0 &&
      contact_take_level(&s_app.exit, is_exit_pressed(), now.uptime_ms)) {
    if (s_app.exit.is_closed) s_app.exit_was_pressed = true;
  }
  if (s_app.bolt_pin >= 0) {
    (void) contact_take_level(&s_app.bolt, is_bolt_out(), now.uptime_ms);
  }
  handle_events();
}

/* Handlers. Each only records the event, because the platform loses the edges
 * of a pin while its handler runs:
 *   on_door, on_exit_button, on_bolt
 *                           a contact changed (mgos_gpio_set_button_handler)
 *   on_command              a command arrived (topics.h)
 *   exchange.c on_answer    the shadow answered (topics.h)
 *   exchange.c on_open      the connection opened or closed (topics.h) */

static void on_door(int pin, void *arg) {
  (void) pin;
  (void) arg;
  if (!contact_take_edge(&s_app.door, is_door_closed())) return;
  port_call_soon(handle_events);
}

static void on_exit_button(int pin, void *arg) {
  (void) pin;
  (void) arg;
  if (!contact_take_edge(&s_app.exit, is_exit_pressed())) return;
  if (!s_app.exit.is_closed) return;
  s_app.exit_was_pressed = true;
  port_call_soon(handle_events);
}

static void on_bolt(int pin, void *arg) {
  (void) pin;
  (void) arg;
  if (!contact_take_edge(&s_app.bolt, is_bolt_out())) return;
  port_call_soon(handle_events);
}

static void on_command(const char *payload, size_t length, const void *arg) {
  struct command command;
  const int status = command_parse(payload, length, &command);
  (void) arg;
  if (status == CORE_OK) {
    queue_command(&command);
  } else {
    lock_refuse_malformed(&s_app.lock);
    reporter_mention(exchange_reporter());
    LOG(LL_WARN, ("lock: not a command: %s", command_error_name(status)));
  }
  port_call_soon(handle_events);
}

static void make_settings(struct lock_settings *settings) {
  const struct declaration *from = declare_in_force();
  memset(settings, 0, sizeof(*settings));
  settings->power_on = (enum latch) from->power_on;
  settings->pulse_ms = from->pulse_ms;
  settings->relock_ms = from->relock_ms;
  settings->settle_ms = from->settle_ms;
  settings->relock_from = (enum relock_from) from->relock_from;
  settings->clock_tolerance_ms =
      (uint32_t) mgos_sys_config_get_lock_clock_tolerance_ms();
}

/* Moves the latch as the reboot after a panic will. */
static void make_safe(void) { move_latch(NULL, s_app.lock.settings.power_on); }

/* Starts a contact to ground or, with its own resistor, to the supply. */
static bool start_contact(int pin, bool is_to_supply,
                          mgos_gpio_int_handler_f handler) {
  if (pin < 0) return true;
  if (mgos_gpio_set_button_handler(
          pin, is_to_supply ? MGOS_GPIO_PULL_NONE : MGOS_GPIO_PULL_UP,
          MGOS_GPIO_INT_EDGE_ANY, declare_in_force()->debounce_ms, handler,
          NULL)) {
    return true;
  }
  LOG(LL_ERROR, ("lock: pin %d cannot be a contact", pin));
  return false;
}

static bool start_contacts(void) {
  const struct declaration *from = declare_in_force();
  s_app.door_pin = from->door_pin;
  s_app.exit_pin = from->exit_pin;
  s_app.bolt_pin = from->bolt_pin;
  if (!start_contact(s_app.door_pin, false, on_door) ||
      !start_contact(s_app.exit_pin, from->exit_level != 0, on_exit_button) ||
      !start_contact(s_app.bolt_pin, false, on_bolt)) {
    return false;
  }
  if (s_app.door_pin >= 0) {
    contact_start(&s_app.door, from->debounce_ms, is_door_closed());
  }
  /* A press that began before power-on is not counted. */
  if (s_app.exit_pin >= 0) {
    contact_start(&s_app.exit, from->debounce_ms, is_exit_pressed());
  }
  if (s_app.bolt_pin >= 0) {
    contact_start(&s_app.bolt, from->debounce_ms, is_bolt_out());
    contact_start(&s_app.follows, from->bolt_ms, true);
  }
  return true;
}

void lock_app_power_on(void) {
  static const struct latch_port latch = {move_latch, NULL};
  const struct declaration *from = declare_in_force();
  struct lock_settings settings;
  struct moment now;
  int status;
  make_settings(&settings);
  s_app.relay_pin = from->relay_pin;
  s_app.unlocked_level = from->unlocked_level != 0;
  if (!settings_pin_drives(s_app.relay_pin)) return;
  port_now(&now);
  port_record_start(&s_app.journal_record, "journal");
  status = lock_boot(&s_app.lock, &settings, &latch,
                     &s_app.journal_record.flash, &now);
  port_set_panic_handler(make_safe);
  if (status != CORE_OK) {
    LOG(LL_WARN, ("lock: the journal is %s",
                  status == CORE_EBLANK ? "blank" : "unreadable"));
  }
}

/* Called last, so that commands are subscribed first: the first report may
 * cause one. */
static void listen_to_commands(void) {
  char topic[PORT_TOPIC_BYTES_MAX];
  PORT_ASSERT(port_format_topic(mgos_sys_config_get_topic_command(), "", "",
                                topic, sizeof(topic)) == CORE_OK);
  topics_listen(topic, on_command, NULL);
}

bool lock_app_start(struct watchdog_counts *counts) {
  struct moment now;
  if (!s_app.relay_is_output) {
    LOG(LL_ERROR, ("lock: pin %d cannot drive a relay", s_app.relay_pin));
    return false;
  }
  s_app.counts = counts;
  s_app.context.boot_count = port_boots();
  s_app.context.firmware = PORT_FIRMWARE;
  s_app.context.settings = declare_source();
  if (!start_contacts()) return false;
  port_now(&now);
  apply_contacts(&now);
  exchange_start(SHADOW_OF_LOCK, format_report);
  listen_to_commands();
  mgos_set_timer(TICK_MS, MGOS_TIMER_REPEAT, on_tick, NULL);
  return true;
}

bool lock_app_is_connected(void) { return exchange_is_open(); }

bool lock_app_is_healthy(void) { return exchange_is_answered(); }

bool lock_app_may_reboot(void) {
  return s_app.lock.latch == s_app.lock.settings.power_on;
}
