/*! A lock with its flash and its latch, for the tests of core/lock.h: keeps
 * what moved the latch. Does not know the tests. */
#ifndef BENCH_H
#define BENCH_H

#include "flash_sim.h"
#include "lock.h"
#include "sample.h"

/*! One lock. */
struct bench {
  struct flash_sim sim;
  struct lock lock;
  struct lock_settings settings;
  enum latch latch;
  int moves;
  uint64_t journalled_at_unlock; /*!< Version in flash when the latch opened. */
};

/*! Never powered, flash blank. */
void bench_start(struct bench *bench);

/*! Power-on at NOW_S. Returns lock_boot's code. */
int bench_boot(struct bench *bench);

/*! Delivers a command issued at NOW_S, `after_s` seconds later. */
enum outcome bench_give(struct bench *bench, enum action action,
                        uint64_t version, uint64_t after_s);

/*! Booted, with LOCK 10 in its journal. */
void bench_ready(struct bench *bench);

#endif
