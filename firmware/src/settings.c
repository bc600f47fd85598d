/*! Implements settings.h. */
#include "settings.h"

#include <string.h>

#include "lock.h"
#include "mgos.h"
#include "port.h"
#include "press.h"
#include "text.h"

#define DAY_S 86400
#define MINUTE_MS 60000

static const char *or_empty(const char *text) {
  return text == NULL ? "" : text;
}

bool settings_pin_drives(int pin) {
  return pin >= 0 && pin <= 16 && (pin < 6 || pin > 11);
}

struct pin_use {
  const char *key;
  int pin;
  bool is_needed; /* -1 is not allowed. */
  bool is_input;  /* Needs interrupts, which GPIO 16 lacks. */
};

static bool check_pin(const struct pin_use *use) {
  if (use->pin == -1 && !use->is_needed) return true;
  if (!settings_pin_drives(use->pin) || (use->is_input && use->pin == 16)) {
    LOG(LL_ERROR,
        ("settings: %s is %d; allowed: %s0 to 5, 12 to %d", use->key, use->pin,
         use->is_needed ? "" : "-1, ", use->is_input ? 15 : 16));
    return false;
  }
  if (use->pin == 1 || use->pin == 3) {
    LOG(LL_WARN,
        ("settings: %s is %d, a pin of the serial port", use->key, use->pin));
  }
  return true;
}

/* Pins that the chip itself drives or reads while it starts. */
static void warn_of_relay(int pin) {
  if (pin == 0 || pin == 2 || pin == 15 || pin == 16) {
    LOG(LL_WARN, ("settings: pins.relay is %d, which changes at reset", pin));
  }
}

bool settings_check_pins(enum role role) {
  const struct declaration *kept = declare_in_force();
  const bool is_kept = declare_source() == DECLARATION_KEPT;
  /* Stated pins as written: the declaration holds -1 for an impossible one. */
  const struct pin_use uses[] = {
      {"pins.relay",
       is_kept ? kept->relay_pin : mgos_sys_config_get_pins_relay(), true,
       false},
      {"pins.door", is_kept ? kept->door_pin : mgos_sys_config_get_pins_door(),
       false, true},
      {"pins.exit", is_kept ? kept->exit_pin : mgos_sys_config_get_pins_exit(),
       false, true},
      {"pins.bolt", is_kept ? kept->bolt_pin : mgos_sys_config_get_pins_bolt(),
       false, true},
      {"pins.led", mgos_sys_config_get_pins_led(), false, false},
      {"pins.button", mgos_sys_config_get_pins_button(), true, true},
  };
  const int first = role == ROLE_BUTTON ? 4 : 0;
  const int end = role == ROLE_LOCK ? 5 : 6;
  bool is_good = true;
  int i, j;
  if (role != ROLE_BUTTON) warn_of_relay(uses[0].pin);
  for (i = first; i < end; i++) {
    is_good &= check_pin(&uses[i]);
    for (j = first; j < i; j++) {
      if (uses[i].pin < 0 || uses[i].pin != uses[j].pin) continue;
      LOG(LL_ERROR,
          ("settings: %s and %s are both %d; allowed: pins of their own",
           uses[j].key, uses[i].key, uses[i].pin));
      is_good = false;
    }
  }
  return is_good;
}

static bool check_range(const char *key, int value, int least, int most) {
  if (value >= least && value <= most) return true;
  LOG(LL_ERROR,
      ("settings: %s is %d; allowed: %d to %d", key, value, least, most));
  return false;
}

static bool check_topic(const char *key, const char *text) {
  char topic[PORT_TOPIC_BYTES_MAX];
  text = or_empty(text);
  if (text[0] != '$' && strpbrk(text, "+#") == NULL && text[0] != '\0' &&
      text[strlen(text) - 1] == '/' &&
      port_format_topic(text, "", "", topic, sizeof(topic)) == 0) {
    return true;
  }
  LOG(LL_ERROR, ("settings: %s is \"%s\"; allowed: a topic that ends with /, "
                 "without + and #, that does not begin with $, up to %d "
                 "characters with the name",
                 key, text, PORT_TOPIC_BYTES_MAX - 1));
  return false;
}

