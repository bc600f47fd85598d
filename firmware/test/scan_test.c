/*! Tests of core/scan.h that the command vectors do not reach. */
#include <string.h>

#include "check.h"
#include "scan.h"
#include "vectors_types.h"

static void nesting_is_read_to_its_limit_and_no_deeper(void) {
  int depth, i;
  for (depth = 1; depth <= SCAN_DEPTH_MAX + 1; depth++) {
    char json[8 * (SCAN_DEPTH_MAX + 1)] = "";
    struct scan scan;
    struct scan_value key, value;
    for (i = 1; i < depth; i++) strcat(json, "{\"k\":");
    strcat(json, "{}");
    for (i = 1; i < depth; i++) strcat(json, "}");
    CHECK(json, scan_open(&scan, json, strlen(json)) == CORE_OK);
    CHECK(json, scan_next(&scan, &key, &value) == (depth == 1 ? 0
                                                   : depth <= SCAN_DEPTH_MAX
                                                       ? 1
                                                       : CORE_ESYNTAX));
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
    CHECK(rows[i].json,
          scan_decode_string(&value, out, sizeof(out)) == CORE_OK);
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
  CHECK("five", scan_decode_string(&value, out, 5) == CORE_OK);
  CHECK("four", scan_decode_string(&value, out, 4) == CORE_ESPACE);
}

void scan_tests(void) {
  RUN(nesting_is_read_to_its_limit_and_no_deeper);
  RUN(escapes_decode_to_utf8);
  RUN(a_string_that_does_not_fit_is_refused);
}
