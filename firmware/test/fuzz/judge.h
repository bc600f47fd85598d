/*! The effect of a command on a lock and on the world, implemented from
 * PROTOCOL D1 to D3 independently of the core. */
#ifndef JUDGE_H
#define JUDGE_H

#include "world.h"

/*! The effect of a command if its write succeeds. */
struct expected {
  enum outcome outcome;
  enum refusal refusal;
  int writes; /*!< It is written to the journal. */
  int locks;  /*!< The latch locks, even if the write fails. */
  int opens;
  enum result result;
};

/*! Checks that flash at power-on holds the last success, or a failed write
 * after it. */
void require_journal_kept(const struct world *world,
                          const struct world_record *found);

/*! Judges a command by the world's present state. */
struct expected judge(const struct world *world, const struct command *c);

/*! Checks the outcome of `c` against the expectation, as far as power and flash
 * allow, and updates the world. `moves` and `before`: before the command. */
void require_outcome(struct world *world, const struct command *c,
                     const struct expected *e, enum outcome outcome, int moves,
                     enum latch before);

#endif