static bool check_word(const char *key, const char *word, const char *one,
                       const char *other) {
  word = or_empty(word);
  if (strcmp(word, one) == 0 || strcmp(word, other) == 0) return true;
  LOG(LL_ERROR,
      ("settings: %s is \"%s\"; allowed: %s, %s", key, word, one, other));
  return false;
}

/* The door's stated settings. Kept ones were checked before. */
static bool check_door(void) {
  const int pulse_ms = mgos_sys_config_get_lock_pulse_ms();
  const int relock_s = mgos_sys_config_get_lock_relock_s();
  bool is_good = true;
  is_good &= check_word("lock.power_on", mgos_sys_config_get_lock_power_on(),
                        "locked", "unlocked");
  is_good &= check_range("lock.unlocked_level",
                         mgos_sys_config_get_lock_unlocked_level(), 0, 1);
  is_good &= check_range("lock.door_closed_level",
                         mgos_sys_config_get_lock_door_closed_level(), 0, 1);
  is_good &= check_range("lock.exit_level",
                         mgos_sys_config_get_lock_exit_level(), 0, 1);
  is_good &= check_range("lock.bolt_out_level",
                         mgos_sys_config_get_lock_bolt_out_level(), 0, 1);
  is_good &= check_range("lock.bolt_ms", mgos_sys_config_get_lock_bolt_ms(), 1,
                         MINUTE_MS);
  is_good &= check_range("lock.debounce_ms",
                         mgos_sys_config_get_lock_debounce_ms(), 1, 1000);
  is_good &= check_range("lock.settle_ms", mgos_sys_config_get_lock_settle_ms(),
                         0, MINUTE_MS);
  is_good &= check_range("lock.pulse_ms", pulse_ms, 0, MINUTE_MS);
  is_good &= check_range("lock.relock_s", relock_s, 0, DAY_S);
  is_good &=
      check_word("lock.relock_from", mgos_sys_config_get_lock_relock_from(),
                 "unlock", "closing");
  if (mgos_sys_config_get_pins_exit() >= 0 && pulse_ms <= 0 && relock_s <= 0) {
    LOG(LL_ERROR, ("settings: pins.exit needs lock.relock_s or lock.pulse_ms: "
                   "the door would stay unlocked after each exit"));
    is_good = false;
  }
  return is_good;
}

/* The settings in force, for a person to verify. */
static void log_door(void) {
  const struct declaration *door = declare_in_force();
  LOG(LL_INFO,
      ("settings: relay on pin %d, unlocked at level %d; %s at power-on; "
       "relock "
       "after %lu ms from %s (0 = never), settled for %lu ms; pulse of %lu ms "
       "(0 = none); door on pin %d, exit on pin %d, bolt on pin %d; %s",
       door->relay_pin, door->unlocked_level,
       door->power_on == LATCH_UNLOCKED ? "unlocked" : "locked",
       (unsigned long) door->relock_ms,
       door->relock_from == RELOCK_FROM_CLOSING ? "the closing" : "the unlock",
       (unsigned long) door->settle_ms, (unsigned long) door->pulse_ms,
       door->door_pin, door->exit_pin, door->bolt_pin,
       declare_source() == DECLARATION_KEPT ? "kept" : "as stated"));
  if (door->pulse_ms > 0 && door->relock_ms > 0) {
    LOG(LL_WARN, ("settings: lock.pulse_ms wins over lock.relock_s"));
  }
  if (door->power_on == LATCH_UNLOCKED && door->pulse_ms == 0 &&
      door->relock_ms == 0) {
    LOG(LL_WARN, ("settings: lock.power_on is unlocked without lock.relock_s: "
                  "it stays unlocked after a power cut"));
  }
}

static bool check_lock(void) {
  bool is_good = declare_source() == DECLARATION_KEPT || check_door();
  is_good &=
      check_range("lock.clock_tolerance_ms",
                  mgos_sys_config_get_lock_clock_tolerance_ms(), 0, 10000);
  is_good &= check_topic("topic.command", mgos_sys_config_get_topic_command());
  if (is_good) log_door();
  return is_good;
}

