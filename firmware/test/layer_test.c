/*! Tests of core/layer.h: the faults of settings files (D8). */
#include "layer.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "vectors_types.h"

static const struct layer_setting settings[] = {
    {"app.role", 1, "lock", 0},      {"pins.relay", 0, NULL, 4},
    {"pins.door", 0, NULL, -1},      {"lock.power_on", 1, "locked", 0},
    {"lock.pulse_ms", 0, NULL, 0},   {"topic.command", 1, NULL, 0},
    {"odd.least", 0, NULL, INT_MIN}, {"odd.most", 0, NULL, INT_MAX},
    {"odd.empty", 1, "", 0},
};

/* The unknown names, each with its section, in order. */
static char s_unknown[128];

static void on_unknown(const char *sibling, const struct scan_value *name) {
  int chars = (int) (strchr(sibling, '.') - sibling) + 1;
  size_t at = strlen(s_unknown);
  (void) snprintf(s_unknown + at, sizeof(s_unknown) - at, "%s%.*s%.*s",
                  at == 0 ? "" : " ", chars, sibling, (int) name->length,
                  name->at);
}

/* The text ends where readable memory ends, so that the sanitizer detects a
 * read past it. */
static int check_text(const char *text, size_t length, const char **key) {
  char copy[2048];
  char *at = copy + sizeof(copy) - length;
  CHECK("the copy has room", length <= sizeof(copy));
  if (length > sizeof(copy)) return 0;
  memcpy(at, text, length);
  s_unknown[0] = '\0';
  *key = NULL;
  return layer_check(at, length, settings, COUNT_OF(settings), on_unknown, key);
}

struct row {
  const char *row;
  const char *text;
  int status;
  const char *key;     /* For LAYER_IGNORED. */
  const char *unknown; /* NULL = not checked. */
};

static void check_rows(const struct row *rows, size_t count) {
  size_t i;
  for (i = 0; i < count; i++) {
    const char *key;
    CHECK(rows[i].row, check_text(rows[i].text, strlen(rows[i].text), &key) ==
                           rows[i].status);
    CHECK(rows[i].row, rows[i].status != LAYER_IGNORED ||
                           (key != NULL && strcmp(key, rows[i].key) == 0));
    CHECK(rows[i].row,
          rows[i].unknown == NULL || strcmp(s_unknown, rows[i].unknown) == 0);
  }
}

static void a_file_is_good_if_the_system_accepted_all_of_it(void) {
  static const struct row rows[] = {
      {"all of ours",
       "{\"app\":{\"role\":\"lock\"},\"pins\":{\"relay\":4,\"door\":-1},"
       "\"lock\":{\"power_on\":\"locked\",\"pulse_ms\":0},"
       "\"topic\":{\"command\":\"any/text/at/all/that/is/long/\"},"
       "\"odd\":{\"least\":-2147483648,\"most\":2147483647,\"empty\":\"\"}}",
       0, "", ""},
      {"nothing", "{}", 0, "", ""},
      {"nothing of ours",
       "{\"wifi\":{\"sta\":{\"enable\":true,\"ssid\":\"a\\u0000b\"}},"
       "\"mqtt\":[1.5,-2e9,null],\"debug\":2}",
       0, "", ""},
      {"white space", " \t\r\n{ \"pins\" : {\n\"relay\" : 4 } }\n\n", 0, "",
       ""},
      {"an empty section", "{\"pins\":{}}", 0, "", ""},
      {"a key and a text with escapes",
       "{\"p\\u0069ns\":{\"rel\\u0061y\":4},\"app\":{\"role\":\"\\u006cock\"}}",
       0, "", ""},
      {"a key twice, alike", "{\"pins\":{\"relay\":4,\"relay\":4}}", 0, "", ""},
      {"a section twice", "{\"pins\":{\"relay\":4},\"pins\":{\"door\":-1}}", 0,
       "", ""},
      {"unknown keys of ours",
       "{\"pins\":{\"rely\":4,\"Door\":-1},\"lock\":{\"\":{},\"relay\":4},"
       "\"app\":{\"role2\":\"lock\",\"rol\":\"lock\"}}",
       0, "", "pins.rely pins.Door lock. lock.relay app.role2 app.rol"},
      {"unknown keys of others",
       "{\"wifi\":{\"relay\":9},\"pin\":{\"relay\":9},\"pins2\":{\"relay\":9},"
       "\"PINS\":{\"relay\":9},\"\":{\"relay\":9},\"relay\":9}",
       0, "", ""},
      {"deep below an unknown key", "{\"app\":{\"x\":{\"role\":{\"y\":1}}}}", 0,
       "", "app.x"},
  };
  check_rows(rows, COUNT_OF(rows));
}

