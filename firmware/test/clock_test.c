/*! Tests of core/clock.h and reporter_set_clock: the bounds of the true time,
 * and which answers are samples (D3). clock_walk_test.c tests both against an
 * attacker over a long time. */
#include "clock.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "reporter.h"
#include "vectors_types.h"

#define SECOND UINT64_C(1763779520)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* One update and its answer. The true time advances 10^6 + `ppm` nanoseconds
 * per millisecond of uptime, which keeps the arithmetic exact. */
struct answer {
  int64_t fraction_ns; /* Of the second at power-on. */
  int64_t ppm;
  uint64_t sent_ms;  /* Uptime. */
  uint64_t there_ms; /* From sending to stamping. */
  uint64_t back_ms;  /* From stamping to arrival. */
};

static int64_t true_ns(const struct answer *a, uint64_t uptime_ms) {
  return (int64_t) SECOND * NS_PER_S + a->fraction_ns +
         (int64_t) uptime_ms * (NS_PER_MS + a->ppm);
}

static uint64_t arrival_ms(const struct answer *a) {
  return a->sent_ms + a->there_ms + a->back_ms;
}

static int take(struct clock *clock, const struct answer *a) {
  int64_t stamped_ns = true_ns(a, a->sent_ms + a->there_ms);
  return clock_take_answer(clock, (uint64_t) (stamped_ns / NS_PER_S),
                           a->sent_ms, arrival_ms(a));
}

static int is_between(const struct moment *now, int64_t ns) {
  return (int64_t) now->earliest_ms * NS_PER_MS <= ns &&
         ns <= (int64_t) now->latest_ms * NS_PER_MS;
}

static void check_answer(const struct answer *a) {
  static const uint64_t later_ms[] = {0,     1,       9999,
                                      10001, 3600000, CLOCK_SAMPLE_MS_MAX};
  struct clock clock = {0, 0, 0};
  struct moment now;
  char row[96];
  size_t i;
  int is_sample = a->there_ms + a->back_ms <= CLOCK_ANSWER_MS_MAX;
  (void) snprintf(row, sizeof(row), "%ld ns, %d ppm, at %lu ms, %u + %u ms",
                  (long) a->fraction_ns, (int) a->ppm,
                  (unsigned long) a->sent_ms, (unsigned) a->there_ms,
                  (unsigned) a->back_ms);
  CHECK(row, take(&clock, a) == is_sample);
  for (i = 0; i < COUNT_OF(later_ms); i++) {
    uint64_t at_ms = arrival_ms(a) + later_ms[i];
    clock_read(&clock, at_ms, &now);
    CHECK(row, now.uptime_ms == at_ms);
    CHECK(row, moment_has_time(&now) == is_sample);
    CHECK(row, !is_sample || is_between(&now, true_ns(a, at_ms)));
  }
  clock_read(&clock, arrival_ms(a) + CLOCK_SAMPLE_MS_MAX + 1, &now);
  CHECK(row, !moment_has_time(&now));
}

static void the_true_time_lies_between_the_bounds(void) {
  static const int64_t fractions_ns[] = {0, 1, 500000000, 999999999};
  static const int64_t rates_ppm[] = {-100, -37, 0, 100};
  static const uint64_t sent_ms[] = {0, 3, 5000, UINT64_C(4294967290),
                                     UINT64_C(31536000000)};
  static const uint64_t ways_ms[] = {0, 1, 700, 5000, 9999, 10000};
  unsigned i, seen = 0;
  for (i = 0; i < 4 * 4 * 5 * 6 * 6; i++) {
    struct answer a;
    a.fraction_ns = fractions_ns[i % 4];
    a.ppm = rates_ppm[i / 4 % 4];
    a.sent_ms = sent_ms[i / 16 % 5];
    a.there_ms = ways_ms[i / 80 % 6];
    a.back_ms = ways_ms[i / 480];
    check_answer(&a);
    seen += a.there_ms + a.back_ms <= CLOCK_ANSWER_MS_MAX;
  }
  CHECK("both samples and other answers occur", seen > 1000 && seen < 2880);
}

