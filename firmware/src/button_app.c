/*! Implements button_app.h. */
#include "button_app.h"

#include <string.h>

#include "exchange.h"
#include "health.h"
#include "led.h"
#include "mgos.h"
#include "mgos_mqtt.h"
#include "port.h"
#include "press.h"
#include "sequence.h"
#include "shadow.h"
#include "status.h"

#define TICK_MS 20

/* Presses that may wait for the next tick. */
#define WAITING_MAX 4

CORE_ASSERT(health_fits, EXCHANGE_BYTES_MAX >= HEALTH_UPDATE_BYTES_MAX);

struct timed_press {
  enum press press;
  struct moment at;
};

static struct {
  struct press_classifier classifier;
  struct sequence sequence;
  struct port_record sequence_record;
  char topic[PORT_TOPIC_BYTES_MAX];
  int pin;
  struct watchdog_counts *counts;
  struct timed_press waiting[WAITING_MAX];
  int waiting_count;
  enum press last_press; /* The last one sent, */
  uint64_t last_ms;      /* when, since 1970, */
  uint64_t last_number;  /* and its sequence. */
  uint64_t unanswered_since_ms;
  unsigned unanswered; /* Presses sent that the broker has not taken yet. */
  uint16_t last_id;    /* Packet id of the last of them. */
  uint32_t saves;      /* port_saves at the last tick. */
  bool pressed_level;
  bool has_shadow; /* Of its own; else the lock's is the board's. */
} s_app;

static void drop(const char *what, const char *why, unsigned flashes) {
  LOG(LL_WARN, ("button: %s dropped: %s", what, why));
  s_app.counts->dropped++;
  led_flash(flashes);
}

/* Sends a press now or never: one that waited for the network would open a door
 * long after it was made. */
static void send_press(const struct timed_press *made) {
  char payload[PRESS_BYTES_MAX];
  size_t length;
  struct press_message message;
  const char *name = press_name(made->press);
  if (!mgos_mqtt_global_is_connected()) {
    drop(name, "offline", 4);
    return;
  }
  if (sequence_next(&s_app.sequence, &made->at, &message.sequence) != CORE_OK) {
    drop(name, "flash", 6);
    return;
  }
  message.serial = port_thing();
  message.press = made->press;
  message.good_for_ms = (uint32_t) mgos_sys_config_get_button_answer_ms();
  message.supply_mv = (uint32_t) mgos_sys_config_get_button_supply_mv();
  message.pressed_ms = made->at.earliest_ms;
  PORT_ASSERT(press_format(&message, payload, sizeof(payload), &length) ==
              CORE_OK);
  s_app.last_id = mgos_mqtt_pub(s_app.topic, payload, length, 1, false);
  if (s_app.unanswered++ == 0) s_app.unanswered_since_ms = made->at.uptime_ms;
  s_app.last_press = made->press;
  s_app.last_ms = made->at.earliest_ms;
  s_app.last_number = message.sequence;
  if (s_app.has_shadow) reporter_mention(exchange_reporter());
  LOG(LL_INFO, ("button: %s", name));
}

static void note_press(enum press press, const struct moment *now) {
  if (press == PRESS_NONE) return;
  if (s_app.waiting_count == WAITING_MAX) {
    drop(press_name(press), "too many at once", 4);
    return;
  }
  s_app.waiting[s_app.waiting_count].press = press;
  s_app.waiting[s_app.waiting_count].at = *now;
  s_app.waiting_count++;
}

static void send_presses(void) {
  while (s_app.waiting_count > 0) {
    const struct timed_press made = s_app.waiting[0];
    s_app.waiting_count--;
    memmove(s_app.waiting, s_app.waiting + 1,
            (size_t) s_app.waiting_count * sizeof(made));
    send_press(&made);
  }
}

/* A save of the sequence or the journal takes time, during which a release and
 * another press may have been lost. */
static void restart_hold_after_saves(void) {
  struct moment now;
  if (port_saves() == s_app.saves) return;
  s_app.saves = port_saves();
  port_now(&now);
  press_restart_hold(&s_app.classifier, now.uptime_ms);
}

static void give_up_presses(const char *why) {
  if (s_app.unanswered == 0) return;
  s_app.counts->dropped += s_app.unanswered - 1;
  s_app.unanswered = 0;
  drop("press", why, 4);
}

static bool is_down(void) {
  return mgos_gpio_read(s_app.pin) == s_app.pressed_level;
}

