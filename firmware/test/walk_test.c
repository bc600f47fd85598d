/*! Random walks of a lock: new, old, repeated, late and future commands, power
 * cuts, failing flash, a clock that comes and goes. After every step the
 * invariants of PROTOCOL section 6 that concern a device must hold. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "flash_sim.h"
#include "lock.h"
#include "roll.h"
#include "status.h"

#define WALKS 400
#define STEPS 150
#define VERSIONS 64
#define EPOCH_S UINT64_C(1763779520)

struct walk {
  uint32_t seed;
  struct flash_sim sim;
  struct lock lock;
  struct moment now;
  struct command issued[VERSIONS]; /* The cloud's commands, by version. */
  int opened[VERSIONS];            /* How often each version unlocked. */
  uint64_t highest_journalled;     /* Highest version in the journal. */
  uint64_t highest_since_boot;     /* Includes locks not journalled. */
  uint64_t acting;                 /* Version being handled, 0 = none. */
  enum latch latch;
  uint64_t true_ms;  /* The time of day; the device knows bounds of it. */
  uint64_t ahead_ms; /* Lead of its latest possible time. */
  int has_time;
  char row[48]; /* Names the walk in a failed check. */
};

static void move(void *context, enum latch latch) {
  struct walk *walk = context;
  walk->latch = latch;
  if (latch == LATCH_UNLOCKED) {
    const struct command *c = &walk->issued[walk->acting];
    CHECK(walk->row, walk->acting != 0);
    CHECK(walk->row, c->action == ACTION_UNLOCK);
    CHECK(walk->row, ++walk->opened[walk->acting] == 1);       /* S2 */
    CHECK(walk->row, walk->acting > walk->highest_journalled); /* S1 */
    CHECK(walk->row, walk->acting > walk->highest_since_boot); /* S1 */
    CHECK(walk->row, walk->true_ms <= c->expires_s * 1000);    /* S1 */
    CHECK(walk->row, walk->has_time);                          /* D3 */
  }
  if (walk->acting > walk->highest_since_boot) {
    walk->highest_since_boot = walk->acting;
  }
}

static void set_bounds(struct walk *walk) {
  walk->now.earliest_ms = walk->has_time ? walk->true_ms - 500 : 0;
  walk->now.latest_ms = walk->has_time ? walk->true_ms + walk->ahead_ms : 0;
}

static void boot(struct walk *walk) {
  static const struct lock_settings settings = {
      LATCH_LOCKED, 0, 0, 2000, 0, RELOCK_FROM_UNLOCK};
  struct latch_port port;
  port.move = move;
  port.context = walk;
  walk->acting = 0;
  walk->highest_since_boot = 0;
  walk->has_time = (int) roll(&walk->seed, 2);
  walk->now.uptime_ms = 1;
  set_bounds(walk);
  (void) lock_boot(&walk->lock, &settings, &port, &walk->sim.flash, &walk->now);
  CHECK(walk->row, walk->latch == LATCH_LOCKED); /* S6 */
}

static void start(struct walk *walk, uint32_t seed) {
  uint64_t version;
  memset(walk, 0, sizeof(*walk));
  walk->seed = seed;
  (void) snprintf(walk->row, sizeof(walk->row), "seed %u", (unsigned) seed);
  flash_sim_start(&walk->sim);
  walk->true_ms = EPOCH_S * 1000;
  walk->ahead_ms = roll(&walk->seed, 2001);
  for (version = 1; version < VERSIONS; version++) {
    struct command *c = &walk->issued[version];
    c->version = version;
    c->action = roll(&walk->seed, 3) == 0 ? ACTION_LOCK : ACTION_UNLOCK;
    c->issued_s = EPOCH_S + version * 3;
    c->expires_s = c->action == ACTION_UNLOCK ? c->issued_s + 30 : 0;
    (void) snprintf(c->id, sizeof(c->id), "c-%u", (unsigned) version);
  }
  boot(walk);
  walk->acting = 1;
  walk->issued[1].action = ACTION_LOCK;
  (void) lock_handle_command(&walk->lock, &walk->issued[1], &walk->now);
  walk->highest_journalled = 1;
}

/* Delivers a command, during which power may fail. The latch must agree with
 * flash afterwards: an unlock that is not journalled could repeat. A lock
 * executed without a journal is forgotten at the next boot (D1). */
static void deliver(struct walk *walk) {
  uint32_t *seed = &walk->seed;
  /* The newest command that the cloud has issued, or an older one; occasionally
   * one from a cloud whose clock is ahead. */
  uint64_t newest = 1 + (walk->true_ms / 1000 - EPOCH_S) / 3;
  uint64_t version = newest + (roll(seed, 20) == 0 ? roll(seed, 3) : 0);
  enum latch before = walk->latch;
  enum outcome outcome;
  if (roll(seed, 2) == 0) version = 1 + roll(seed, (uint32_t) newest);
  if (version >= VERSIONS) version = VERSIONS - 1;
  if (roll(seed, 8) == 0) walk->sim.steps_left = (long) roll(seed, 260);
  walk->acting = version;
  outcome =
      lock_handle_command(&walk->lock, &walk->issued[version], &walk->now);
  walk->acting = 0;
  if (outcome == OUTCOME_REPEATED) CHECK(walk->row, walk->latch == before);
  if (outcome == OUTCOME_EXECUTED || outcome == OUTCOME_EXPIRED) {
    CHECK(walk->row, walk->lock.journal.entry.version == version);
    CHECK(walk->row, version > walk->highest_journalled); /* S3 */
    walk->highest_journalled = version;
  }
  CHECK(walk->row, walk->latch == walk->lock.latch);
  if (walk->sim.steps_left == 0) {
    flash_sim_power(&walk->sim);
    boot(walk);
  }
  flash_sim_power(&walk->sim);
}

static void step(struct walk *walk) {
  switch (roll(&walk->seed, 10)) {
    case 0:
      boot(walk);
      break;
    case 1:
      walk->sim.writes_fail = roll(&walk->seed, 4) == 0;
      break;
    case 2:
      lock_refuse_malformed(&walk->lock);
      break;
    case 3:
    case 4: {
      uint32_t ms = roll(&walk->seed, 9000);
      walk->now.uptime_ms += ms;
      walk->true_ms += ms;
      set_bounds(walk);
      (void) lock_tick(&walk->lock, &walk->now);
      break;
    }
    case 5:
      walk->has_time = 1;
      set_bounds(walk);
      break;
    default:
      deliver(walk);
      break;
  }
}

static void no_walk_breaks_an_invariant(void) {
  uint32_t seed, i, opened = 0;
  int version;
  for (seed = 1; seed <= WALKS; seed++) {
    struct walk walk;
    start(&walk, seed * 2654435761u);
    for (i = 0; i < STEPS; i++) step(&walk);
    for (version = 0; version < VERSIONS; version++) {
      opened += (uint32_t) walk.opened[version];
    }
  }
  /* Walks that never open the door would prove nothing. */
  CHECK("walks open the latch", opened > WALKS);
}

void walk_tests(void) { RUN(no_walk_breaks_an_invariant); }
