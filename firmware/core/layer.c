/*! Implements layer.h. */
#include "layer.h"

#include <string.h>

struct check {
  const struct layer_setting *settings;
  const struct layer_setting *end;
  void (*on_unknown)(const char *sibling, const struct scan_value *name);
  const char *ignored; /* The first key that the system ignored, or NULL. */
};

/* A whole number as the platform reads it: no fraction, no exponent. */
static bool is_number(const struct scan_value *value, int expected) {
  struct scan_value digits = *value;
  uint64_t number = 0;
  bool is_negative = value->kind == SCAN_NUMBER && value->at[0] == '-';
  digits.at += is_negative;
  digits.length -= (size_t) is_negative;
  return is_negative == (expected < 0) &&
         scan_read_unsigned(&digits, &number) == CORE_OK &&
         number ==
             (is_negative ? 0u - (uint32_t) expected : (uint32_t) expected);
}

static bool is_as_written(const struct layer_setting *setting,
                          const struct scan_value *value) {
  if (!setting->is_text) return is_number(value, setting->number);
  return value->kind == SCAN_STRING &&
         (setting->text == NULL || scan_equals(value, setting->text));
}

/* Index of the setting's name after its section. */
static size_t name_start(const char *key) {
  return (size_t) (strchr(key, '.') - key) + 1;
}

static void ignore(struct check *check, const char *key) {
  if (check->ignored == NULL) check->ignored = key;
}

/* `sibling` is a key of the section. */
static void check_section(struct check *check, const char *sibling,
                          const struct scan_value *members) {
  const size_t chars = name_start(sibling);
  struct scan scan;
  struct scan_value name, value;
  if (members->kind != SCAN_OBJECT) {
    ignore(check, sibling);
    return;
  }
  (void) scan_open(&scan, members->at, members->length);
  while (scan_next(&scan, &name, &value) > 0) {
    const struct layer_setting *setting = check->settings;
    while (setting < check->end &&
           (strncmp(setting->key, sibling, chars) != 0 ||
            !scan_equals(&name, setting->key + chars))) {
      setting++;
    }
    if (setting == check->end) {
      check->on_unknown(sibling, &name);
    } else if (!is_as_written(setting, &value)) {
      ignore(check, setting->key);
    }
  }
}

static void check_member(struct check *check, const struct scan_value *name,
                         const struct scan_value *value) {
  const struct layer_setting *setting;
  char section[24];
  size_t chars;
  if (scan_decode_string(name, section, sizeof(section)) != CORE_OK) return;
  chars = strlen(section);
  for (setting = check->settings; setting < check->end; setting++) {
    if (name_start(setting->key) != chars + 1 ||
        memcmp(setting->key, section, chars) != 0) {
      continue;
    }
    check_section(check, setting->key, value);
    return;
  }
}

int layer_check(const char *text, size_t length,
                const struct layer_setting *settings, size_t count,
                void (*on_unknown)(const char *sibling,
                                   const struct scan_value *name),
                const char **key) {
  struct check check = {settings, settings + count, on_unknown, NULL};
  struct scan scan;
  struct scan_value name, value;
  int more;
  if (scan_open(&scan, text, length) != CORE_OK) return LAYER_SYNTAX;
  while ((more = scan_next(&scan, &name, &value)) > 0) {
    check_member(&check, &name, &value);
  }
  if (more != 0) return LAYER_SYNTAX;
  *key = check.ignored;
  return check.ignored == NULL ? CORE_OK : (int) LAYER_IGNORED;
}
