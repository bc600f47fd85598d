/*! Implements bench.h. */
#include "bench.h"

#include <string.h>

#include "check.h"
#include "status.h"

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

int bench_boot(struct bench *bench) {
  struct latch_port port;
  struct moment now = sample_moment(0);
  port.move = move;
  port.context = bench;
  return lock_boot(&bench->lock, &bench->settings, &port, &bench->sim.flash,
                   &now);
}

void bench_start(struct bench *bench) {
  memset(bench, 0, sizeof(*bench));
  flash_sim_start(&bench->sim);
  bench->settings.clock_tolerance_ms = 2000;
}

enum outcome bench_give(struct bench *bench, enum action action,
                        uint64_t version, uint64_t after_s) {
  struct command c = sample_command(action, version);
  struct moment now = sample_moment(after_s);
  return lock_handle_command(&bench->lock, &c, &now);
}

void bench_ready(struct bench *bench) {
  bench_start(bench);
  CHECK("boot", bench_boot(bench) == CORE_EBLANK);
  CHECK("lock 10", bench_give(bench, ACTION_LOCK, 10, 1) == OUTCOME_EXECUTED);
}
