/*! The last command a lock took, kept over power loss (PROTOCOL D1).
 *
 * Written before the latch moves, so that a command acts at most once however
 * often it is delivered and whenever power fails.
 *
 * Wear: one save for each command that is newer than the last, locks and
 * expired unlocks included; none for a repeat, a refusal, a report, an
 * auto-relock or a power-on. At 50 commands a day and 100,000 erases a block
 * (slot.h) that is some two hundred years, and twenty with flash that bears
 * only 10,000.
 */
#ifndef CORE_JOURNAL_H
#define CORE_JOURNAL_H

#include "command.h"
#include "slot.h"

/*! How a journalled command ended. */
enum result { RESULT_NONE = 0, RESULT_EXECUTED = 1, RESULT_EXPIRED = 2 };

/*! One journalled command. Version 0, RESULT_NONE: there is none. */
struct journal_entry {
  uint64_t version;
  enum action action;
  enum result result;
  uint8_t after_loss; /*!< The journal before it was lost, and what was lost may
                           be newer (D1). */
  char command_id[COMMAND_ID_CHARS_MAX + 1];
};

/*! The journal: its flash and the entry that flash is known to hold. */
struct journal {
  struct slot_store store;
  struct journal_entry entry;
  uint8_t trusted; /*!< 0 while blank or unreadable: no unlock then. */
  uint8_t lost;    /*!< What was executed before this power-on is not known. */
};

/*! Reads the journal from flash. Returns 0, or CORE_EBLANK / CORE_EIO, upon
 * which `trusted` is 0 and `entry` is the best that is known. */
int journal_load(struct journal *journal, const struct flash *flash);

/*! Writes `entry`; it counts only when this returns 0. A written lock makes a
 * blank journal trusted again; an entry that is not `after_loss` ends a loss.
 * Errors: CORE_EIO; the entry before it is still the one in flash. */
int journal_write(struct journal *journal, const struct journal_entry *entry);

#endif
