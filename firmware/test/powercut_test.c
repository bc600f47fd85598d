/*! The power-cut matrix (PROTOCOL D1 to D4): each kind of command, on each
 * journal, with each declared state, and power cut after every byte of flash
 * and around every movement of the latch; then everything is delivered again.
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "flash_sim.h"
#include "lock.h"
#include "status.h"
#include "vectors_types.h"

#define NOW_S UINT64_C(1763779520)
#define OLD 5u
#define PRIOR 10u
#define NEW 20u

/* Power cuts of the whole matrix, so that it cannot shrink unnoticed. */
#define CUTS_EXPECTED 25104u

/* The journal before the command arrives. */
enum prior { BLANK, SLOT_0, SLOT_1, OPENED, BURNED, TORN, PRIORS };

/* The command during which power fails. */
enum kind {
  LOCK_NEW,
  UNLOCK_NEW,
  UNLOCK_LATE,
  UNLOCK_CLOCKLESS,
  LOCK_AGAIN,
  UNLOCK_AGAIN,
  LOCK_OLD,
  UNLOCK_OLD,
  RELOCK,
  KINDS
};

/* The clock after the cut. */
enum after { IN_TIME, TOO_LATE, CLOCKLESS, AFTERS };

struct bench {
  struct flash_sim sim;
  struct lock lock;
  struct lock_settings settings;
  uint64_t acting; /* Version being handled; 0 = none. */
  enum latch latch;
  int opened;         /* How often NEW opened the latch. */
  int opened_wrongly; /* By another command, or not journalled. */
  char row[64];
};

static unsigned s_cuts;

static struct moment moment_of(uint64_t uptime_s, int synced) {
  struct moment now;
  /* Powered for long: every command is newer than the journal's loss.
   */
  now.uptime_ms = (1000 + uptime_s) * 1000;
  now.earliest_ms = now.latest_ms = synced ? (NOW_S + uptime_s) * 1000 : 0;
  return now;
}

/* A movement takes power, as a byte of flash does; without power it does not
 * happen. */
static void move(void *context, enum latch latch) {
  struct bench *bench = context;
  struct flash_sim *sim = &bench->sim;
  if (sim->steps_left == 0) return;
  if (latch == LATCH_UNLOCKED && bench->acting != 0) {
    struct journal journal;
    int status = journal_load(&journal, &sim->flash);
    if (bench->acting == NEW) bench->opened++;
    if (status != CORE_OK || journal.entry.version != bench->acting ||
        journal.entry.action != ACTION_UNLOCK) {
      bench->opened_wrongly++;
    }
  }
  bench->latch = latch;
  sim->steps++;
  if (sim->steps_left > 0) sim->steps_left--;
}

static int boot(struct bench *bench, uint64_t uptime_s) {
  struct latch_port port;
  struct moment now = moment_of(uptime_s, 0);
  port.move = move;
  port.context = bench;
  bench->acting = 0;
  flash_sim_power(&bench->sim);
  return lock_boot(&bench->lock, &bench->settings, &port, &bench->sim.flash,
                   &now);
}

static struct command command_of(enum action action, uint64_t version) {
  struct command c;
  memset(&c, 0, sizeof(c));
  c.action = action;
  c.version = version;
  c.issued_s = NOW_S;
  c.expires_s = action == ACTION_UNLOCK ? NOW_S + 30 : 0;
  strcpy(c.id, "c-");
  c.id[2] = (char) ('a' + version);
  c.id[3] = action == ACTION_UNLOCK ? 'u' : 'l';
  return c;
}

static enum outcome give(struct bench *bench, enum action action,
                         uint64_t version, const struct moment *now) {
  struct command c = command_of(action, version);
  enum outcome outcome;
  bench->acting = version;
  outcome = lock_handle_command(&bench->lock, &c, now);
  bench->acting = 0;
  return outcome;
}

