/*! The device target's world: flash with a power switch, a clock that lies, a
 * cloud that issues commands, and what is true of all that. The truth is kept
 * by the rules of PROTOCOL sections 5 and 6, never by asking the core. */
#ifndef WORLD_H
#define WORLD_H

#include <stdint.h>

#include "lock.h"
#include "report.h"

#define WORLD_SLOT_BYTES 96
#define WORLD_COMMANDS_MAX 48
#define WORLD_TOLERANCE_MS 2000

/*! Flash that can be cut after any byte, torn, erased, and made to fail. */
struct world_flash {
  uint8_t slots[2][WORLD_SLOT_BYTES];
  long power;        /*!< Steps until power fails; -1 = it stays. */
  int torn_slot;     /*!< Slot in the middle of an erase or write, or -1. */
  int part_slot;     /*!< Slot where a part landed, or -1. */
  int reads_fail;    /*!< Bit per slot. */
  int writes_fail;   /*!< 1 = nothing lands, 2 = a part, and erasing fails,
                          3 = success is told and nothing lands. */
  unsigned part;     /*!< Bytes that land where a part does. */
  struct flash flash;
};

/*! What a slot holds by a reading of its own. */
struct world_record {
  uint32_t generation; /*!< 0 = no whole record. */
  uint64_t version;
  int action, result;
  char id[COMMAND_ID_CHARS_MAX + 1];
};

/*! What the code under test is doing while the latch moves. */
enum phase { PHASE_NOTHING, PHASE_BOOT, PHASE_COMMAND, PHASE_TIME };

/*! Everything. */
struct world {
  struct world_flash flash;
  struct lock lock;
  struct lock_settings settings;
  struct moment now;       /*!< As the device sees it; wall is kept below. */
  uint64_t true_ms;        /*!< The time of day. */
  int64_t skew_ms;         /*!< The device's clock less the time of day. */
  struct command issued[WORLD_COMMANDS_MAX];
  int issued_count;
  int opened[WORLD_COMMANDS_MAX];
  uint64_t first_version;
  const struct command *acting;
  enum phase phase;
  enum latch latch;
  int moves;

  /* What the lock must know: the entry of its journal, and whether it trusts
   * it; and the version of a lock that it performed without a journal. */
  struct world_record entry;
  int trusted;
  uint64_t performed;
  enum refusal refusal;
  enum source source;
  uint64_t due_ms;         /*!< Uptime of the relock; 0 = none. */
  enum door door;

  /* What flash must hold: the newest record, or one of those whose writing was
   * told to have failed since. */
  struct world_record kept;
  struct world_record maybe[WORLD_COMMANDS_MAX];
  int maybe_count;
  int unsure;              /*!< Unreadable at boot, and no success since. */

  uint64_t top;            /*!< Highest version ever journalled. */
  uint64_t gap_top;        /*!< Highest version that a lost journal forgot. */
  int gap_open;            /*!< And a lock was tried since (section 7). */
};

/*! Blank flash, no power yet. */
void world_start(struct world *world);

/*! Reads a slot without the core. */
struct world_record world_read(const struct world_flash *flash, int slot);

/*! The newer of both slots' records. */
struct world_record world_newest(const struct world_flash *flash);

/*! Whether the clock may judge, by D3. */
int world_clock_is_good(const struct world *world);

/*! Known gaps that were met, for the closing line. */
extern unsigned long world_gaps;

/*! Moves the latch, and holds the movement to S1, S2, S6 and D1 to D5. */
void world_move(void *context, enum latch latch);

#endif
