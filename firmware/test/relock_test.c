/*! Tests of core/lock.h: auto-relock and the exit button, as tables
 * (D5, D9). */
#include "bench.h"
#include "check.h"
#include "vectors_types.h"

static void a_lock_relocks_after_its_delay(void) {
  static const struct {
    const char *row;
    uint32_t relock_ms, pulse_ms;
    enum door door;
    uint64_t tick_s;
    int locks;
  } rows[] = {
      {"off", 0, 0, DOOR_NO_SENSOR, 100000, 0},
      {"too early", 10000, 0, DOOR_NO_SENSOR, 11, 0},
      {"in time", 10000, 0, DOOR_NO_SENSOR, 12, 1},
      {"door closed", 10000, 0, DOOR_CLOSED, 12, 1},
      {"waits for the door", 10000, 0, DOOR_OPEN, 12, 0},
      {"a pulse does not wait", 0, 3000, DOOR_OPEN, 5, 1},
      {"a pulse wins", 60000, 3000, DOOR_NO_SENSOR, 5, 1},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct bench bench;
    struct moment now = sample_moment(2), tick = sample_moment(rows[i].tick_s);
    bench_start(&bench);
    bench.settings.relock_ms = rows[i].relock_ms;
    bench.settings.pulse_ms = rows[i].pulse_ms;
    (void) bench_boot(&bench);
    (void) bench_give(&bench, ACTION_LOCK, 10, 1);
    (void) lock_set_door(&bench.lock, rows[i].door, &now);
    CHECK(rows[i].row,
          bench_give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED);
    CHECK(rows[i].row, lock_tick(&bench.lock, &tick) == rows[i].locks);
    CHECK(rows[i].row, (bench.latch == LATCH_LOCKED) == rows[i].locks);
    if (!rows[i].locks) continue;
    CHECK(rows[i].row, bench.lock.source == SOURCE_AUTO);
    CHECK(rows[i].row, bench.lock.journal.entry.version == 11);
    CHECK(rows[i].row, lock_tick(&bench.lock, &tick) == 0);
  }
}

/* The unlock is at 2 s; the door moves at these times in ms, open first. */
static void an_opened_door_rests_closed_before_it_relocks(void) {
  static const struct {
    const char *row;
    enum relock_from from;
    uint32_t relock_ms, settle_ms;
    uint32_t moves_ms[6];
    uint32_t locks_ms;
  } rows[] = {
      {"settles after the time",
       RELOCK_FROM_UNLOCK,
       5000,
       1000,
       {3000, 9000, 0},
       10000},
      {"without settling", RELOCK_FROM_UNLOCK, 5000, 0, {3000, 9000, 0}, 9000},
      {"settled long before",
       RELOCK_FROM_UNLOCK,
       5000,
       1000,
       {3000, 4000, 0},
       7000},
      {"settles past the time",
       RELOCK_FROM_UNLOCK,
       5000,
       1000,
       {3000, 6500, 0},
       7500},
      {"a bouncing contact",
       RELOCK_FROM_UNLOCK,
       5000,
       1000,
       {3000, 8000, 8150, 8650, 0},
       9650},
      {"from the closing",
       RELOCK_FROM_CLOSING,
       5000,
       1000,
       {3000, 9000, 0},
       14000},
      {"from the last closing",
       RELOCK_FROM_CLOSING,
       5000,
       1000,
       {3000, 9000, 10000, 12000, 0},
       17000},
      {"a short time settles too",
       RELOCK_FROM_CLOSING,
       1000,
       3000,
       {3000, 9000, 0},
       12000},
      {"never opened", RELOCK_FROM_CLOSING, 5000, 1000, {0}, 7000},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    const uint32_t *move_ms = rows[i].moves_ms;
    struct bench bench;
    struct moment now = sample_moment(1);
    enum door door = DOOR_CLOSED;
    uint32_t at_ms;
    bench_start(&bench);
    bench.settings.relock_ms = rows[i].relock_ms;
    bench.settings.settle_ms = rows[i].settle_ms;
    bench.settings.relock_from = rows[i].from;
    (void) bench_boot(&bench);
    (void) bench_give(&bench, ACTION_LOCK, 10, 1);
    (void) lock_set_door(&bench.lock, DOOR_CLOSED, &now);
    CHECK(rows[i].row,
          bench_give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED);
    for (at_ms = 2050; bench.latch == LATCH_UNLOCKED; at_ms += 50) {
      now.uptime_ms = SAMPLE_UPTIME_MS + at_ms;
      if (*move_ms == at_ms) {
        door = door == DOOR_CLOSED ? DOOR_OPEN : DOOR_CLOSED;
        move_ms++;
      }
      (void) lock_set_door(&bench.lock, door, &now);
      if (at_ms > 60000) break;
    }
    CHECK(rows[i].row, at_ms - 50 == rows[i].locks_ms);
    CHECK(rows[i].row, bench.lock.source == SOURCE_AUTO);
  }
}