/* Journals version PRIOR as `prior` demands. */
static void prepare(struct bench *bench, enum prior prior,
                    enum latch power_on) {
  struct moment now = moment_of(1, 1), late = moment_of(60, 1);
  memset(bench, 0, sizeof(*bench));
  flash_sim_start(&bench->sim);
  bench->settings.clock_tolerance_ms = 2000;
  bench->settings.relock_ms = 10000;
  bench->settings.power_on = power_on;
  (void) boot(bench, 0);
  if (prior == BLANK) return;
  if (prior != SLOT_0) (void) give(bench, ACTION_LOCK, PRIOR - 1, &now);
  if (prior == OPENED) {
    (void) give(bench, ACTION_UNLOCK, PRIOR, &now);
  } else if (prior == BURNED) {
    (void) give(bench, ACTION_UNLOCK, PRIOR, &late);
  } else {
    (void) give(bench, ACTION_LOCK, PRIOR, &now);
  }
  if (prior == TORN) {
    bench->sim.steps_left = FLASH_SIM_BYTES + 30;
    (void) give(bench, ACTION_LOCK, PRIOR + 1, &now);
    (void) boot(bench, 1);
  }
}

/* The only states that a cut may leave. */
static void happen(struct bench *bench, enum kind kind) {
  struct moment now = moment_of(2, 1), late = moment_of(60, 1);
  struct moment clockless = moment_of(2, 0);
  switch (kind) {
    case LOCK_NEW:
      (void) give(bench, ACTION_LOCK, NEW, &now);
      break;
    case UNLOCK_NEW:
      (void) give(bench, ACTION_UNLOCK, NEW, &now);
      break;
    case UNLOCK_LATE:
      (void) give(bench, ACTION_UNLOCK, NEW, &late);
      break;
    case UNLOCK_CLOCKLESS:
      (void) give(bench, ACTION_UNLOCK, NEW, &clockless);
      break;
    case LOCK_AGAIN:
      (void) give(bench, ACTION_LOCK, PRIOR, &now);
      break;
    case UNLOCK_AGAIN:
      (void) give(bench, ACTION_UNLOCK, PRIOR, &now);
      break;
    case LOCK_OLD:
      (void) give(bench, ACTION_LOCK, OLD, &now);
      break;
    case UNLOCK_OLD:
      (void) give(bench, ACTION_UNLOCK, OLD, &now);
      break;
    case RELOCK:
      (void) lock_tick(&bench->lock, &late);
      break;
    case KINDS:
      break;
  }
}

static int same_entry(const struct journal_entry *a,
                      const struct journal_entry *b) {
  return a->version == b->version && a->action == b->action &&
         a->result == b->result && strcmp(a->command_id, b->command_id) == 0;
}

/* The journal is the old entry or the new, whole, and trusted unless blank. */
static void check_journal(struct bench *bench,
                          const struct journal_entry *before,
                          const struct journal_entry *done, int status) {
  const struct journal_entry *entry = &bench->lock.journal.entry;
  CHECK(bench->row, same_entry(entry, before) || same_entry(entry, done));
  CHECK(bench->row, bench->lock.journal.trusted == (entry->version != 0));
  CHECK(bench->row, status == (entry->version == 0 ? CORE_EBLANK : CORE_OK));
  CHECK(bench->row, bench->lock.latch == bench->settings.power_on);
  CHECK(bench->row, bench->latch == bench->settings.power_on);
}

/* Older commands and copies change nothing; a command that was not journalled
 * is handled as new. */
