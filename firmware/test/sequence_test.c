/*! Tests of core/sequence.h: a number that only grows, or none. */
#include "sequence.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "flash_sim.h"
#include "roll.h"
#include "sample.h"
#include "status.h"
#include "vectors_types.h"

#define NONE UINT64_C(0)

static const struct moment no_time = {5000, 0, 0};

/* The time is known within two seconds. */
static struct moment at_s(uint64_t second) {
  struct moment now;
  now.uptime_ms = 5000;
  now.earliest_ms = second * 1000;
  now.latest_ms = now.earliest_ms + 2000;
  return now;
}

/* The next number; NONE if none is issued. */
static uint64_t next(struct sequence *sequence, const struct moment *now,
                     int status) {
  uint64_t number = 77;
  CHECK("status", sequence_next(sequence, now, &number) == status);
  return number;
}

static uint64_t next_at(struct sequence *sequence, uint64_t second) {
  struct moment now = at_s(second);
  return next(sequence, &now, CORE_OK);
}

static void start(struct sequence *sequence, struct flash_sim *sim) {
  flash_sim_start(sim);
  sequence_load(sequence, &sim->flash);
}

static void a_new_button_has_no_number_until_it_knows_the_time(void) {
  struct flash_sim sim;
  struct sequence sequence;
  int i;
  start(&sequence, &sim);
  for (i = 0; i < 5; i++) {
    CHECK("no time", next(&sequence, &no_time, CORE_OK) == NONE);
  }
  CHECK("nothing is written", sim.steps == 0);
  sequence_load(&sequence, &sim.flash);
  CHECK("restarted", next(&sequence, &no_time, CORE_OK) == NONE);
  CHECK("lifted", next_at(&sequence, NOW_S) == NOW_S + 1);
  CHECK("counted", next_at(&sequence, NOW_S + 900) == NOW_S + 2);
  CHECK("the time is lost", next(&sequence, &no_time, CORE_OK) == NOW_S + 3);
  sequence_load(&sequence, &sim.flash);
  CHECK("restarted", next(&sequence, &no_time, CORE_OK) == NOW_S + 4);
}

/* Older buttons counted from 1; the time lifts their sequence too. */
static void a_sequence_never_lifted_is_lifted_once(void) {
  struct flash_sim sim;
  struct sequence sequence;
  uint64_t number = 0;
  int i;
  flash_sim_start(&sim);
  sequence_load(&sequence, &sim.flash);
  for (i = 0; i < 3; i++) {
    CHECK("older button",
          counter_next(&sequence.counter, 0, &number) == CORE_OK);
  }
  sequence_load(&sequence, &sim.flash);
  CHECK("guaranteed", next(&sequence, &no_time, CORE_OK) == 4);
  CHECK("lifted", next_at(&sequence, NOW_S) == NOW_S + 1);
  CHECK("not again", next_at(&sequence, NOW_S + 5000) == NOW_S + 2);
}

/* Flash reads as blank, or as an older value. */
static void lost_flash_never_decreases_the_sequence(void) {
  static const struct {
    const char *row;
    int erased, unreadable_slot;
  } rows[] = {{"erased", 1, -1},
              {"unreadable", 0, FLASH_SIM_BOTH},
              {"slot 0 unreadable", 0, 0},
              {"slot 1 unreadable", 0, 1}};
  size_t i;
  int presses, press;
  for (i = 0; i < COUNT_OF(rows); i++) {
    for (presses = 1; presses <= 3; presses++) {
      struct flash_sim sim;
      struct sequence sequence;
      uint64_t last = NONE, second = NOW_S;
      start(&sequence, &sim);
      for (press = 0; press < presses; press++) {
        last = next_at(&sequence, second++);
      }
      if (rows[i].erased) memset(sim.slots, 0xff, sizeof(sim.slots));
      sim.reads_fail_slot = rows[i].unreadable_slot;
      sequence_load(&sequence, &sim.flash);
      sim.reads_fail_slot = -1;
      CHECK(rows[i].row, next(&sequence, &no_time, CORE_OK) == NONE);
      CHECK(rows[i].row, next_at(&sequence, second) > last);
    }
  }
}

static void failing_flash_issues_no_number(void) {
  struct flash_sim sim;
  struct sequence sequence;
  struct moment now = at_s(NOW_S);
  start(&sequence, &sim);
  sim.writes_fail = 1;
  CHECK("new", next(&sequence, &now, CORE_EIO) == NONE);
  sim.writes_fail = 0;
  CHECK("still new", next(&sequence, &no_time, CORE_OK) == NONE);
  CHECK("lifted", next(&sequence, &now, CORE_OK) == NOW_S + 1);
  sim.writes_fail = 1;
  CHECK("fails", next(&sequence, &now, CORE_EIO) == NONE);
  sim.writes_fail = 0;
  sim.drops_writes = 1;
  CHECK("nothing lands", next(&sequence, &now, CORE_EIO) == NONE);
  sim.drops_writes = 0;
  CHECK("no gap", next(&sequence, &no_time, CORE_OK) == NOW_S + 2);
}

/* Presses, restarts, power cuts, failing and erased flash, and a time
 * that is not always known, nor equally well. The time, which advances by at
 * least a second per press, lifts an erased button. */
static void the_numbers_grow_whatever_happens(void) {
  unsigned given = 0, refused = 0, unvouched = 0;
  uint32_t seed, i;
  for (seed = 1; seed <= 60; seed++) {
    uint32_t rolls = seed * 2654435761u;
    struct flash_sim sim;
    struct sequence sequence;
    uint64_t last = NONE, second = NOW_S, number;
    char row[32];
    (void) snprintf(row, sizeof(row), "seed %u", (unsigned) seed);
    start(&sequence, &sim);
    for (i = 0; i < 200; i++) {
      struct moment now = at_s(second - roll(&rolls, 2));
      uint32_t what = roll(&rolls, 20);
      second += 2 + roll(&rolls, 5);
      if (what < 2) sequence_load(&sequence, &sim.flash);
      if (what == 2) {
        memset(sim.slots, 0xff, sizeof(sim.slots));
        sequence_load(&sequence, &sim.flash);
      }
      if (what == 3) sim.steps_left = (long) roll(&rolls, 200);
      sim.writes_fail = what == 4;
      number = 77;
      if (sequence_next(&sequence, what % 2 ? &now : &no_time, &number) !=
          CORE_OK) {
        CHECK(row, number == NONE);
        refused++;
      } else if (number == NONE) {
        unvouched++;
      } else {
        CHECK(row, number > last);
        last = number;
        given++;
      }
      if (sim.steps_left == 0) {
        flash_sim_power(&sim);
        sequence_load(&sequence, &sim.flash);
      }
      flash_sim_power(&sim);
    }
  }
  CHECK("all three happen", given > 6000 && refused > 300 && unvouched > 300);
}

void sequence_tests(void) {
  RUN(a_new_button_has_no_number_until_it_knows_the_time);
  RUN(a_sequence_never_lifted_is_lifted_once);
  RUN(lost_flash_never_decreases_the_sequence);
  RUN(failing_flash_issues_no_number);
  RUN(the_numbers_grow_whatever_happens);
}