static void the_exit_opens_without_cloud_clock_and_journal(void) {
  static const struct {
    const char *row;
    uint32_t relock_ms, pulse_ms;
    uint64_t locked_after_ms; /* 0 = it does not open. */
  } rows[] = {
      {"relock", 5000, 0, 5000},
      {"pulse", 0, 800, 800},
      {"neither", 0, 0, 0},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct bench bench;
    struct moment now = {7000, 0, 0};
    bench_start(&bench);
    bench.settings.relock_ms = rows[i].relock_ms;
    bench.settings.pulse_ms = rows[i].pulse_ms;
    bench.sim.writes_fail = 1;
    (void) bench_boot(&bench);
    CHECK(rows[i].row, lock_request_exit(&bench.lock, &now) ==
                           (rows[i].locked_after_ms != 0));
    if (rows[i].locked_after_ms == 0) {
      CHECK(rows[i].row, bench.latch == LATCH_LOCKED);
      continue;
    }
    CHECK(rows[i].row, bench.latch == LATCH_UNLOCKED);
    CHECK(rows[i].row, bench.lock.source == SOURCE_MANUAL);
    CHECK(rows[i].row, bench.lock.journal.entry.version == 0);
    CHECK(rows[i].row,
          lock_due_ms(&bench.lock) == 7000 + rows[i].locked_after_ms);
    now.uptime_ms += 500;
    CHECK("again", lock_request_exit(&bench.lock, &now) == 1);
    CHECK("again", lock_due_ms(&bench.lock) == 7500 + rows[i].locked_after_ms);
    now.uptime_ms += rows[i].locked_after_ms;
    CHECK(rows[i].row, lock_tick(&bench.lock, &now) == 1);
    CHECK(rows[i].row, bench.latch == LATCH_LOCKED);
  }
}

static void a_command_overrides_the_exit_at_once(void) {
  struct bench bench;
  struct moment now = sample_moment(2);
  bench_ready(&bench);
  bench.lock.settings.relock_ms = 5000;
  CHECK("exit", lock_request_exit(&bench.lock, &now) == 1);
  CHECK("lock", bench_give(&bench, ACTION_LOCK, 11, 2) == OUTCOME_EXECUTED);
  CHECK("locked", bench.latch == LATCH_LOCKED && !bench.lock.relocks);
  CHECK("exit", lock_request_exit(&bench.lock, &now) == 1);
  CHECK("unlock", bench_give(&bench, ACTION_UNLOCK, 12, 3) == OUTCOME_EXECUTED);
  CHECK("its own time",
        lock_due_ms(&bench.lock) == SAMPLE_UPTIME_MS + 3000 + 5000);
  CHECK("remote", bench.lock.source == SOURCE_REMOTE);
}

static void a_repeated_unlock_does_not_prolong_the_time(void) {
  struct bench bench;
  struct moment now = sample_moment(12);
  bench_start(&bench);
  bench.settings.relock_ms = 10000;
  (void) bench_boot(&bench);
  (void) bench_give(&bench, ACTION_LOCK, 10, 1);
  (void) bench_give(&bench, ACTION_UNLOCK, 11, 2);
  CHECK("again", bench_give(&bench, ACTION_UNLOCK, 11, 8) == OUTCOME_REPEATED);
  CHECK("in time", lock_tick(&bench.lock, &now) == 1);
}

void relock_tests(void) {
  RUN(a_lock_relocks_after_its_delay);
  RUN(an_opened_door_rests_closed_before_it_relocks);
  RUN(the_exit_opens_without_cloud_clock_and_journal);
  RUN(a_command_overrides_the_exit_at_once);
  RUN(a_repeated_unlock_does_not_prolong_the_time);
}
