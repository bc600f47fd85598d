/*! Tests of core/health.h: a button's report of itself. */
#include "health.h"

#include <string.h>

#include "check.h"
#include "shadow.h"
#include "status.h"
#include "vectors_types.h"

#define AT_MS UINT64_C(1763779512100)

static const struct moment no_time = {99000, 0, 0};
static const struct moment synced = {99000, AT_MS, AT_MS + 1043};

static void a_button_reports_its_health_in_one_update(void) {
  static const struct {
    const char *row;
    struct health health;
    const struct moment *now;
    const char *reported;
    const char *token;
  } rows[] = {
      {"as usual",
       {"2.0.0", -61, 7, 3, 3300, 412, PRESS_SINGLE, AT_MS},
       &synced,
       "\"bootCount\":7,\"clock\":\"synced\",\"clockUncertaintyMs\":1043,"
       "\"firmware\":\"2.0.0\",\"rssi\":-61,\"supplyMv\":3300,"
       "\"sequence\":412,\"lastPress\":{\"clickType\":\"SINGLE\","
       "\"pressedAt\":1763779512100}",
       "7-3"},
      {"at power-on",
       {"2.0.0", 0, 1, 1, 3300, 0, PRESS_NONE, 0},
       &no_time,
       "\"bootCount\":1,\"clock\":\"unsynced\",\"clockUncertaintyMs\":null,"
       "\"firmware\":\"2.0.0\",\"rssi\":0,\"supplyMv\":3300,"
       "\"sequence\":null,\"lastPress\":null",
       "1-1"},
      {"a press before the time was known",
       {"2.1.0-rc.1+abc", 1, 7, 4, 0, 0, PRESS_LONG, 0},
       &synced,
       "\"bootCount\":7,\"clock\":\"synced\",\"clockUncertaintyMs\":1043,"
       "\"firmware\":\"2.1.0-rc.1+abc\",\"rssi\":1,\"supplyMv\":0,"
       "\"sequence\":null,\"lastPress\":{\"clickType\":\"LONG\","
       "\"pressedAt\":null}",
       "7-4"},
      {"every number as large as it can be",
       {"123456789012345", INT32_MIN, UINT32_MAX, UINT32_MAX, UINT32_MAX,
        UINT64_MAX, PRESS_DOUBLE, UINT64_MAX},
       &synced,
       "\"bootCount\":4294967295,\"clock\":\"synced\","
       "\"clockUncertaintyMs\":1043,\"firmware\":\"123456789012345\","
       "\"rssi\":-2147483648,\"supplyMv\":4294967295,"
       "\"sequence\":18446744073709551615,\"lastPress\":{\"clickType\":"
       "\"DOUBLE\",\"pressedAt\":18446744073709551615}",
       "4294967295-4294967295"},
  };
  size_t i, size, length, ignored;
  for (i = 0; i < COUNT_OF(rows); i++) {
    char out[HEALTH_UPDATE_BYTES_MAX], expected[512];
    strcpy(expected, "{\"state\":{\"reported\":{");
    strcat(expected, rows[i].reported);
    strcat(expected, "}},\"clientToken\":\"");
    strcat(expected, rows[i].token);
    strcat(expected, "\"}");
    length = 0;
    CHECK(rows[i].row, health_format_update(&rows[i].health, rows[i].now, out,
                                            sizeof(out), &length) == CORE_OK);
    CHECK(rows[i].row, strcmp(out, expected) == 0);
    CHECK(rows[i].row, length == strlen(expected));
    for (size = 1; size <= length; size++) {
      CHECK(rows[i].row, health_format_update(&rows[i].health, rows[i].now, out,
                                              size, &ignored) == CORE_ESPACE);
      CHECK(rows[i].row, out[0] == '\0');
    }
  }
}

static void the_longest_update_fits(void) {
  static const struct moment widest = {0, 0, UINT64_MAX};
  struct health health = {"123456789012345", INT32_MIN,  UINT32_MAX,
                          UINT32_MAX,        UINT32_MAX, UINT64_MAX,
                          PRESS_DOUBLE,      UINT64_MAX};
  char out[HEALTH_UPDATE_BYTES_MAX];
  size_t length = 0;
  CHECK("fits", health_format_update(&health, &widest, out, sizeof(out),
                                     &length) == CORE_OK);
  /* A far larger limit would waste memory. */
  CHECK("little room is left", HEALTH_UPDATE_BYTES_MAX - length < 96);
}

static void the_answer_to_an_update_is_known_by_its_token(void) {
  struct health health = {"2.0.0", -61, 7, 3, 3300, 412, PRESS_SINGLE, AT_MS};
  struct shadow_answer answer;
  char out[HEALTH_UPDATE_BYTES_MAX];
  size_t length = 0;
  CHECK("text", health_format_update(&health, &synced, out, sizeof(out),
                                     &length) == CORE_OK);
  shadow_read_answer(SHADOW_UPDATE_ACCEPTED, out, length, &answer);
  CHECK("is read", answer.is_readable && answer.changes_reported);
  CHECK("token", answer.boot_count == 7 && answer.number == 3);
}

void health_tests(void) {
  RUN(a_button_reports_its_health_in_one_update);
  RUN(the_longest_update_fits);
  RUN(the_answer_to_an_update_is_known_by_its_token);
}