static void come_again(struct bench *bench, enum action action,
                       enum after after) {
  struct moment now = moment_of(after == TOO_LATE ? 90 : 3, after != CLOCKLESS);
  const struct journal_entry *entry = &bench->lock.journal.entry;
  int journalled = entry->version == NEW, trusted = bench->lock.journal.trusted;
  enum latch declared = bench->settings.power_on, latch;
  int opened = bench->opened, i;
  enum outcome expected = OUTCOME_EXECUTED;
  if (action == ACTION_UNLOCK) {
    if (!trusted || after == CLOCKLESS) expected = OUTCOME_REFUSED;
    if (trusted && after == TOO_LATE) expected = OUTCOME_EXPIRED;
  }
  if (journalled) expected = OUTCOME_REPEATED;
  CHECK(bench->row, give(bench, ACTION_UNLOCK, OLD, &now) == OUTCOME_REFUSED);
  CHECK(bench->row, bench->latch == declared);
  CHECK(bench->row, give(bench, action, NEW, &now) == expected);
  CHECK(bench->row, bench->opened - opened == (action == ACTION_UNLOCK &&
                                               expected == OUTCOME_EXECUTED));
  latch = bench->latch;
  if (expected != OUTCOME_REFUSED) expected = OUTCOME_REPEATED;
  for (i = 0; i < 2; i++) {
    CHECK(bench->row, give(bench, action, NEW, &now) == expected);
    CHECK(bench->row, give(bench, ACTION_UNLOCK, OLD, &now) == OUTCOME_REFUSED);
    CHECK(bench->row, bench->latch == latch);
  }
  CHECK(bench->row, bench->opened <= 1);
  CHECK(bench->row, bench->opened_wrongly == 0);
}

/* Cuts one case after `cut` steps. Returns whether power lasted to its end. */
static int cut_case(const struct bench *ready, enum kind kind, enum after after,
                    long cut, const struct journal_entry *done, int *forgot) {
  struct bench bench = *ready;
  struct journal_entry before = ready->lock.journal.entry;
  enum action action = kind == LOCK_NEW ? ACTION_LOCK : ACTION_UNLOCK;
  int status, lasted;
  bench.sim.flash.context = &bench.sim;
  bench.lock.journal.store.flash = &bench.sim.flash;
  bench.lock.port.context = &bench;
  bench.sim.steps_left = cut;
  happen(&bench, kind);
  lasted = bench.sim.steps_left > 0;
  status = boot(&bench, 2);
  check_journal(&bench, &before, done, status);
  /* Once a cut is late enough for the new entry, every later cut is. */
  if (!same_entry(&bench.lock.journal.entry, done)) (*forgot)++;
  CHECK(bench.row, *forgot == 0 || *forgot == cut + 1 ||
                       same_entry(&bench.lock.journal.entry, done));
  CHECK(bench.row, bench.opened == 0 || kind == UNLOCK_NEW);
  come_again(&bench, action, after);
  s_cuts++;
  return lasted;
}

static void cut_everywhere(enum prior prior, enum kind kind, enum after after,
                           enum latch power_on) {
  struct bench ready, whole;
  struct journal_entry done;
  long cut;
  int forgot = 0, lasted = 0;
  prepare(&ready, prior, power_on);
  CHECK("ready",
        (ready.lock.journal.entry.version == PRIOR) == (prior != BLANK));
  (void) snprintf(ready.row, sizeof(ready.row),
                  "prior %d kind %d after %d on %d", (int) prior, (int) kind,
                  (int) after, (int) power_on);
  whole = ready;
  whole.sim.flash.context = &whole.sim;
  whole.lock.journal.store.flash = &whole.sim.flash;
  whole.lock.port.context = &whole;
  happen(&whole, kind);
  done = whole.lock.journal.entry;
  for (cut = 0; !lasted && cut < 1000; cut++) {
    lasted = cut_case(&ready, kind, after, cut, &done, &forgot);
  }
  CHECK(ready.row, lasted);
}

static void a_power_cut_anywhere_never_acts_twice_nor_late(void) {
  int prior, kind, after, power_on;
  s_cuts = 0;
  for (prior = 0; prior < PRIORS; prior++) {
    for (kind = 0; kind < KINDS; kind++) {
      for (after = 0; after < AFTERS; after++) {
        for (power_on = 0; power_on < 2; power_on++) {
          cut_everywhere((enum prior) prior, (enum kind) kind,
                         (enum after) after, (enum latch) power_on);
        }
      }
    }
  }
  printf("     %u power cuts\n", s_cuts);
  CHECK("no cut is missing", s_cuts == CUTS_EXPECTED);
}

void powercut_tests(void) {
  RUN(a_power_cut_anywhere_never_acts_twice_nor_late);
}
