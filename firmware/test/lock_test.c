/*! Tests of core/lock.h: the device rules D1 to D4 as tables. */
#include <string.h>

#include "bench.h"
#include "check.h"
#include "status.h"
#include "vectors_types.h"

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
      {"a day ahead of the clock", ACTION_UNLOCK,
       NOW_S * 1000 + 2000 + LOCK_VERSION_AHEAD_MS, OUTCOME_EXECUTED,
       REFUSAL_NONE, LATCH_UNLOCKED, 1},
      {"and one more", ACTION_LOCK, NOW_S * 1000 + 2001 + LOCK_VERSION_AHEAD_MS,
       OUTCOME_REFUSED, REFUSAL_IMPLAUSIBLE, LATCH_UNLOCKED, 0},
      {"the end of versions", ACTION_UNLOCK, (UINT64_C(1) << 53) - 1,
       OUTCOME_REFUSED, REFUSAL_IMPLAUSIBLE, LATCH_UNLOCKED, 0},
  };
  struct bench bench;
  size_t i;
  bench_ready(&bench);
  for (i = 0; i < COUNT_OF(rows); i++) {
    int before = bench.moves;
    enum outcome outcome =
        bench_give(&bench, rows[i].action, rows[i].version, 2);
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
  CHECK("other id",
        lock_handle_command(&bench.lock, &c, &now) == OUTCOME_REFUSED);
  CHECK("other id", bench.lock.refusal == REFUSAL_CONFLICT);
  CHECK("other id", strcmp(bench.lock.refused_id, "other") == 0);
  CHECK("other id", bench.latch == LATCH_LOCKED);
}