static bool check_button(void) {
  bool is_good = true;
  is_good &= check_range("button.pressed_level",
                         mgos_sys_config_get_button_pressed_level(), 0, 1);
  is_good &= check_range("button.debounce_ms",
                         mgos_sys_config_get_button_debounce_ms(), 1, 500);
  is_good &= check_range("button.quiet_ms",
                         mgos_sys_config_get_button_quiet_ms(), 1, 5000);
  is_good &= check_range("button.long_ms", mgos_sys_config_get_button_long_ms(),
                         1, MINUTE_MS);
  is_good &= check_range("button.answer_ms",
                         mgos_sys_config_get_button_answer_ms(), 500, 10000);
  is_good &= check_range("button.supply_mv",
                         mgos_sys_config_get_button_supply_mv(), 0, 60000);
  is_good &= check_topic("topic.press", mgos_sys_config_get_topic_press());
  return is_good;
}

static bool check_device(void) {
  const int retry_s = mgos_sys_config_get_watchdog_retry_min_s();
  bool is_good = true;
  is_good &=
      check_range("led.on_level", mgos_sys_config_get_led_on_level(), 0, 1);
  is_good &= check_range("health.interval_s",
                         mgos_sys_config_get_health_interval_s(), 0, DAY_S);
  is_good &= check_range("report.interval_s",
                         mgos_sys_config_get_report_interval_s(), 1, 1800);
  is_good &= check_range("watchdog.reconnect_s",
                         mgos_sys_config_get_watchdog_reconnect_s(), 0, DAY_S);
  is_good &= check_range("watchdog.silence_s",
                         mgos_sys_config_get_watchdog_silence_s(), 0, DAY_S);
  is_good &= check_range("watchdog.reboot_s",
                         mgos_sys_config_get_watchdog_reboot_s(), 0, DAY_S);
  is_good &= check_range("watchdog.retry_min_s", retry_s, 1, DAY_S);
  is_good &= check_range("watchdog.retry_max_s",
                         mgos_sys_config_get_watchdog_retry_max_s(),
                         retry_s < 1 ? 1 : retry_s, DAY_S);
  if (port_thing()[0] == '\0' || !text_is_name(port_thing()) ||
      strlen(port_thing()) > PRESS_SERIAL_CHARS_MAX) {
    LOG(LL_ERROR,
        ("settings: aws.thing_name (or device.id) is \"%s\"; allowed: "
         "1 to %d letters, digits and . _ : -",
         port_thing(), PRESS_SERIAL_CHARS_MAX));
    is_good = false;
  }
  return is_good;
}

/* Likely mistakes that do not endanger the door. */
static void warn_of_connection(void) {
  const char *client = mgos_sys_config_get_mqtt_client_id();
  const char *ca = or_empty(mgos_sys_config_get_mqtt_ssl_ca_cert());
  if (client == NULL) client = or_empty(mgos_sys_config_get_device_id());
  if (strcmp(client, port_thing()) != 0) {
    LOG(LL_ERROR, ("settings: mqtt.client_id (or device.id) is \"%s\" and the "
                   "thing's name \"%s\": our policies refuse that connection",
                   client, port_thing()));
  }
  if (ca[0] == '\0' || strcmp(ca, "*") == 0) {
    LOG(LL_ERROR, ("settings: mqtt.ssl_ca_cert is \"%s\": anyone can "
                   "impersonate the broker",
                   ca));
  }
  if (mgos_sys_config_get_mqtt_server() == NULL) {
    LOG(LL_WARN, ("settings: mqtt.server is empty: nowhere to connect"));
  }
}

bool settings_check(enum role role) {
  bool is_good = check_device();
  if (role == ROLE_NONE) {
    LOG(LL_ERROR, ("settings: app.role is \"%s\"; allowed: lock, button, both",
                   or_empty(mgos_sys_config_get_app_role())));
    is_good = false;
  }
  if (role & ROLE_LOCK) is_good &= check_lock();
  if (role & ROLE_BUTTON) is_good &= check_button();
  warn_of_connection();
  return is_good;
}
