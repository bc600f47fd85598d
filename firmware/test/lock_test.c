/*! Tests of core/lock.h: the device rules D1 to D5 as tables. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "flash_sim.h"
#include "lock.h"
#include "report.h"
#include "sample.h"
#include "status.h"
#include "vectors_types.h"

/* A lock with its flash and its latch, and what the latch was told. */
struct bench {
  struct flash_sim sim;
  struct lock lock;
  struct lock_settings settings;
  enum latch latch;
  int moves;
  uint64_t journalled_at_unlock; /* Version in flash when the latch opened. */
};

static void move(void *context, enum latch latch) {
  struct bench *bench = context;
  bench->latch = latch;
  bench->moves++;
  if (latch == LATCH_UNLOCKED) {
    struct journal journal;
    (void) journal_load(&journal, &bench->sim.flash);
    bench->journalled_at_unlock = journal.entry.version;
  }
}

static int boot(struct bench *bench) {
  struct latch_port port;
  struct moment now = sample_moment(0);
  port.move = move;
  port.context = bench;
  return lock_boot(&bench->lock, &bench->settings, &port, &bench->sim.flash,
                   &now);
}

static void bench_start(struct bench *bench) {
  memset(bench, 0, sizeof(*bench));
  flash_sim_start(&bench->sim);
  bench->settings.clock_tolerance_ms = 2000;
}

static enum outcome give(struct bench *bench, enum action action,
                         uint64_t version, uint64_t uptime_s) {
  struct command c = sample_command(action, version);
  struct moment now = sample_moment(uptime_s);
  return lock_command(&bench->lock, &c, &now);
}

/* Booted, with LOCK 10 in its journal. */
static void bench_ready(struct bench *bench) {
  bench_start(bench);
  CHECK("boot", boot(bench) == CORE_EBLANK);
  CHECK("lock 10", give(bench, ACTION_LOCK, 10, 1) == OUTCOME_EXECUTED);
}

static void versions_decide_what_acts(void) {
  static const struct {
    const char *row;
    enum action action;
    uint64_t version;
    enum outcome outcome;
    enum refusal refusal;
    enum latch latch;
    int moves;
  } rows[] = {
      {"newer unlock acts", ACTION_UNLOCK, 11, OUTCOME_EXECUTED, REFUSAL_NONE,
       LATCH_UNLOCKED, 1},
      {"the same again does not move", ACTION_UNLOCK, 11, OUTCOME_REPEATED,
       REFUSAL_NONE, LATCH_UNLOCKED, 0},
      {"an older lock is superseded", ACTION_LOCK, 10, OUTCOME_REFUSED,
       REFUSAL_SUPERSEDED, LATCH_UNLOCKED, 0},
      {"newer lock acts", ACTION_LOCK, 20, OUTCOME_EXECUTED, REFUSAL_NONE,
       LATCH_LOCKED, 1},
      {"an older unlock is superseded", ACTION_UNLOCK, 15, OUTCOME_REFUSED,
       REFUSAL_SUPERSEDED, LATCH_LOCKED, 0},
      {"the same lock again", ACTION_LOCK, 20, OUTCOME_REPEATED,
       REFUSAL_SUPERSEDED, LATCH_LOCKED, 0},
      {"much newer", ACTION_UNLOCK, UINT64_C(1) << 52, OUTCOME_EXECUTED,
       REFUSAL_NONE, LATCH_UNLOCKED, 1},
  };
  struct bench bench;
  size_t i;
  bench_ready(&bench);
  for (i = 0; i < COUNT_OF(rows); i++) {
    int before = bench.moves;
    enum outcome outcome = give(&bench, rows[i].action, rows[i].version, 2);
    CHECK(rows[i].row, outcome == rows[i].outcome);
    CHECK(rows[i].row, bench.lock.refusal == rows[i].refusal);
    CHECK(rows[i].row, bench.latch == rows[i].latch);
    CHECK(rows[i].row, bench.moves - before == rows[i].moves);
  }
}