static void an_unlock_acts_only_inside_its_time(void) {
  static const struct {
    const char *row;
    int64_t offset_ms; /* From issuedAt to now; expiresAt is 30000 later. */
    enum outcome outcome;
    enum refusal refusal;
  } rows[] = {
      {"fresh", 0, OUTCOME_EXECUTED, REFUSAL_NONE},
      {"device clock behind, inside tolerance", -2000, OUTCOME_EXECUTED,
       REFUSAL_NONE},
      {"device clock behind, outside", -2001, OUTCOME_REFUSED, REFUSAL_CLOCK},
      {"the last moment", 30000, OUTCOME_EXECUTED, REFUSAL_NONE},
      {"one past it", 30001, OUTCOME_EXPIRED, REFUSAL_NONE},
      {"an hour late", 3600000, OUTCOME_EXPIRED, REFUSAL_NONE},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct bench bench;
    struct command c = sample_command(ACTION_UNLOCK, 11);
    struct moment now = sample_moment(2);
    bench_ready(&bench);
    now.latest_ms = (uint64_t) ((int64_t) (NOW_S * 1000) + rows[i].offset_ms);
    /* The earliest bound must not matter. */
    now.earliest_ms = 1;
    CHECK(rows[i].row,
          lock_handle_command(&bench.lock, &c, &now) == rows[i].outcome);
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
  CHECK("open", bench_give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED);
  CHECK("late", bench_give(&bench, ACTION_UNLOCK, 12, 60) == OUTCOME_EXPIRED);
  CHECK("late", bench.latch == LATCH_LOCKED);
  CHECK("late", bench.lock.journal.entry.result == RESULT_EXPIRED);
  CHECK("again", bench_give(&bench, ACTION_UNLOCK, 12, 2) == OUTCOME_REPEATED);
  CHECK("again", bench.latch == LATCH_LOCKED);
}

static void without_the_time_only_locks_act(void) {
  struct bench bench;
  struct command c = sample_command(ACTION_UNLOCK, 11);
  struct moment now = sample_moment(0);
  bench_ready(&bench);
  now.earliest_ms = now.latest_ms = 0;
  CHECK("unlock",
        lock_handle_command(&bench.lock, &c, &now) == OUTCOME_REFUSED);
  CHECK("unlock", bench.lock.refusal == REFUSAL_CLOCK);
  CHECK("not burned", bench.lock.journal.entry.version == 10);
  c = sample_command(ACTION_LOCK, (uint64_t) 1 << 52);
  CHECK("lock", lock_handle_command(&bench.lock, &c, &now) == OUTCOME_EXECUTED);
  CHECK("lock", bench.lock.refusal == REFUSAL_NONE);
}

/* Commands after a power-on with a blank journal, 5 s before NOW_S. */
static void a_lost_journal_refuses_what_may_have_acted_before(void) {
  static const struct {
    const char *row;
    int64_t lock_ago_s, unlock_ago_s; /* Before NOW_S. */
    enum outcome outcome;
  } rows[] = {
      {"an older lock and a late unlock", 10, 9, OUTCOME_REFUSED},
      {"a lock since, a late unlock", 0, 9, OUTCOME_EXECUTED},
      {"an older lock, an unlock since", 10, 0, OUTCOME_EXECUTED},
      {"the lock inside the tolerance", 3, 9, OUTCOME_REFUSED},
      {"both since", 1, 0, OUTCOME_EXECUTED},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct bench bench;
    struct moment now = sample_moment(0);
    struct command c = sample_command(ACTION_LOCK, 11);
    bench_start(&bench);
    (void) bench_boot(&bench);
    now.uptime_ms = 5000;
    c.issued_s -= (uint64_t) rows[i].lock_ago_s;
    CHECK(rows[i].row,
          lock_handle_command(&bench.lock, &c, &now) == OUTCOME_EXECUTED);
    c = sample_command(ACTION_UNLOCK, 12);
    c.issued_s -= (uint64_t) rows[i].unlock_ago_s;
    CHECK(rows[i].row,
          lock_handle_command(&bench.lock, &c, &now) == rows[i].outcome);
    CHECK(rows[i].row, rows[i].outcome == OUTCOME_EXECUTED ||
                           bench.lock.refusal == REFUSAL_JOURNAL);
    if (rows[i].outcome == OUTCOME_EXECUTED) continue;
    /* A restart changes nothing: the entry records the loss. */
    (void) bench_boot(&bench);
    CHECK(rows[i].row,
          lock_handle_command(&bench.lock, &c, &now) == OUTCOME_REFUSED);
    CHECK(rows[i].row, bench.latch == LATCH_LOCKED);
  }
}

static void a_blank_journal_refuses_unlocks_until_a_lock_is_written(void) {
  struct bench bench;
  bench_start(&bench);
  (void) bench_boot(&bench);
  CHECK("blank", bench_give(&bench, ACTION_UNLOCK, 5, 1) == OUTCOME_REFUSED);
  CHECK("blank", bench.lock.refusal == REFUSAL_JOURNAL);
  CHECK("blank", bench.latch == LATCH_LOCKED);
  CHECK("lock", bench_give(&bench, ACTION_LOCK, 6, 1) == OUTCOME_EXECUTED);
  CHECK("then", bench_give(&bench, ACTION_UNLOCK, 7, 1) == OUTCOME_EXECUTED);
}

static void an_unwritable_journal_refuses_unlocks_and_executes_locks(void) {
  struct bench bench;
  bench_ready(&bench);
  CHECK("open", bench_give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED);
  bench.sim.writes_fail = 1;
  CHECK("lock", bench_give(&bench, ACTION_LOCK, 13, 2) == OUTCOME_REFUSED);
  CHECK("lock", bench.lock.refusal == REFUSAL_JOURNAL);
  CHECK("lock", bench.latch == LATCH_LOCKED);
  CHECK("unlock", bench_give(&bench, ACTION_UNLOCK, 14, 2) == OUTCOME_REFUSED);
  CHECK("unlock", bench.latch == LATCH_LOCKED);
  bench.sim.writes_fail = 0;
  CHECK("older", bench_give(&bench, ACTION_UNLOCK, 12, 2) == OUTCOME_REFUSED);
  CHECK("older", bench.lock.refusal == REFUSAL_SUPERSEDED);
  CHECK("same", bench_give(&bench, ACTION_UNLOCK, 13, 2) == OUTCOME_REFUSED);
  CHECK("same", bench.lock.refusal == REFUSAL_CONFLICT);
  CHECK("latch", bench.latch == LATCH_LOCKED);
  CHECK("again", bench_give(&bench, ACTION_LOCK, 13, 2) == OUTCOME_EXECUTED);
  CHECK("newer", bench_give(&bench, ACTION_UNLOCK, 15, 2) == OUTCOME_EXECUTED);
}

static void the_journal_is_written_before_the_latch_opens(void) {
  struct bench bench;
  bench_ready(&bench);
  CHECK("open", bench_give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED);
  CHECK("order", bench.journalled_at_unlock == 11);
}

/* The power-cut matrix: cut after every byte written or erased. */
static void a_power_cut_at_any_byte_never_opens_twice(void) {
  long cut;
  int opened = 1;
  for (cut = 0; opened || cut < 100; cut++) {
    struct bench bench;
    int acted;
    bench_ready(&bench);
    bench.sim.steps_left = cut;
    acted = bench_give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED;
    opened = !acted;
    flash_sim_power(&bench.sim);
    CHECK("no journal, no movement", acted || bench.latch == LATCH_LOCKED);
    (void) bench_boot(&bench);
    CHECK("locked after boot", bench.latch == LATCH_LOCKED);
    if (acted) {
      CHECK("again",
            bench_give(&bench, ACTION_UNLOCK, 11, 3) == OUTCOME_REPEATED);
      CHECK("again", bench.latch == LATCH_LOCKED);
    }
    CHECK("older", bench_give(&bench, ACTION_UNLOCK, 9, 3) == OUTCOME_REFUSED);
    CHECK("still works",
          bench_give(&bench, ACTION_LOCK, 12, 3) == OUTCOME_EXECUTED);
    CHECK("still works",
          bench_give(&bench, ACTION_UNLOCK, 13, 3) == OUTCOME_EXECUTED);
    if (cut > 2000) {
      CHECK("the matrix ends", 0);
      break;
    }
  }
}

static void power_on_is_the_declared_state(void) {
  struct bench bench;
  bench_start(&bench);
  (void) bench_boot(&bench);
  CHECK("fail-secure", bench.latch == LATCH_LOCKED && bench.moves == 1);
  CHECK("fail-secure", bench.lock.source == SOURCE_BOOT);
  bench_start(&bench);
  bench.settings.power_on = LATCH_UNLOCKED;
  bench.settings.relock_ms = 5000;
  (void) bench_boot(&bench);
  CHECK("fail-safe", bench.latch == LATCH_UNLOCKED);
  CHECK("fail-safe", lock_due_ms(&bench.lock) == SAMPLE_UPTIME_MS + 5000);
}

static void a_malformed_command_is_counted_and_touches_nothing(void) {
  struct bench bench;
  bench_ready(&bench);
  CHECK("open", bench_give(&bench, ACTION_UNLOCK, 11, 2) == OUTCOME_EXECUTED);
  lock_refuse_malformed(&bench.lock);
  lock_refuse_malformed(&bench.lock);
  CHECK("counted", bench.lock.refusals == 2);
  CHECK("untouched", bench.latch == LATCH_UNLOCKED);
  CHECK("said", bench.lock.refusal == REFUSAL_MALFORMED);
  CHECK("no id", bench.lock.refused_id[0] == '\0');
}

void lock_tests(void) {
  RUN(versions_decide_what_acts);
  RUN(a_version_belongs_to_one_command);
  RUN(an_unlock_acts_only_inside_its_time);
  RUN(an_expired_unlock_burns_its_version_and_locks);
  RUN(without_the_time_only_locks_act);
  RUN(a_lost_journal_refuses_what_may_have_acted_before);
  RUN(a_blank_journal_refuses_unlocks_until_a_lock_is_written);
  RUN(an_unwritable_journal_refuses_unlocks_and_executes_locks);
  RUN(the_journal_is_written_before_the_latch_opens);
  RUN(a_power_cut_at_any_byte_never_opens_twice);
  RUN(power_on_is_the_declared_state);
  RUN(a_malformed_command_is_counted_and_touches_nothing);
}