static void a_value_that_the_system_does_not_have_was_ignored(void) {
  static const struct row rows[] = {
      {"another number", "{\"pins\":{\"relay\":5}}", LAYER_IGNORED,
       "pins.relay", ""},
      {"a number as text", "{\"pins\":{\"relay\":\"4\"}}", LAYER_IGNORED,
       "pins.relay", NULL},
      {"a text as number", "{\"app\":{\"role\":4}}", LAYER_IGNORED, "app.role",
       NULL},
      {"a text as a word", "{\"topic\":{\"command\":null}}", LAYER_IGNORED,
       "topic.command", NULL},
      {"a fraction", "{\"pins\":{\"relay\":4.0}}", LAYER_IGNORED, "pins.relay",
       NULL},
      {"an exponent", "{\"pins\":{\"relay\":4e0}}", LAYER_IGNORED, "pins.relay",
       NULL},
      {"a word", "{\"lock\":{\"pulse_ms\":false}}", LAYER_IGNORED,
       "lock.pulse_ms", NULL},
      {"null", "{\"lock\":{\"pulse_ms\":null}}", LAYER_IGNORED, "lock.pulse_ms",
       NULL},
      {"an object", "{\"pins\":{\"relay\":{\"relay\":4}}}", LAYER_IGNORED,
       "pins.relay", ""},
      {"a list", "{\"pins\":{\"relay\":[4]}}", LAYER_IGNORED, "pins.relay",
       NULL},
      {"a sign too many", "{\"pins\":{\"relay\":-4}}", LAYER_IGNORED,
       "pins.relay", NULL},
      {"a sign too few", "{\"pins\":{\"door\":1}}", LAYER_IGNORED, "pins.door",
       NULL},
      {"a signed zero", "{\"lock\":{\"pulse_ms\":-0}}", LAYER_IGNORED,
       "lock.pulse_ms", NULL},
      {"beyond 32 bits", "{\"pins\":{\"relay\":4294967300}}", LAYER_IGNORED,
       "pins.relay", NULL},
      {"beyond 64 bits", "{\"pins\":{\"relay\":18446744073709551620}}",
       LAYER_IGNORED, "pins.relay", NULL},
      {"beyond 32 bits, negative", "{\"pins\":{\"door\":-4294967297}}",
       LAYER_IGNORED, "pins.door", NULL},
      {"a longer text", "{\"app\":{\"role\":\"locked\"}}", LAYER_IGNORED,
       "app.role", NULL},
      {"a shorter text", "{\"lock\":{\"power_on\":\"lock\"}}", LAYER_IGNORED,
       "lock.power_on", NULL},
      {"a text far too long",
       "{\"app\":{\"role\":\"locklocklocklocklocklocklocklock\"}}",
       LAYER_IGNORED, "app.role", NULL},
      {"a text with a NUL", "{\"app\":{\"role\":\"lock\\u0000\"}}",
       LAYER_IGNORED, "app.role", NULL},
      {"a text where there is none", "{\"odd\":{\"empty\":\" \"}}",
       LAYER_IGNORED, "odd.empty", NULL},
      {"a key twice, the first one differs",
       "{\"pins\":{\"relay\":5,\"relay\":4}}", LAYER_IGNORED, "pins.relay",
       NULL},
      {"a key twice, the last one differs",
       "{\"pins\":{\"relay\":4,\"relay\":5}}", LAYER_IGNORED, "pins.relay",
       NULL},
      {"a section twice, the last one differs",
       "{\"pins\":{\"relay\":4},\"pins\":{\"relay\":5}}", LAYER_IGNORED,
       "pins.relay", NULL},
      {"a section that is a number", "{\"pins\":4}", LAYER_IGNORED,
       "pins.relay", ""},
      {"a section that is a list", "{\"app\":[{\"role\":\"lock\"}]}",
       LAYER_IGNORED, "app.role", ""},
      {"a section that is a text", "{\"odd\":\"{}\"}", LAYER_IGNORED,
       "odd.least", ""},
      {"a section that is null", "{\"pins\":null}", LAYER_IGNORED, "pins.relay",
       ""},
      {"two of them: the first is named",
       "{\"lock\":{\"power_on\":\"x\"},\"pins\":{\"relay\":9}}", LAYER_IGNORED,
       "lock.power_on", NULL},
      {"the unknown is reported too",
       "{\"pins\":{\"x\":1,\"relay\":9,\"y\":2}}", LAYER_IGNORED, "pins.relay",
       "pins.x pins.y"},
  };
  check_rows(rows, COUNT_OF(rows));
}