static void the_bounds_are_as_tight_as_they_can_be(void) {
  static const struct {
    const char *row;
    uint64_t took_ms, age_ms, earliest_ms, latest_ms;
  } rows[] = {
      {"at once", 0, 0, 0, 1000},
      {"an answer of a second", 1000, 0, 0, 2001},
      {"ten seconds later", 1000, 10000, 9999, 12002},
      {"an hour later", 300, 3600000, 3599640, 3601661},
      {"twelve hours later", 10000, 43200000, 43195680, 43215321},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct clock clock = {0, 0, 0};
    struct moment now;
    (void) clock_take_answer(&clock, SECOND, 7000, 7000 + rows[i].took_ms);
    clock_read(&clock, 7000 + rows[i].took_ms + rows[i].age_ms, &now);
    CHECK(rows[i].row, now.earliest_ms == SECOND * 1000 + rows[i].earliest_ms);
    CHECK(rows[i].row, now.latest_ms == SECOND * 1000 + rows[i].latest_ms);
  }
}

static void an_answer_without_a_time_or_too_late_is_not_a_sample(void) {
  static const struct {
    const char *row;
    uint64_t second, sent_ms, received_ms;
    int is_sample;
  } rows[] = {
      {"no second", 0, 10, 20, 0},
      {"ten seconds", SECOND, 10, 10010, 1},
      {"a millisecond more", SECOND, 10, 10011, 0},
      {"fifty days", SECOND, 10, UINT64_C(4294967306), 0},
      {"the first second of 1970", 1, 0, 0, 1},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct clock clock = {0, 0, 0};
    struct moment now;
    CHECK(rows[i].row,
          clock_take_answer(&clock, rows[i].second, rows[i].sent_ms,
                            rows[i].received_ms) == rows[i].is_sample);
    clock_read(&clock, rows[i].received_ms, &now);
    CHECK(rows[i].row, moment_has_time(&now) == rows[i].is_sample);
    CHECK(rows[i].row, rows[i].is_sample || now.earliest_ms == 0);
  }
}

/* A sample that took 100 ms, and a second answer of `took_ms` that arrives
 * `age_ms` later and whose second is `step_s` off. */
static void the_narrowest_sample_is_kept_whatever_its_second(void) {
  static const struct {
    const char *row;
    uint64_t took_ms, age_ms;
    int64_t step_s;
    int is_kept;
  } rows[] = {
      {"a narrower one", 40, 5000, 0, 0},
      {"an equal one, no older than its drift", 100, 0, 0, 1},
      {"an equal one, when the kept one has widened", 100, 10000, 0, 0},
      {"a wider one", 500, 5000, 0, 1},
      {"a wider one, the kept one equally wide by now", 500, 2000000, 0, 1},
      {"a wider one, the kept one wider by now", 500, 2000001, 0, 0},
      {"the server steps forwards, a wider one", 500, 5000, 3600, 1},
      {"the server steps forwards, a narrower one", 40, 5000, 3600, 0},
      {"the server steps back, a wider one", 500, 5000, -3600, 1},
      {"the server steps back, a narrower one", 40, 5000, -3600, 0},
      {"the server steps back, twelve hours later", 9000, 43200001, -3600, 0},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct clock clock = {0, 0, 0};
    struct moment kept, now;
    uint64_t at_ms = 1100 + rows[i].age_ms;
    uint64_t second =
        SECOND + rows[i].age_ms / 1000 + (uint64_t) rows[i].step_s;
    CHECK(rows[i].row, clock_take_answer(&clock, SECOND, 1000, 1100) == 1);
    clock_read(&clock, at_ms, &kept);
    CHECK(rows[i].row,
          clock_take_answer(&clock, second, at_ms - rows[i].took_ms, at_ms) ==
              !moment_has_time(&kept));
    clock_read(&clock, at_ms, &now);
    CHECK(rows[i].row,
          (memcmp(&now, &kept, sizeof(now)) == 0) == rows[i].is_kept);
    CHECK(rows[i].row, rows[i].is_kept || now.earliest_ms == second * 1000);
  }
}

