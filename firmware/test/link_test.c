/*! Tests of core/link.h (PROTOCOL D7). */
#include <string.h>

#include "check.h"
#include "link.h"
#include "vectors_types.h"

static const struct link_settings settings = {
    .attempt_ms = 60000,
    .silence_ms = 300000,
    .reboot_ms = 1800000,
    .retry_first_ms = 2000,
    .retry_most_ms = 120000,
};

/* What the watchdog sees; with FIXED, a reboot would move the latch. */
enum sight {
  NO_NET,
  DOWN,
  TRY,
  UP,
  SERVED,
  SERVED_FIXED,
  UP_FIXED,
  DOWN_FIXED
};

static enum link_step look(struct link *link, uint64_t at_ms,
                           enum sight sight) {
  struct link_view view;
  memset(&view, 0, sizeof(view));
  view.uptime_ms = at_ms;
  view.random = 0;
  view.has_network = sight != NO_NET;
  view.phase = LINK_CONNECTED;
  if (sight == NO_NET || sight == DOWN || sight == DOWN_FIXED) {
    view.phase = LINK_IDLE;
  } else if (sight == TRY) {
    view.phase = LINK_TRYING;
  }
  view.is_healthy = sight == SERVED || sight == SERVED_FIXED;
  view.may_reboot = sight < SERVED_FIXED;
  return link_step(link, &view);
}

static void every_kind_of_hang_is_given_up(void) {
  static const struct {
    const char *name;
    struct {
      uint64_t at_ms;
      enum sight sight;
      enum link_step expected;
    } looks[6];
  } rows[] = {
      {"silent before CONNACK",
       {{1000, TRY, LINK_WAIT},
        {60999, TRY, LINK_WAIT},
        {61000, TRY, LINK_CLOSE},
        {62000, TRY, LINK_CLOSE},
        {63000, DOWN, LINK_WAIT}}},
      {"connected, and no report ever accepted",
       {{1000, TRY, LINK_WAIT},
        {2000, UP, LINK_WAIT},
        {301999, UP, LINK_WAIT},
        {302000, UP, LINK_CLOSE},
        {303000, UP, LINK_CLOSE},
        {304000, DOWN, LINK_WAIT}}},
      {"connected, healthy once, then silent",
       {{1000, UP, LINK_WAIT},
        {200000, SERVED, LINK_WAIT},
        {300000, UP, LINK_WAIT},
        {499999, UP, LINK_WAIT},
        {500000, UP, LINK_CLOSE}}},
      {"healthy all the time",
       {{1000, SERVED, LINK_WAIT},
        {3600000, SERVED, LINK_WAIT},
        {UINT64_C(5000000000), SERVED, LINK_WAIT},
        {UINT64_C(5000300000), SERVED, LINK_WAIT}}},
      {"no network: no attempt, finally a reboot",
       {{1000, NO_NET, LINK_WAIT},
        {1799999, NO_NET, LINK_WAIT},
        {1800000, NO_NET, LINK_REBOOT}}},
      {"a reboot would move the latch: attempts continue",
       {{1000, SERVED, LINK_WAIT},
        {2000000, DOWN_FIXED, LINK_WAIT},
        {2004000, DOWN_FIXED, LINK_CONNECT},
        {2005000, DOWN, LINK_REBOOT}}},
      {"connected but unhealthy: finally a reboot",
       {{1000, SERVED, LINK_WAIT},
        {1801000, UP, LINK_REBOOT},
        {1801001, UP_FIXED, LINK_CLOSE}}},
  };
  size_t i, j;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct link link;
    link_start(&link, &settings, 0);
    for (j = 0; j < COUNT_OF(rows[i].looks); j++) {
      if (rows[i].looks[j].at_ms == 0) break;
      CHECK(rows[i].name,
            look(&link, rows[i].looks[j].at_ms, rows[i].looks[j].sight) ==
                rows[i].looks[j].expected);
    }
  }
}

/* Uptime of the next attempt, polling every 100 ms from `at_ms` on. */
static uint64_t next_attempt(struct link *link, uint64_t at_ms,
                             enum sight sight) {
  uint64_t end_ms = at_ms + 200000;
  for (; at_ms < end_ms; at_ms += 100) {
    if (look(link, at_ms, sight) == LINK_CONNECT) return at_ms;
  }
  return 0;
}