static void a_version_belongs_to_one_command(void) {
  struct bench bench;
  struct command c = sample_command(ACTION_UNLOCK, 10);
  struct moment now = sample_moment(2);
  bench_ready(&bench);
  strcpy(c.id, "other");
  CHECK("other id", lock_command(&bench.lock, &c, &now) == OUTCOME_REFUSED);
  CHECK("other id", bench.lock.refusal == REFUSAL_CONFLICT);
  CHECK("other id", strcmp(bench.lock.refused_id, "other") == 0);
  CHECK("other id", bench.latch == LATCH_LOCKED);
}

static void an_unlock_acts_only_inside_its_time(void) {
  static const struct {
    const char *row;
    int64_t offset_ms; /* Of now against issuedAt; expiresAt is 30000 later. */
    enum outcome outcome;
    enum refusal refusal;
  } rows[] = {
      {"fresh", 0, OUTCOME_EXECUTED, REFUSAL_NONE},
      {"device clock behind, inside tolerance", -2000, OUTCOME_EXECUTED,
       REFUSAL_NONE},
      {"device clock behind, outside", -2001, OUTCOME_REFUSED, REFUSAL_CLOCK},
      {"the last moment", 28000, OUTCOME_EXECUTED, REFUSAL_NONE},
      {"one past it", 28001, OUTCOME_EXPIRED, REFUSAL_NONE},
      {"an hour late", 3600000, OUTCOME_EXPIRED, REFUSAL_NONE},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct bench bench;
    struct command c = sample_command(ACTION_UNLOCK, 11);
    struct moment now = sample_moment(2);
    bench_ready(&bench);
    now.wall_ms = (uint64_t) ((int64_t) (NOW_S * 1000) + rows[i].offset_ms);
    CHECK(rows[i].row,
          lock_command(&bench.lock, &c, &now) == rows[i].outcome);
    CHECK(rows[i].row, bench.lock.refusal == rows[i].refusal);
    CHECK(rows[i].row, (bench.latch == LATCH_UNLOCKED) ==
                           (rows[i].outcome == OUTCOME_EXECUTED));
    CHECK(rows[i].row, (bench.lock.journal.entry.version == 11) ==
                           (rows[i].outcome != OUTCOME_REFUSED));
  }
}

static void an_expired_unlock_burns_its_version_and_locks(void) {
  struct bench bench;
  bench_ready(&bench);
  CHECK("open", give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED);
  CHECK("late", give(&bench, ACTION_UNLOCK, 12, 60) == OUTCOME_EXPIRED);
  CHECK("late", bench.latch == LATCH_LOCKED);
  CHECK("late", bench.lock.journal.entry.result == RESULT_EXPIRED);
  CHECK("again", give(&bench, ACTION_UNLOCK, 12, 2) == OUTCOME_REPEATED);
  CHECK("again", bench.latch == LATCH_LOCKED);
}

static void without_a_believable_clock_only_locks_act(void) {
  static const struct {
    const char *row;
    int synced;
    uint64_t synced_at_ms, uptime_ms;
    int unlocks;
  } rows[] = {
      {"never synced", 0, 0, 5000, 0},
      {"just synced", 1, 5000, 5000, 1},
      {"synced 12 h ago", 1, 5000, 5000 + LOCK_CLOCK_STALE_MS, 1},
      {"synced longer ago", 1, 5000, 5001 + LOCK_CLOCK_STALE_MS, 0},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct bench bench;
    struct command c = sample_command(ACTION_UNLOCK, 11);
    struct moment now = sample_moment(0);
    bench_ready(&bench);
    now.synced = rows[i].synced;
    now.synced_at_ms = rows[i].synced_at_ms;
    now.uptime_ms = rows[i].uptime_ms;
    CHECK(rows[i].row, (lock_command(&bench.lock, &c, &now) ==
                        OUTCOME_EXECUTED) == rows[i].unlocks);
    CHECK(rows[i].row, rows[i].unlocks || bench.lock.refusal == REFUSAL_CLOCK);
    CHECK(rows[i].row,
          rows[i].unlocks || bench.lock.journal.entry.version == 10);
    c = sample_command(ACTION_LOCK, 12);
    CHECK(rows[i].row,
          lock_command(&bench.lock, &c, &now) == OUTCOME_EXECUTED);
    CHECK(rows[i].row, bench.lock.refusal == REFUSAL_NONE);
  }
}