static void on_tick(void *arg) {
  struct moment now;
  (void) arg;
  restart_hold_after_saves();
  port_now(&now);
  /* Reads the level, because edges during a handler are lost. */
  note_press(press_tick(&s_app.classifier, is_down(), now.uptime_ms), &now);
  send_presses();
  restart_hold_after_saves();
  if (s_app.has_shadow) exchange_tick();
  port_now(&now);
  if (s_app.unanswered == 0 ||
      now.uptime_ms - s_app.unanswered_since_ms <
          (uint64_t) mgos_sys_config_get_button_answer_ms()) {
    return;
  }
  /* A half-open connection would deliver the press once it recovers, and open
   * the door then. */
  give_up_presses("no answer");
  port_close_connection();
}

/* Handlers. Each only records the event, because the platform loses the edges
 * of a pin while its handler runs:
 *   on_edge              the button changed (mgos_gpio_set_button_handler)
 *   on_mqtt              the broker took a press, or the connection ended
 *   exchange.c on_answer the shadow answered (topics.h)
 *   exchange.c on_open   the connection opened or closed (topics.h) */

static void on_edge(int pin, void *arg) {
  struct moment now;
  (void) pin;
  (void) arg;
  port_now(&now);
  note_press(press_take_edge(&s_app.classifier, is_down(), now.uptime_ms),
             &now);
}

static void on_mqtt(struct mg_connection *nc, int ev, void *evd, void *arg) {
  const struct mg_mqtt_message *message = (const struct mg_mqtt_message *) evd;
  (void) nc;
  (void) arg;
  if (ev == MG_EV_CLOSE) give_up_presses("connection lost");
  if (ev != MG_EV_MQTT_PUBACK || s_app.unanswered == 0 ||
      message->message_id != s_app.last_id) {
    return;
  }
  s_app.counts->presses += s_app.unanswered;
  s_app.unanswered = 0;
  led_flash(1);
}

static int format_health(uint32_t number, const struct moment *now, char *out,
                         size_t size, size_t *length) {
  struct health health;
  health.firmware = PORT_FIRMWARE;
  health.rssi_dbm = port_rssi();
  health.boot_count = port_boots();
  health.number = number;
  health.supply_mv = (uint32_t) mgos_sys_config_get_button_supply_mv();
  health.sequence = s_app.last_number;
  health.press = s_app.last_press;
  health.pressed_ms = s_app.last_ms;
  return health_format_update(&health, now, out, size, length);
}

bool button_app_start(struct watchdog_counts *counts, enum role role) {
  struct press_settings settings;
  struct moment now;
  s_app.counts = counts;
  s_app.pin = mgos_sys_config_get_pins_button();
  s_app.pressed_level = mgos_sys_config_get_button_pressed_level() != 0;
  s_app.has_shadow = role == ROLE_BUTTON;
  port_record_start(&s_app.sequence_record, "sequence");
  sequence_load(&s_app.sequence, &s_app.sequence_record.flash);
  PORT_ASSERT(port_format_topic(mgos_sys_config_get_topic_press(), "", "",
                                s_app.topic, sizeof(s_app.topic)) == CORE_OK);
  /* The ESP8266 has no pull-down: a button to the supply needs a resistor. */
  if (!mgos_gpio_set_button_handler(
          s_app.pin,
          s_app.pressed_level ? MGOS_GPIO_PULL_NONE : MGOS_GPIO_PULL_UP,
          MGOS_GPIO_INT_EDGE_ANY, mgos_sys_config_get_button_debounce_ms(),
          on_edge, NULL)) {
    LOG(LL_ERROR, ("button: pin %d cannot be an input", s_app.pin));
    return false;
  }
  settings.quiet_ms = (uint32_t) mgos_sys_config_get_button_quiet_ms();
  settings.long_ms = (uint32_t) mgos_sys_config_get_button_long_ms();
  settings.debounce_ms = (uint32_t) mgos_sys_config_get_button_debounce_ms();
  port_now(&now);
  press_start(&s_app.classifier, &settings, is_down(), now.uptime_ms);
  if (s_app.has_shadow) exchange_start(SHADOW_OF_BUTTON, format_health);
  mgos_mqtt_add_global_handler(on_mqtt, NULL);
  mgos_set_timer(TICK_MS, MGOS_TIMER_REPEAT, on_tick, NULL);
  return true;
}

bool button_app_is_connected(void) { return mgos_mqtt_global_is_connected(); }

bool button_app_is_healthy(void) { return exchange_is_answered(); }