static void failing_attempts_are_spaced_ever_wider(void) {
  static const uint64_t most_ms[] = {2000,  4000,  8000,   16000,
                                     32000, 64000, 120000, 120000};
  struct link link;
  uint64_t at_ms = 0;
  size_t i;
  link_start(&link, &settings, 0);
  for (i = 0; i < COUNT_OF(most_ms); i++) {
    uint64_t next_ms = next_attempt(&link, at_ms, DOWN_FIXED);
    CHECK("comes", next_ms != 0);
    CHECK("not too soon", next_ms - at_ms >= most_ms[i] / 2);
    CHECK("not too late", next_ms - at_ms <= most_ms[i] + 100);
    /* Seen as an attempt, or over before the next poll. */
    if (i % 2 == 0) (void) look(&link, next_ms + 50, TRY);
    at_ms = next_ms;
  }
}

static void a_connection_that_breaks_at_once_does_not_shorten_the_delay(void) {
  struct link link;
  uint64_t at_ms = 0, next_ms;
  int i;
  link_start(&link, &settings, 0);
  for (i = 0; i < 8; i++) {
    at_ms = next_attempt(&link, at_ms, DOWN);
    (void) look(&link, at_ms + 10, UP);
    (void) look(&link, at_ms + 20, SERVED);
  }
  next_ms = next_attempt(&link, at_ms + 30, DOWN);
  CHECK("still long", next_ms - at_ms >= 60000);
  (void) look(&link, next_ms + 10, SERVED);
  at_ms = next_ms + 10 + LINK_STEADY_MS;
  (void) look(&link, at_ms, SERVED);
  (void) look(&link, at_ms + 100000, SERVED);
  next_ms = next_attempt(&link, at_ms + 100100, DOWN);
  CHECK("steady: short again", next_ms - (at_ms + 100100) <= 2100);
}

static void a_network_that_comes_back_is_used_soon(void) {
  struct link link;
  uint64_t at_ms = 0, next_ms;
  int i;
  link_start(&link, &settings, 0);
  for (i = 0; i < 8; i++) at_ms = next_attempt(&link, at_ms, DOWN_FIXED);
  CHECK("none without", next_attempt(&link, at_ms + 100, NO_NET) == 0);
  at_ms += 300000;
  next_ms = next_attempt(&link, at_ms, DOWN_FIXED);
  CHECK("soon", next_ms != 0 && next_ms - at_ms <= 2100);
}

static void devices_that_lost_one_broker_do_not_return_at_one_instant(void) {
  uint64_t least_ms = UINT64_MAX, most_ms = 0;
  uint32_t random;
  for (random = 0; random < 1000; random += 7) {
    struct link link;
    struct link_view view;
    uint64_t at_ms;
    link_start(&link, &settings, 0);
    (void) look(&link, 100, SERVED);
    (void) look(&link, 10000, SERVED);
    memset(&view, 0, sizeof(view));
    view.has_network = 1;
    view.random = random;
    for (at_ms = 10100; at_ms < 20000; at_ms += 10) {
      view.uptime_ms = at_ms;
      if (link_step(&link, &view) == LINK_CONNECT) break;
    }
    if (at_ms < least_ms) least_ms = at_ms;
    if (at_ms > most_ms) most_ms = at_ms;
  }
  CHECK("spread", most_ms - least_ms >= 900);
  CHECK("bounded", most_ms <= 10100 + 2010);
}

static void limits_of_zero_are_not_limits(void) {
  struct link_settings none = settings;
  struct link link;
  none.attempt_ms = none.silence_ms = none.reboot_ms = 0;
  link_start(&link, &none, 0);
  CHECK("attempt", look(&link, 1, TRY) == LINK_WAIT);
  CHECK("attempt", look(&link, UINT64_C(1) << 40, TRY) == LINK_WAIT);
  CHECK("silence", look(&link, (UINT64_C(1) << 40) + 1, UP) == LINK_WAIT);
  CHECK("silence", look(&link, UINT64_C(1) << 41, UP) == LINK_WAIT);
}

void link_tests(void) {
  RUN(every_kind_of_hang_is_given_up);
  RUN(failing_attempts_are_spaced_ever_wider);
  RUN(a_connection_that_breaks_at_once_does_not_shorten_the_delay);
  RUN(a_network_that_comes_back_is_used_soon);
  RUN(devices_that_lost_one_broker_do_not_return_at_one_instant);
  RUN(limits_of_zero_are_not_limits);
}
