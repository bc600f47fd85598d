/*! Implements button_app.h. */
#include "button_app.h"

#include "counter.h"
#include "led.h"
#include "lock.h"
#include "mgos.h"
#include "mgos_mqtt.h"
#include "port.h"
#include "press.h"
#include "status.h"

#define TICK_MS 20
#define SEQUENCE_MAGIC 0x31514553u /* "SEQ1" */

/* A count below this was never lifted to the time of day: seconds in 2001. */
#define SEQUENCE_LIFTED UINT64_C(1000000000)

static struct {
  struct press_classifier classifier;
  struct counter sequence;
  struct port_record sequence_record;
  char topic[PORT_TOPIC_BYTES_MAX];
  int pin;
  struct watchdog_counts *counts;
  uint64_t unanswered_since_ms;
  unsigned unanswered; /* Presses sent that the broker has not taken yet. */
  uint16_t last_id;    /* Packet id of the last of them. */
  bool pressed_level;
  bool sequence_is_new; /* Flash held none: nothing vouches for a count. */
} s_app;

/* A count that starts over would be overtaken by every press before it. So a
 * button with a new flash gives none out until its clock can lift it past them,
 * and sends its presses without one (sequence 0). */
static bool next_sequence(const struct moment *now, uint64_t *sequence) {
  bool clock = lock_clock_is_good(now) != 0;
  uint64_t above = 0;
  *sequence = 0;
  if (s_app.sequence_is_new && !clock) return true;
  if (clock && s_app.sequence.value < SEQUENCE_LIFTED) {
    above = now->wall_ms / 1000;
  }
  if (counter_next(&s_app.sequence, above, sequence) != CORE_OK) return false;
  s_app.sequence_is_new = false;
  return true;
}

static void drop(const char *what, const char *why, unsigned flashes) {
  LOG(LL_WARN, ("button: %s dropped: %s", what, why));
  s_app.counts->dropped++;
  led_flash(flashes);
}

static uint64_t uptime_ms(void) {
  struct moment now;
  port_now(&now);
  return now.uptime_ms;
}

/* Sends a press now or never: one that waited for the network would open a
 * door long after the finger left the button. */
static void send_press(enum press press) {
  char payload[PRESS_BYTES_MAX];
  size_t length;
  uint64_t sequence;
  struct press_message message;
  struct moment now;
  if (press == PRESS_NONE) return;
  if (!mgos_mqtt_global_is_connected()) {
    drop(press_name(press), "offline", 4);
    return;
  }
  port_now(&now);
  if (!next_sequence(&now, &sequence)) {
    drop(press_name(press), "flash", 6);
    return;
  }
  message.serial = port_thing();
  message.press = press;
  message.sequence = sequence;
  message.good_for_ms = (uint32_t) mgos_sys_config_get_button_answer_ms();
  message.supply_mv = (uint32_t) mgos_sys_config_get_button_supply_mv();
  message.pressed_ms = lock_clock_is_good(&now) ? now.wall_ms : 0;
  PORT_ASSERT(press_format(&message, payload, sizeof(payload), &length) ==
              CORE_OK);
  s_app.last_id = mgos_mqtt_pub(s_app.topic, payload, length, 1, false);
  if (s_app.unanswered++ == 0) s_app.unanswered_since_ms = uptime_ms();
  LOG(LL_INFO, ("button: %s", press_name(press)));
}

/* The presses under way will not be answered any more. */
static void give_up_presses(const char *why) {
  if (s_app.unanswered == 0) return;
  s_app.counts->dropped += s_app.unanswered - 1;
  s_app.unanswered = 0;
  drop("press", why, 4);
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

static bool is_down(void) {
  return mgos_gpio_read(s_app.pin) == s_app.pressed_level;
}

static void on_edge(int pin, void *arg) {
  (void) pin;
  (void) arg;
  send_press(press_edge(&s_app.classifier, is_down(), uptime_ms()));
}

static void on_tick(void *arg) {
  (void) arg;
  send_press(press_tick(&s_app.classifier, uptime_ms()));
  if (s_app.unanswered == 0 ||
      uptime_ms() - s_app.unanswered_since_ms <
          (uint64_t) mgos_sys_config_get_button_answer_ms()) {
    return;
  }
  /* A dead way that TCP believes in would deliver the press when it comes back
   * to life, and a door would open then. */
  give_up_presses("no answer");
  port_close_connection();
}

bool button_app_start(struct watchdog_counts *counts) {
  int status;
  s_app.counts = counts;
  s_app.pin = mgos_sys_config_get_pins_button();
  s_app.pressed_level = mgos_sys_config_get_button_pressed_level() != 0;
  port_record_start(&s_app.sequence_record, "sequence");
  status = counter_load(&s_app.sequence, &s_app.sequence_record.flash,
                        SEQUENCE_MAGIC);
  s_app.sequence_is_new = status != CORE_OK;
  PORT_ASSERT(port_topic(mgos_sys_config_get_topic_press(), "", s_app.topic,
                         sizeof(s_app.topic)) == CORE_OK);
  /* The ESP8266 has no pull-down: a button to the supply needs a resistor. */
  if (!mgos_gpio_set_button_handler(
          s_app.pin, s_app.pressed_level ? MGOS_GPIO_PULL_NONE : MGOS_GPIO_PULL_UP,
          MGOS_GPIO_INT_EDGE_ANY, mgos_sys_config_get_button_debounce_ms(),
          on_edge, NULL)) {
    LOG(LL_ERROR, ("button: pin %d cannot be a button", s_app.pin));
    return false;
  }
  press_start(&s_app.classifier,
              (uint32_t) mgos_sys_config_get_button_quiet_ms(),
              (uint32_t) mgos_sys_config_get_button_long_ms(), is_down(),
              uptime_ms());
  mgos_mqtt_add_global_handler(on_mqtt, NULL);
  mgos_set_timer(TICK_MS, MGOS_TIMER_REPEAT, on_tick, NULL);
  return true;
}

bool button_app_is_connected(void) { return mgos_mqtt_global_is_connected(); }