static void a_blank_journal_refuses_unlocks_until_a_lock_is_written(void) {
  struct bench bench;
  bench_start(&bench);
  (void) boot(&bench);
  CHECK("blank", give(&bench, ACTION_UNLOCK, 5, 1) == OUTCOME_REFUSED);
  CHECK("blank", bench.lock.refusal == REFUSAL_JOURNAL);
  CHECK("blank", bench.latch == LATCH_LOCKED);
  CHECK("lock", give(&bench, ACTION_LOCK, 6, 1) == OUTCOME_EXECUTED);
  CHECK("then", give(&bench, ACTION_UNLOCK, 7, 1) == OUTCOME_EXECUTED);
}

static void an_unwritable_journal_refuses_unlocks_and_performs_locks(void) {
  struct bench bench;
  bench_ready(&bench);
  CHECK("open", give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED);
  bench.sim.writes_fail = 1;
  CHECK("lock", give(&bench, ACTION_LOCK, 13, 2) == OUTCOME_REFUSED);
  CHECK("lock", bench.lock.refusal == REFUSAL_JOURNAL);
  CHECK("lock", bench.latch == LATCH_LOCKED);
  CHECK("unlock", give(&bench, ACTION_UNLOCK, 14, 2) == OUTCOME_REFUSED);
  CHECK("unlock", bench.latch == LATCH_LOCKED);
  bench.sim.writes_fail = 0;
  CHECK("older", give(&bench, ACTION_UNLOCK, 12, 2) == OUTCOME_REFUSED);
  CHECK("older", bench.lock.refusal == REFUSAL_SUPERSEDED);
  CHECK("same", give(&bench, ACTION_UNLOCK, 13, 2) == OUTCOME_REFUSED);
  CHECK("same", bench.lock.refusal == REFUSAL_CONFLICT);
  CHECK("latch", bench.latch == LATCH_LOCKED);
  CHECK("again", give(&bench, ACTION_LOCK, 13, 2) == OUTCOME_EXECUTED);
  CHECK("newer", give(&bench, ACTION_UNLOCK, 15, 2) == OUTCOME_EXECUTED);
}

static void the_journal_is_written_before_the_latch_opens(void) {
  struct bench bench;
  bench_ready(&bench);
  CHECK("open", give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED);
  CHECK("order", bench.journalled_at_unlock == 11);
}

/* The power-cut matrix: cut after every byte of the flash's work. */
static void a_power_cut_at_any_byte_never_opens_twice(void) {
  long cut;
  int opened = 1;
  for (cut = 0; opened || cut < 100; cut++) {
    struct bench bench;
    int acted;
    bench_ready(&bench);
    bench.sim.steps_left = cut;
    acted = give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED;
    opened = !acted;
    flash_sim_power(&bench.sim);
    CHECK("no journal, no movement", acted || bench.latch == LATCH_LOCKED);
    (void) boot(&bench);
    CHECK("locked after boot", bench.latch == LATCH_LOCKED);
    if (acted) {
      CHECK("again", give(&bench, ACTION_UNLOCK, 11, 3) == OUTCOME_REPEATED);
      CHECK("again", bench.latch == LATCH_LOCKED);
    }
    CHECK("older", give(&bench, ACTION_UNLOCK, 9, 3) == OUTCOME_REFUSED);
    CHECK("goes on", give(&bench, ACTION_LOCK, 12, 3) == OUTCOME_EXECUTED);
    CHECK("goes on", give(&bench, ACTION_UNLOCK, 13, 3) == OUTCOME_EXECUTED);
    if (cut > 2000) {
      CHECK("the matrix ends", 0);
      break;
    }
  }
}

static void power_on_is_the_declared_state(void) {
  struct bench bench;
  bench_start(&bench);
  (void) boot(&bench);
  CHECK("fail-secure", bench.latch == LATCH_LOCKED && bench.moves == 1);
  CHECK("fail-secure", bench.lock.source == SOURCE_BOOT);
  bench_start(&bench);
  bench.settings.power_on = LATCH_UNLOCKED;
  bench.settings.relock_ms = 5000;
  (void) boot(&bench);
  CHECK("fail-safe", bench.latch == LATCH_UNLOCKED);
  CHECK("fail-safe", lock_due_ms(&bench.lock) == 5000);
}

