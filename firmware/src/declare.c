/*! Implements declare.h. */
#include "declare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"
#include "lock.h"
#include "mgos.h"
#include "port.h"
#include "status.h"

/* The layer that `mos config-set` writes, and the limit of its size. */
#define FILE_NAME "conf9.json"
#define FILE_BYTES_MAX 8192

static struct {
  struct port_record record;
  struct declaration_store store;
  struct declaration declaration;
  enum declaration_source source;
} s_declare;

static const char *or_empty(const char *text) {
  return text == NULL ? "" : text;
}

static void on_unknown(const char *sibling, const struct scan_value *name) {
  LOG(LL_WARN, ("settings: " FILE_NAME ": unknown setting %.*s.%.*s",
                (int) (strchr(sibling, '.') - sibling), sibling,
                (int) name->length, name->at));
}

/* Compares the file with the system's settings; topics need only be texts. */
static int check_text(const char *text, size_t length, const char **key) {
#define NUMBER(key, name) \
  { key, 0, NULL, mgos_sys_config_get_##name() }
#define TEXT(key, name) \
  { key, 1, or_empty(mgos_sys_config_get_##name()), 0 }
  const struct layer_setting settings[] = {
      TEXT("app.role", app_role),
      NUMBER("pins.relay", pins_relay),
      NUMBER("pins.button", pins_button),
      NUMBER("pins.led", pins_led),
      NUMBER("pins.door", pins_door),
      NUMBER("pins.exit", pins_exit),
      NUMBER("pins.bolt", pins_bolt),
      NUMBER("led.on_level", led_on_level),
      NUMBER("lock.unlocked_level", lock_unlocked_level),
      TEXT("lock.power_on", lock_power_on),
      NUMBER("lock.pulse_ms", lock_pulse_ms),
      NUMBER("lock.relock_s", lock_relock_s),
      TEXT("lock.relock_from", lock_relock_from),
      NUMBER("lock.settle_ms", lock_settle_ms),
      NUMBER("lock.debounce_ms", lock_debounce_ms),
      NUMBER("lock.clock_tolerance_ms", lock_clock_tolerance_ms),
      NUMBER("lock.door_closed_level", lock_door_closed_level),
      NUMBER("lock.exit_level", lock_exit_level),
      NUMBER("lock.bolt_out_level", lock_bolt_out_level),
      NUMBER("lock.bolt_ms", lock_bolt_ms),
      NUMBER("button.pressed_level", button_pressed_level),
      NUMBER("button.debounce_ms", button_debounce_ms),
      NUMBER("button.quiet_ms", button_quiet_ms),
      NUMBER("button.long_ms", button_long_ms),
      NUMBER("button.answer_ms", button_answer_ms),
      NUMBER("button.supply_mv", button_supply_mv),
      {"topic.command", 1, NULL, 0},
      {"topic.press", 1, NULL, 0},
      NUMBER("report.interval_s", report_interval_s),
      NUMBER("watchdog.reconnect_s", watchdog_reconnect_s),
      NUMBER("watchdog.silence_s", watchdog_silence_s),
      NUMBER("watchdog.reboot_s", watchdog_reboot_s),
      NUMBER("watchdog.retry_min_s", watchdog_retry_min_s),
      NUMBER("watchdog.retry_max_s", watchdog_retry_max_s),
      NUMBER("health.interval_s", health_interval_s),
  };
#undef NUMBER
#undef TEXT
  return layer_check(text, length, settings,
                     sizeof(settings) / sizeof(settings[0]), on_unknown, key);
}

/* The text of the file, to be freed; NULL with CORE_EBLANK if there is none, or
 * with CORE_EIO if it cannot be read. */
static char *read_file(size_t *length, int *status) {
  FILE *file = fopen(FILE_NAME, "rb");
  char *text = NULL;
  *status = file == NULL && errno == ENOENT ? CORE_EBLANK : CORE_EIO;
  if (file == NULL) return NULL;
  text = (char *) malloc(FILE_BYTES_MAX);
  if (text != NULL) {
    *length = fread(text, 1, FILE_BYTES_MAX, file);
    if (!ferror(file) && *length < FILE_BYTES_MAX) *status = CORE_OK;
  }
  (void) fclose(file);
  if (*status == CORE_OK) return text;
  free(text);
  return NULL;
}

static enum declaration_file check_file(void) {
  const char *key = "";
  size_t length = 0;
  int status;
  char *text = read_file(&length, &status);
  if (status == CORE_EBLANK) return FILE_ABSENT;
  if (status == CORE_OK) status = check_text(text, length, &key);
  free(text);
  if (status == CORE_OK) return FILE_WHOLE;
  if (status == LAYER_IGNORED) {
    LOG(LL_ERROR,
        ("settings: " FILE_NAME ": %s was not accepted as written: "
         "wrong type, or an error before it; set it again with mos config-set",
         key));
  } else {
    LOG(LL_ERROR,
        ("settings: " FILE_NAME ": %s; write it again with mos config-set",
         status == LAYER_SYNTAX ? "not valid JSON" : "unreadable"));
  }
  return FILE_DAMAGED;
}

/* -1 if it does not fit; settings.c checks and refuses the original number. */
static int8_t narrow(int value) {
  return value >= 0 && value <= 127 ? (int8_t) value : -1;
}

static uint32_t to_ms(int value, int unit_ms) {
  return value <= 0 ? 0 : (uint32_t) value * (uint32_t) unit_ms;
}

static enum role parse_role(const char *word) {
  if (strcmp(word, "lock") == 0) return ROLE_LOCK;
  if (strcmp(word, "button") == 0) return ROLE_BUTTON;
  return strcmp(word, "both") == 0 ? ROLE_BOTH : ROLE_NONE;
}

static void read_stated(struct declaration *stated) {
  const char *power_on = or_empty(mgos_sys_config_get_lock_power_on());
  const char *from = or_empty(mgos_sys_config_get_lock_relock_from());
  memset(stated, 0, sizeof(*stated));
  stated->role = (uint8_t) parse_role(or_empty(mgos_sys_config_get_app_role()));
  stated->power_on = strcmp(power_on, "locked") == 0     ? LATCH_LOCKED
                     : strcmp(power_on, "unlocked") == 0 ? LATCH_UNLOCKED
                                                         : -1;
  stated->unlocked_level = narrow(mgos_sys_config_get_lock_unlocked_level());
  stated->relay_pin = narrow(mgos_sys_config_get_pins_relay());
  stated->door_pin = narrow(mgos_sys_config_get_pins_door());
  stated->door_closed_level =
      narrow(mgos_sys_config_get_lock_door_closed_level());
  stated->exit_pin = narrow(mgos_sys_config_get_pins_exit());
  stated->exit_level = narrow(mgos_sys_config_get_lock_exit_level());
  stated->bolt_pin = narrow(mgos_sys_config_get_pins_bolt());
  stated->bolt_out_level = narrow(mgos_sys_config_get_lock_bolt_out_level());
  stated->bolt_ms = (uint16_t) to_ms(mgos_sys_config_get_lock_bolt_ms(), 1);
  stated->relock_from =
      strcmp(from, "closing") == 0 ? RELOCK_FROM_CLOSING : RELOCK_FROM_UNLOCK;
  stated->debounce_ms =
      (uint16_t) to_ms(mgos_sys_config_get_lock_debounce_ms(), 1);
  stated->relock_ms = to_ms(mgos_sys_config_get_lock_relock_s(), 1000);
  stated->pulse_ms = to_ms(mgos_sys_config_get_lock_pulse_ms(), 1);
  stated->settle_ms = to_ms(mgos_sys_config_get_lock_settle_ms(), 1);
}

/* A button states only its role. */
static bool is_stated(const struct declaration *declaration) {
  if (!(declaration->role & ROLE_LOCK)) return declaration->role != ROLE_NONE;
  return declaration->power_on >= 0 && declaration->unlocked_level >= 0 &&
         declaration->unlocked_level <= 1;
}

static const char *const why_kept[] = {
    FILE_NAME " is missing, and this board had one",
    "role, polarity or power-on state is not stated", FILE_NAME " is damaged"};
CORE_ASSERT_COUNT(why_kept, FILE_COUNT);

void declare_read(void) {
  struct declaration stated;
  enum declaration_file file = check_file();
  read_stated(&stated);
  stated.has_file = file != FILE_ABSENT;
  port_record_start(&s_declare.record, "declared");
  (void) declaration_load(&s_declare.store, &s_declare.record.flash);
  s_declare.source =
      declaration_choose(&s_declare.store, &stated, is_stated(&stated), file);
  s_declare.declaration = stated;
  if (s_declare.source != DECLARATION_KEPT) return;
  s_declare.declaration = s_declare.store.kept;
  LOG(LL_ERROR,
      ("settings: %s: using the door's settings kept in flash; state them "
       "again with mos config-set",
       why_kept[file]));
}

void declare_keep(void) {
  if (s_declare.source != DECLARATION_STATED ||
      declaration_keep(&s_declare.store, &s_declare.declaration) == CORE_OK) {
    return;
  }
  LOG(LL_ERROR, ("settings: flash failed: the door's settings were not kept in "
                 "case " FILE_NAME " is lost"));
}

const struct declaration *declare_in_force(void) {
  return &s_declare.declaration;
}

enum declaration_source declare_source(void) { return s_declare.source; }

enum role declare_role(void) { return (enum role) s_declare.declaration.role; }
