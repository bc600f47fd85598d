/*! Tests of core/indicator.h. */
#include <string.h>

#include "check.h"
#include "indicator.h"
#include "vectors_types.h"

/* The light from `from_ms` on, a character per 50 ms: # lit, . dark. */
static void draw(struct indicator *indicator, uint64_t from_ms, int count,
                 char *out) {
  int i;
  for (i = 0; i < count; i++) {
    out[i] =
        indicator_is_lit(indicator, from_ms + 50u * (unsigned) i) ? '#' : '.';
  }
  out[count] = '\0';
}

static void each_state_has_its_pattern(void) {
  static const struct {
    enum indicator_state state;
    const char *expected;
  } rows[] = {
      {INDICATOR_NO_NETWORK,
       "####....####....####....####....####....####....####....####...."},
      {INDICATOR_NO_CLOUD,
       "####################....................####################...."},
      {INDICATOR_NO_CLOCK,
       "##......................................##......................"},
      {INDICATOR_SETTINGS,
       "##################..##################..##################..####"},
      {INDICATOR_GOOD,
       "................................................................"},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct indicator indicator;
    char out[65];
    memset(&indicator, 0, sizeof(indicator));
    indicator_show(&indicator, INDICATOR_GOOD, 5);
    indicator_show(&indicator, rows[i].state, 1234567);
    draw(&indicator, 1234567, 64, out);
    CHECK(rows[i].expected, rows[i].state == INDICATOR_GOOD
                                ? strchr(out, '#') == NULL
                                : strcmp(out, rows[i].expected) == 0);
  }
}

static void the_state_is_the_worst_that_is_known(void) {
  static const struct {
    const char *name;
    int settings, network, connected, clock;
    enum indicator_state expected;
  } rows[] = {
      {"start-up", 1, 0, 0, 0, INDICATOR_NO_NETWORK},
      {"network lost, clock still good", 1, 0, 0, 1, INDICATOR_NO_NETWORK},
      {"address", 1, 1, 0, 0, INDICATOR_NO_CLOUD},
      {"address, clock good", 1, 1, 0, 1, INDICATOR_NO_CLOUD},
      {"connected", 1, 1, 1, 0, INDICATOR_NO_CLOCK},
      {"all well", 1, 1, 1, 1, INDICATOR_GOOD},
      {"kept settings, all else well", 0, 1, 1, 1, INDICATOR_SETTINGS},
      {"kept settings at start-up", 0, 0, 0, 0, INDICATOR_SETTINGS},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    CHECK(rows[i].name,
          indicator_choose_state(rows[i].settings, rows[i].network,
                                 rows[i].connected,
                                 rows[i].clock) == rows[i].expected);
  }
}

static void flashes_can_be_counted_over_any_state(void) {
  static const unsigned counts[] = {1, 4, 6, 100};
  static const enum indicator_state states[] = {
      INDICATOR_NO_NETWORK, INDICATOR_NO_CLOUD, INDICATOR_NO_CLOCK,
      INDICATOR_GOOD, INDICATOR_SETTINGS};
  size_t i, j;
  for (i = 0; i < COUNT_OF(counts); i++) {
    for (j = 0; j < COUNT_OF(states); j++) {
      struct indicator indicator;
      uint64_t at_ms, end_ms = 1000 + (2 * counts[i] + 1) * INDICATOR_FLASH_MS;
      unsigned seen = 0;
      int lit = 0, was_lit = 0;
      memset(&indicator, 0, sizeof(indicator));
      indicator_show(&indicator, states[j], 10);
      indicator_flash(&indicator, counts[i], 1000);
      CHECK("dark first", !indicator_is_lit(&indicator, 1000));
      for (at_ms = 1000; at_ms < end_ms; at_ms += 50) {
        was_lit = lit;
        lit = indicator_is_lit(&indicator, at_ms);
        seen += lit && !was_lit;
      }
      CHECK("counted", seen == counts[i]);
      CHECK("dark last", !lit);
      lit = indicator_is_lit(&indicator, end_ms);
      CHECK("then a whole blink", lit == (states[j] != INDICATOR_GOOD));
      CHECK("over", indicator.flashes == 0);
    }
  }
}

static void a_state_shown_again_continues_and_zeroed_memory_is_valid(void) {
  struct indicator indicator;
  char out[9];
  memset(&indicator, 0, sizeof(indicator));
  draw(&indicator, 0, 8, out);
  CHECK("zeroed", strcmp(out, "####....") == 0);
  indicator_show(&indicator, INDICATOR_NO_NETWORK, 100);
  draw(&indicator, 400, 8, out);
  CHECK("again", strcmp(out, "####....") == 0);
}

void indicator_tests(void) {
  RUN(each_state_has_its_pattern);
  RUN(the_state_is_the_worst_that_is_known);
  RUN(flashes_can_be_counted_over_any_state);
  RUN(a_state_shown_again_continues_and_zeroed_memory_is_valid);
}
