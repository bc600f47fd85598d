/*! Tests of core/scan.h that the command vectors do not reach. */
#include <string.h>

#include "check.h"
#include "scan.h"
#include "vectors_types.h"

static int equal(const char *left, const char *right) {
  return scan_equal(left, strlen(left), right, strlen(right));
}

static void objects_are_equal_in_any_order_and_null_is_absent(void) {
  static const struct {
    const char *left, *right;
    int expected;
  } rows[] = {
      {"{}", " { } ", 1},
      {"{\"a\":1,\"b\":\"x\"}", "{\"b\":\"x\", \"a\":1}", 1},
      {"{\"a\":1,\"b\":null}", "{\"a\":1}", 1},
      {"{\"a\":1}", "{\"a\":1,\"b\":null}", 1},
      {"{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"y\":2,\"x\":1}}", 1},
      {"{\"a\":1}", "{\"a\":2}", 0},
      {"{\"a\":1}", "{\"a\":\"1\"}", 0},
      {"{\"a\":1}", "{\"a\":1,\"b\":2}", 0},
      {"{\"a\":1,\"b\":2}", "{\"a\":1}", 0},
      {"{\"a\":{\"x\":1}}", "{\"a\":{\"x\":2}}", 0},
      {"{\"a\":null}", "{\"a\":1}", 0},
      {"{\"a\":1", "{\"a\":1}", 0},
      {"{\"a\":1}", "{\"a\":1}x", 0},
      {"[]", "[]", 0},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    CHECK(rows[i].left, equal(rows[i].left, rows[i].right) == rows[i].expected);
  }
}

static void escapes_decode_to_utf8(void) {
  static const struct {
    const char *json, *expected;
  } rows[] = {
      {"{\"k\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "a\"\\/\b\f\n\r\t"},
      {"{\"k\":\"\\u00e9\\u2603\\ud83d\\udd11\"}",
       "\xc3\xa9\xe2\x98\x83\xf0\x9f\x94\x91"},
      {"{\"k\":\"\"}", ""},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct scan scan;
    struct scan_value key, value;
    char out[32];
    CHECK(rows[i].json,
          scan_open(&scan, rows[i].json, strlen(rows[i].json)) == CORE_OK);
    CHECK(rows[i].json, scan_next(&scan, &key, &value) == 1);
    CHECK(rows[i].json, scan_string(&value, out, sizeof(out)) == CORE_OK);
    CHECK(rows[i].json, strcmp(out, rows[i].expected) == 0);
  }
}

static void a_string_that_does_not_fit_is_refused(void) {
  static const char json[] = "{\"k\":\"abcd\"}";
  struct scan scan;
  struct scan_value key, value;
  char out[5];
  CHECK("open", scan_open(&scan, json, strlen(json)) == CORE_OK);
  CHECK("next", scan_next(&scan, &key, &value) == 1);
  CHECK("five", scan_string(&value, out, 5) == CORE_OK);
  CHECK("four", scan_string(&value, out, 4) == CORE_ESPACE);
}

void scan_tests(void) {
  RUN(objects_are_equal_in_any_order_and_null_is_absent);
  RUN(escapes_decode_to_utf8);
  RUN(a_string_that_does_not_fit_is_refused);
}
