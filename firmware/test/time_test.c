/*! Tests of core/lock.h at the ends of time: uptime 0 and after months, a clock
 * that steps back, times that nearly overflow (D3, D5). */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "flash_sim.h"
#include "lock.h"
#include "sample.h"
#include "status.h"
#include "vectors_types.h"

struct bench {
  struct flash_sim sim;
  struct lock lock;
  enum latch latch;
};

static void move(void *context, enum latch latch) {
  ((struct bench *) context)->latch = latch;
}

/* Booted, with LOCK 10 in its journal. */
static void bench_ready(struct bench *bench, uint32_t relock_ms) {
  struct lock_settings settings = {LATCH_LOCKED, 0, 0,
                                   2000,         0, RELOCK_FROM_UNLOCK};
  struct command lock = sample_command(ACTION_LOCK, 10);
  struct latch_port port;
  struct moment now = sample_moment(0);
  memset(bench, 0, sizeof(*bench));
  flash_sim_start(&bench->sim);
  settings.relock_ms = relock_ms;
  port.move = move;
  port.context = bench;
  CHECK("boot", lock_boot(&bench->lock, &settings, &port, &bench->sim.flash,
                          &now) == CORE_EBLANK);
  CHECK("lock 10",
        lock_handle_command(&bench->lock, &lock, &now) == OUTCOME_EXECUTED);
}

/* Times at the ends of their ranges: no overflow may open the door. */
static void no_extreme_time_opens_the_door(void) {
  static const uint64_t most_s = (UINT64_C(1) << 53) - 1;
  static const struct {
    const char *row;
    uint64_t issued_s, expires_s, latest_ms;
    int opens;
  } rows[] = {
      {"a normal unlock", NOW_S, NOW_S + 30, NOW_S * 1000, 1},
      {"no time of day", NOW_S, NOW_S + 30, 0, 0},
      {"a clock back in 1970, an unlock too", 0, 30, 5, 1},
      {"never expires", NOW_S, (UINT64_C(1) << 53) - 1, NOW_S * 1000, 1},
      {"expires before it is issued", NOW_S, NOW_S - 1, NOW_S * 1000, 0},
      {"expires at 0", 0, 0, 5, 0},
      {"issued at the last second", (UINT64_C(1) << 53) - 1,
       (UINT64_C(1) << 53) - 1, NOW_S * 1000, 0},
      {"a clock at the end of time", NOW_S, NOW_S + 30,
       ((UINT64_C(1) << 53) - 1) * 1000 + 1000, 0},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct bench bench;
    struct command c = sample_command(ACTION_UNLOCK, 11);
    struct moment now = sample_moment(2);
    bench_ready(&bench, 0);
    c.issued_s = rows[i].issued_s;
    c.expires_s = rows[i].expires_s;
    CHECK(rows[i].row, c.expires_s <= most_s);
    now.earliest_ms = now.latest_ms = rows[i].latest_ms;
    CHECK(rows[i].row, (lock_handle_command(&bench.lock, &c, &now) ==
                        OUTCOME_EXECUTED) == rows[i].opens);
    CHECK(rows[i].row, (bench.latch == LATCH_UNLOCKED) == rows[i].opens);
  }
}

static void a_clock_that_steps_back_never_revives_a_burned_unlock(void) {
  struct bench bench;
  struct command c = sample_command(ACTION_UNLOCK, 11);
  struct moment now = sample_moment(60);
  bench_ready(&bench, 0);
  CHECK("late", lock_handle_command(&bench.lock, &c, &now) == OUTCOME_EXPIRED);
  now.earliest_ms = now.latest_ms -= 58000;
  CHECK("back", lock_handle_command(&bench.lock, &c, &now) == OUTCOME_REPEATED);
  CHECK("back", bench.latch == LATCH_LOCKED);
}

static void a_relock_is_due_from_uptime_0_and_after_months(void) {
  static const uint64_t starts_ms[] = {0, UINT64_C(4294967290),
                                       UINT64_C(4294967296) * 3};
  size_t i;
  for (i = 0; i < COUNT_OF(starts_ms); i++) {
    struct bench bench;
    struct command c = sample_command(ACTION_UNLOCK, 11);
    struct moment now = sample_moment(1);
    bench_ready(&bench, 10000);
    now.uptime_ms = starts_ms[i];
    CHECK("open",
          lock_handle_command(&bench.lock, &c, &now) == OUTCOME_EXECUTED);
    CHECK("armed", lock_due_ms(&bench.lock) == starts_ms[i] + 10000);
    now.uptime_ms += 9999;
    CHECK("early", lock_tick(&bench.lock, &now) == 0);
    now.uptime_ms += 1;
    CHECK("due", lock_tick(&bench.lock, &now) == 1);
  }
}

void time_tests(void) {
  RUN(no_extreme_time_opens_the_door);
  RUN(a_clock_that_steps_back_never_revives_a_burned_unlock);
  RUN(a_relock_is_due_from_uptime_0_and_after_months);
}
