/*! What a command must do to a lock, by PROTOCOL D1 to D3, read apart from the
 * core; and what is true afterwards. */
#ifndef JUDGE_H
#define JUDGE_H

#include "world.h"

/*! What a command must do, were its writing to work. */
struct expected {
  enum outcome outcome;
  enum refusal refusal;
  int writes; /*!< It is written to the journal. */
  int locks;  /*!< The latch locks, whatever becomes of the writing. */
  int opens;
  enum result result;
};

/*! What flash holds at power-on is the last success, or a failure after it. */
void require_journal_kept(const struct world *world,
                          const struct world_record *found);

/*! Judges a command by what is true of the world now. */
struct expected judge(const struct world *world, const struct command *c);

/*! Holds what became of `c` to what was expected, where power and flash allow
 * it, and notes what is true now. `moves` and `before` are of before it. */
void require_outcome(struct world *world, const struct command *c,
                     const struct expected *e, enum outcome outcome, int moves,
                     enum latch before);

#endif