static void text_that_is_not_one_object_is_not_a_settings_file(void) {
  static const struct row rows[] = {
      {"empty", "", LAYER_SYNTAX, "", ""},
      {"white space", " \n", LAYER_SYNTAX, "", ""},
      {"a byte order mark", "\xef\xbb\xbf{\"pins\":{\"relay\":4}}",
       LAYER_SYNTAX, "", ""},
      {"a comment line", "// the door\n{\"pins\":{\"relay\":4}}", LAYER_SYNTAX,
       "", ""},
      {"a comment inside", "{\"pins\":{\"relay\":4 /* the door */}}",
       LAYER_SYNTAX, "", ""},
      {"a hash line", "{\n# the door\n\"pins\":{\"relay\":4}}", LAYER_SYNTAX,
       "", ""},
      {"a trailing comma", "{\"pins\":{\"relay\":4,}}", LAYER_SYNTAX, "", ""},
      {"a trailing comma outside", "{\"pins\":{\"relay\":4},}", LAYER_SYNTAX,
       "", NULL},
      {"no comma", "{\"pins\":{\"relay\":4}\"app\":{}}", LAYER_SYNTAX, "", ""},
      {"trailing bytes", "{\"pins\":{\"relay\":4}}x", LAYER_SYNTAX, "", NULL},
      {"a second object", "{\"pins\":{\"relay\":4}}{}", LAYER_SYNTAX, "", NULL},
      {"single quotes", "{'pins':{'relay':4}}", LAYER_SYNTAX, "", ""},
      {"keys without quotes", "{pins:{relay:4}}", LAYER_SYNTAX, "", ""},
      {"a list", "[{\"pins\":{\"relay\":4}}]", LAYER_SYNTAX, "", ""},
      {"a number", "4", LAYER_SYNTAX, "", ""},
      {"a leading zero", "{\"pins\":{\"relay\":04}}", LAYER_SYNTAX, "", ""},
      {"a plus", "{\"pins\":{\"relay\":+4}}", LAYER_SYNTAX, "", ""},
      {"a hexadecimal", "{\"pins\":{\"relay\":0x4}}", LAYER_SYNTAX, "", ""},
      {"a line in a text", "{\"app\":{\"role\":\"lo\nck\"}}", LAYER_SYNTAX, "",
       ""},
      {"not UTF-8", "{\"wifi\":{\"ssid\":\"caf\xe9\"}}", LAYER_SYNTAX, "", ""},
      {"too deep",
       "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
       "{\"a\":{\"a\":{\"a\":1}}}}}}}}}}}}}",
       LAYER_SYNTAX, "", ""},
  };
  check_rows(rows, COUNT_OF(rows));
}