static void drift_is_rounded_up(void) {
  CHECK("none", clock_drift_ms(0) == 0);
  CHECK("little", clock_drift_ms(1) == 1 && clock_drift_ms(10000) == 1);
  CHECK("more", clock_drift_ms(10001) == 2);
  CHECK("a year", clock_drift_ms(UINT64_C(31536000000)) == 3153600);
}

#define BOOT 7

/* Three updates were sent, the last at uptime 5000. */
static void only_the_answer_to_the_last_update_is_a_sample(void) {
  static const struct {
    const char *row;
    struct shadow_answer answer;
    uint64_t at_ms;
    int is_sample;
  } rows[] = {
      {"the last",
       {SHADOW_UPDATE_ACCEPTED, 1, 1, BOOT, 3, 9, 0, SECOND},
       5400,
       1},
      {"the last, of `desired` alone",
       {SHADOW_UPDATE_ACCEPTED, 1, 0, BOOT, 3, 9, 0, SECOND},
       5400,
       1},
      {"the last, too late",
       {SHADOW_UPDATE_ACCEPTED, 1, 1, BOOT, 3, 9, 0, SECOND},
       15001,
       0},
      {"the last, without a time",
       {SHADOW_UPDATE_ACCEPTED, 1, 1, BOOT, 3, 9, 0, 0},
       5400,
       0},
      {"the one before",
       {SHADOW_UPDATE_ACCEPTED, 1, 1, BOOT, 2, 9, 0, SECOND},
       5400,
       0},
      {"one not sent yet",
       {SHADOW_UPDATE_ACCEPTED, 1, 1, BOOT, 4, 9, 0, SECOND},
       5400,
       0},
      {"one of the boot before",
       {SHADOW_UPDATE_ACCEPTED, 1, 1, BOOT - 1, 3, 9, 0, SECOND},
       5400,
       0},
      {"a person's, without a token",
       {SHADOW_UPDATE_ACCEPTED, 1, 1, 0, 0, 9, 0, SECOND},
       5400,
       0},
      {"rejected",
       {SHADOW_UPDATE_REJECTED, 1, 0, BOOT, 3, 0, 413, SECOND},
       5400,
       0},
      {"a deletion",
       {SHADOW_DELETE_ACCEPTED, 1, 0, BOOT, 3, 9, 0, SECOND},
       5400,
       0},
      {"unreadable", {SHADOW_UPDATE_ACCEPTED, 0, 0, 0, 0, 0, 0, 0}, 5400, 0},
  };
  size_t i;
  uint64_t at_ms;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct reporter reporter;
    struct clock clock = {0, 0, 0};
    struct moment now = {0, 0, 0};
    reporter_start(&reporter, BOOT, 900000);
    reporter_set_connected(&reporter, 1);
    CHECK(rows[i].row,
          reporter_set_clock(&reporter, &rows[i].answer, &now, &clock) == 0);
    for (at_ms = 3000; at_ms <= 5000; at_ms += 1000) {
      now.uptime_ms = at_ms;
      (void) reporter_begin_update(&reporter, &now, 0);
    }
    now.uptime_ms = rows[i].at_ms;
    CHECK(rows[i].row, reporter_set_clock(&reporter, &rows[i].answer, &now,
                                          &clock) == rows[i].is_sample);
    clock_read(&clock, rows[i].at_ms, &now);
    CHECK(rows[i].row, moment_has_time(&now) == rows[i].is_sample);
    CHECK(rows[i].row, !rows[i].is_sample ||
                           now.latest_ms - now.earliest_ms == 1000 + 400 + 1);
  }
}

void clock_tests(void) {
  RUN(the_true_time_lies_between_the_bounds);
  RUN(the_bounds_are_as_tight_as_they_can_be);
  RUN(an_answer_without_a_time_or_too_late_is_not_a_sample);
  RUN(the_narrowest_sample_is_kept_whatever_its_second);
  RUN(drift_is_rounded_up);
  RUN(only_the_answer_to_the_last_update_is_a_sample);
}