static void it_relocks_by_itself(void) {
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
    (void) boot(&bench);
    (void) give(&bench, ACTION_LOCK, 10, 1);
    (void) lock_door(&bench.lock, rows[i].door, &now);
    CHECK(rows[i].row, give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED);
    CHECK(rows[i].row, lock_tick(&bench.lock, &tick) == rows[i].locks);
    CHECK(rows[i].row, (bench.latch == LATCH_LOCKED) == rows[i].locks);
    if (!rows[i].locks) continue;
    CHECK(rows[i].row, bench.lock.source == SOURCE_AUTO);
    CHECK(rows[i].row, bench.lock.journal.entry.version == 11);
    CHECK(rows[i].row, lock_tick(&bench.lock, &tick) == 0);
  }
}

static void closing_the_door_relocks_at_once_when_it_was_waited_for(void) {
  struct bench bench;
  struct moment now = sample_moment(50);
  bench_start(&bench);
  bench.settings.relock_ms = 10000;
  (void) boot(&bench);
  (void) give(&bench, ACTION_LOCK, 10, 1);
  (void) give(&bench, ACTION_UNLOCK, 11, 2);
  CHECK("open", lock_door(&bench.lock, DOOR_OPEN, &now) == 0);
  CHECK("closed", lock_door(&bench.lock, DOOR_CLOSED, &now) == 1);
  CHECK("closed", bench.latch == LATCH_LOCKED);
}

static void a_repeated_unlock_does_not_prolong_the_time(void) {
  struct bench bench;
  struct moment now = sample_moment(12);
  bench_start(&bench);
  bench.settings.relock_ms = 10000;
  (void) boot(&bench);
  (void) give(&bench, ACTION_LOCK, 10, 1);
  (void) give(&bench, ACTION_UNLOCK, 11, 2);
  CHECK("again", give(&bench, ACTION_UNLOCK, 11, 8) == OUTCOME_REPEATED);
  CHECK("in time", lock_tick(&bench.lock, &now) == 1);
}

static void a_malformed_command_is_counted_and_touches_nothing(void) {
  struct bench bench;
  bench_ready(&bench);
  CHECK("open", give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED);
  lock_malformed(&bench.lock);
  lock_malformed(&bench.lock);
  CHECK("counted", bench.lock.refusals == 2);
  CHECK("untouched", bench.latch == LATCH_UNLOCKED);
  CHECK("said", bench.lock.refusal == REFUSAL_MALFORMED);
  CHECK("no id", bench.lock.refused_id[0] == '\0');
}

static void a_refusal_holds_the_whole_id_and_a_malformed_command_none(void) {
  struct bench bench;
  struct command c = sample_command(ACTION_UNLOCK, 1);
  struct moment now = sample_moment(2);
  bench_ready(&bench);
  memset(c.id, 'a', COMMAND_ID_CHARS_MAX);
  c.id[COMMAND_ID_CHARS_MAX] = '\0';
  CHECK("old", lock_command(&bench.lock, &c, &now) == OUTCOME_REFUSED);
  CHECK("whole id", strcmp(bench.lock.refused_id, c.id) == 0);
  lock_malformed(&bench.lock);
  CHECK("no id", bench.lock.refused_id[0] == '\0');
}

void lock_tests(void) {
  RUN(versions_decide_what_acts);
  RUN(a_version_belongs_to_one_command);
  RUN(an_unlock_acts_only_inside_its_time);
  RUN(an_expired_unlock_burns_its_version_and_locks);
  RUN(without_a_believable_clock_only_locks_act);
  RUN(a_blank_journal_refuses_unlocks_until_a_lock_is_written);
  RUN(an_unwritable_journal_refuses_unlocks_and_performs_locks);
  RUN(the_journal_is_written_before_the_latch_opens);
  RUN(a_power_cut_at_any_byte_never_opens_twice);
  RUN(power_on_is_the_declared_state);
  RUN(it_relocks_by_itself);
  RUN(closing_the_door_relocks_at_once_when_it_was_waited_for);
  RUN(a_repeated_unlock_does_not_prolong_the_time);
  RUN(a_malformed_command_is_counted_and_touches_nothing);
  RUN(a_refusal_holds_the_whole_id_and_a_malformed_command_none);
}