static const char whole[] =
    "{\n  \"app\": {\"role\": \"lock\"},\n  \"wifi\": {\"sta\": {\"enable\": "
    "true}},\n  \"pins\": {\"relay\": 4, \"door\": -1},\n  \"lock\": "
    "{\"power_on\": \"locked\"}\n}";

static void a_file_cut_anywhere_is_not_a_settings_file(void) {
  size_t length, nul;
  const char *key;
  CHECK("whole", check_text(whole, strlen(whole), &key) == 0);
  for (length = 0; length < strlen(whole); length++) {
    char text[sizeof(whole)], row[32];
    (void) snprintf(row, sizeof(row), "%u bytes", (unsigned) length);
    CHECK(row, check_text(whole, length, &key) == LAYER_SYNTAX);
    /* As after a power cut in the file system: zeros to the old length. */
    memset(text, 0, sizeof(text));
    memcpy(text, whole, length);
    for (nul = length + 1; nul <= strlen(whole); nul++) {
      CHECK(row, check_text(text, nul, &key) == LAYER_SYNTAX);
    }
  }
}

/* The system stopped at any setting, and has defaults for the rest. */
static void the_first_ignored_setting_is_named(void) {
  static const char text[] =
      "{\"pins\":{\"relay\":4,\"door\":-1},\"app\":{\"role\":\"lock\"},"
      "\"lock\":{\"pulse_ms\":700}}";
  static const char *const order[] = {"pins.relay", "pins.door", "app.role",
                                      "lock.pulse_ms"};
  size_t taken, i;
  for (taken = 0; taken <= 4; taken++) {
    struct layer_setting has[] = {
        {"pins.relay", 0, NULL, taken > 0 ? 4 : -1},
        {"pins.door", 0, NULL, taken > 1 ? -1 : 5},
        {"app.role", 1, taken > 2 ? "lock" : "", 0},
        {"lock.pulse_ms", 0, NULL, taken > 3 ? 700 : 0}};
    const char *key = "";
    int status = layer_check(text, strlen(text), has, 4, on_unknown, &key);
    CHECK(order[taken % 4], status == (taken == 4 ? 0 : (int) LAYER_IGNORED));
    for (i = 0; i < 4 && taken < 4; i++) {
      CHECK(order[i], (strcmp(key, order[i]) == 0) == (i == taken));
    }
  }
}

static void a_key_of_any_length_is_read(void) {
  char text[700], expected[200];
  size_t chars;
  for (chars = 1; chars < 200; chars++) {
    const char *key;
    char row[32];
    (void) snprintf(row, sizeof(row), "%u characters", (unsigned) chars);
    memset(expected, 'k', chars);
    expected[chars] = '\0';
    (void) snprintf(text, sizeof(text),
                    "{\"%s\":{\"%s\":1},\"pins\":{\"%s\":1,\"relay\":4}}",
                    expected, expected, expected);
    CHECK(row, check_text(text, strlen(text), &key) == 0);
    CHECK(row, strncmp(s_unknown, "pins.k", 6) == 0);
    CHECK(row, strchr(s_unknown, ' ') == NULL);
    (void) snprintf(text, sizeof(text), "{\"pins%s\":{\"relay\":5}}", expected);
    CHECK(row, check_text(text, strlen(text), &key) == 0);
  }
}

void layer_tests(void) {
  RUN(a_file_is_good_if_the_system_accepted_all_of_it);
  RUN(a_value_that_the_system_does_not_have_was_ignored);
  RUN(text_that_is_not_one_object_is_not_a_settings_file);
  RUN(a_file_cut_anywhere_is_not_a_settings_file);
  RUN(the_first_ignored_setting_is_named);
  RUN(a_key_of_any_length_is_read);
}
