/*! The last command a lock took, kept across power loss (PROTOCOL D1).
 *
 * Written before the latch moves, so that a command acts at most once, however
 * often it is delivered and whenever power fails.
 *
 * Wear: one save for each command newer than the last, locks and expired
 * unlocks included; none for a repeat, a refusal, a report, an auto-relock or a
 * power-on. At 50 commands a day (slot.h), flash that endures 100,000 erases a
 * block lasts about 200 years; flash that endures 10,000 lasts 20. */
#ifndef CORE_JOURNAL_H
#define CORE_JOURNAL_H

#include <stdbool.h>

#include "command.h"
#include "slot.h"

/*! How a journalled command ended. */
enum result { RESULT_NONE, RESULT_EXECUTED, RESULT_EXPIRED, RESULT_COUNT };

/*! One journalled command; version 0 and RESULT_NONE mean none. */
struct journal_entry {
  uint64_t version;
  enum action action;
  enum result result;
  bool after_loss; /*!< The lost journal may have held a newer command (D1). */
  char command_id[COMMAND_ID_TAKEN_CHARS_MAX + 1];
};

/*! The journal: its flash and the entry that flash is known to hold. */
struct journal {
  struct slot_store store;
  struct journal_entry entry;
  bool trusted; /*!< False while blank or unreadable: no unlock then. */
  bool lost;    /*!< Commands executed before this power-on are unknown. */
};

/*! Reads the journal from flash. Errors: CORE_EBLANK, CORE_EIO; `trusted` is
 * then false and `entry` is the best known one. */
int journal_load(struct journal *journal, const struct flash *flash);

/*! Writes `entry`, which counts only if this returns 0. A written lock makes a
 * blank journal trusted again; an entry that is not `after_loss` ends a loss.
 * Errors: CORE_EIO; flash still holds the previous entry. */
int journal_write(struct journal *journal, const struct journal_entry *entry);

#endif
