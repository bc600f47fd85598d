/*! Random walks of a lock whose network an attacker controls, who delays,
 * repeats and reorders whole messages, but cannot forge any.
 * The true time always lies between the bounds, and no unlock acts after its
 * expiry by the true time (D3, S1). */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "flash_sim.h"
#include "lock.h"
#include "reporter.h"
#include "roll.h"
#include "status.h"

#define WALKS 150
#define STEPS 200
#define HELD_MAX 12
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define EPOCH_NS (INT64_C(1763779520) * NS_PER_S)

struct walk {
  uint32_t seed;
  int64_t true_ns;
  uint64_t uptime_ms;
  struct clock clock;
  struct reporter reporter;
  struct shadow_answer held[HELD_MAX]; /* `second` 0: not yet at the server. */
  int held_count;
  struct flash_sim sim;
  struct lock lock;
  struct command issued[HELD_MAX]; /* The cloud's newest commands. */
  uint64_t version;                /* Of the newest. */
  uint64_t shadow_version;
  const struct command *acting;
  unsigned opened, refused, known;
  char row[32];
};

static void move(void *context, enum latch latch) {
  struct walk *walk = context;
  if (latch == LATCH_LOCKED) return;
  walk->opened++;
  CHECK(walk->row, walk->acting != NULL);
  if (walk->acting == NULL) return;
  CHECK(walk->row,
        walk->true_ns <= (int64_t) walk->acting->expires_s * NS_PER_S);
}

static struct moment read_clock(const struct walk *walk) {
  struct moment now;
  clock_read(&walk->clock, walk->uptime_ms, &now);
  return now;
}

static void boot(struct walk *walk, uint32_t boots) {
  static const struct lock_settings settings = {
      LATCH_LOCKED, 0, 0, 2000, 0, RELOCK_FROM_UNLOCK};
  struct latch_port port;
  struct moment now;
  port.move = move;
  port.context = walk;
  walk->uptime_ms = 0;
  memset(&walk->clock, 0, sizeof(walk->clock));
  now = read_clock(walk);
  reporter_start(&walk->reporter, boots, 900000);
  reporter_set_connected(&walk->reporter, 1);
  (void) lock_boot(&walk->lock, &settings, &port, &walk->sim.flash, &now);
}

/* Uptime runs up to 100 ppm fast or slow, at a new rate each time. */
static void pass(struct walk *walk) {
  static const uint32_t most_ms[] = {1, 50, 1500, 20000, 30000000};
  uint32_t how = roll(&walk->seed, 20) == 0 ? 4 : roll(&walk->seed, 4);
  uint64_t ms = roll(&walk->seed, most_ms[how] + 1);
  int64_t ppm = (int64_t) roll(&walk->seed, 3) * 100 - 100;
  walk->uptime_ms += ms;
  walk->true_ns += (int64_t) ms * (NS_PER_MS + ppm);
}

static void send(struct walk *walk) {
  struct moment now = read_clock(walk);
  struct shadow_answer *held = &walk->held[walk->held_count % HELD_MAX];
  uint32_t number =
      reporter_begin_update(&walk->reporter, &now, roll(&walk->seed, 1000));
  walk->held_count++;
  memset(held, 0, sizeof(*held));
  held->topic = SHADOW_UPDATE_ACCEPTED;
  held->is_readable = held->changes_reported = 1;
  held->boot_count = walk->reporter.boot_count;
  held->number = number;
}

/* Prefers the newest. */
static int pick(struct walk *walk, int count) {
  int back = roll(&walk->seed, 2) == 0 ? 0 : (int) roll(&walk->seed, HELD_MAX);
  return back < count ? (count - 1 - back) % HELD_MAX : -1;
}

/* The server takes an update, once; or an answer arrives, possibly repeated. */
static void release(struct walk *walk) {
  int index = pick(walk, walk->held_count);
  struct shadow_answer *held = &walk->held[index < 0 ? 0 : index];
  struct moment now = read_clock(walk);
  if (index < 0) return;
  if (held->second == 0) {
    held->second = (uint64_t) (walk->true_ns / NS_PER_S);
    held->version = ++walk->shadow_version;
    return;
  }
  (void) reporter_set_clock(&walk->reporter, held, &now, &walk->clock);
  (void) reporter_take_answer(&walk->reporter, held, &now);
}

/* The cloud issues an unlock for 30 s, or a lock, which arrives at once. */
static void issue(struct walk *walk, enum action action) {
  struct command *c = &walk->issued[++walk->version % HELD_MAX];
  struct moment now = read_clock(walk);
  memset(c, 0, sizeof(*c));
  c->version = walk->version;
  c->action = action;
  c->issued_s = (uint64_t) (walk->true_ns / NS_PER_S);
  c->expires_s = c->issued_s + 30;
  (void) snprintf(c->id, sizeof(c->id), "c-%u", (unsigned) c->version);
  if (action == ACTION_LOCK) (void) lock_handle_command(&walk->lock, c, &now);
}

static void deliver(struct walk *walk) {
  uint32_t back = roll(&walk->seed, 3);
  const struct command *c = &walk->issued[(walk->version - back) % HELD_MAX];
  struct moment now = read_clock(walk);
  if (walk->version < back || c->version == 0) return;
  walk->acting = c;
  if (lock_handle_command(&walk->lock, c, &now) != OUTCOME_EXECUTED)
    walk->refused++;
  walk->acting = NULL;
}

static void step(struct walk *walk) {
  struct moment now;
  switch (roll(&walk->seed, 16)) {
    case 0:
      if (roll(&walk->seed, 6) == 0) boot(walk, walk->reporter.boot_count + 1);
      break;
    case 1:
    case 2:
    case 3:
      send(walk);
      break;
    case 4:
    case 5:
    case 6:
    case 7:
      release(walk);
      break;
    case 8:
      issue(walk, roll(&walk->seed, 8) == 0 ? ACTION_LOCK : ACTION_UNLOCK);
      break;
    case 9:
    case 10:
      deliver(walk);
      break;
    default:
      pass(walk);
      break;
  }
  now = read_clock(walk);
  if (!moment_has_time(&now)) return;
  walk->known++;
  CHECK(walk->row, (int64_t) now.earliest_ms * NS_PER_MS <= walk->true_ns);
  CHECK(walk->row, (int64_t) now.latest_ms * NS_PER_MS >= walk->true_ns);
}

static void no_attacker_makes_a_device_believe_a_wrong_time(void) {
  unsigned opened = 0, refused = 0, known = 0;
  uint32_t seed, i;
  for (seed = 1; seed <= WALKS; seed++) {
    struct walk walk;
    memset(&walk, 0, sizeof(walk));
    walk.seed = seed * 2654435761u;
    (void) snprintf(walk.row, sizeof(walk.row), "seed %u", (unsigned) seed);
    walk.true_ns = EPOCH_NS + (int64_t) roll(&walk.seed, 1000000u) * 999;
    flash_sim_start(&walk.sim);
    boot(&walk, 1);
    issue(&walk, ACTION_LOCK);
    for (i = 0; i < STEPS; i++) step(&walk);
    opened += walk.opened;
    refused += walk.refused;
    known += walk.known;
  }
  /* Walks in which nothing gets through would prove nothing. */
  CHECK("unlocks are executed", opened > WALKS);
  CHECK("and refused", refused > WALKS);
  CHECK("the time is known, and at times not",
        known > WALKS * STEPS / 4 && known < WALKS * STEPS);
}

void clock_walk_tests(void) {
  RUN(no_attacker_makes_a_device_believe_a_wrong_time);
}
