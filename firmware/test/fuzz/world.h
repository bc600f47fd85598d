/*! The device target's world: flash with a power switch, a time that the device
 * learns only from answers that an attacker delays, a cloud that issues
 * commands, and the true state of all that, which follows from PROTOCOL
 * sections 5 and 6, never from the core. */
#ifndef WORLD_H
#define WORLD_H

#include <stdint.h>

#include "clock.h"
#include "lock.h"
#include "report.h"

#define WORLD_SLOT_BYTES 96
#define WORLD_COMMANDS_MAX 48
#define WORLD_TOLERANCE_MS 2000
#define WORLD_DAY_MS 86400000

/*! Flash that can lose power after any byte, be torn, be erased, and fail. */
struct world_flash {
  uint8_t slots[2][WORLD_SLOT_BYTES];
  long power;      /*!< Steps until power fails; -1 = never. */
  int torn_slot;   /*!< Slot in the middle of an erase or write, or -1. */
  int part_slot;   /*!< Slot where a part landed, or -1. */
  int reads_fail;  /*!< Bit per slot; until the next power-on has read. */
  int sound;       /*!< Nothing below fails, and power stays. */
  int writes_fail; /*!< 1 = nothing lands, 2 = a part, and erasing fails,
                        3 = reports success, and nothing lands. */
  unsigned part;   /*!< Bytes that land where a part does. */
  struct flash flash;
};

/*! A slot's record, read without the core. */
struct world_record {
  uint32_t generation; /*!< 0 = no whole record. */
  uint64_t version;
  int action, result, after_loss;
  char id[COMMAND_ID_TAKEN_CHARS_MAX + 1];
};

/*! What the code under test is doing while the latch moves. */
enum phase { PHASE_NOTHING, PHASE_BOOT, PHASE_COMMAND, PHASE_TIME, PHASE_EXIT };

/*! One answer with a time, as in D3. */
struct world_sample {
  int64_t second_ms; /*!< 0 = none. */
  int64_t sent_ms, received_ms;
};

/*! The whole world. */
struct world {
  struct world_flash flash;
  struct lock lock;
  struct lock_settings settings;
  struct clock clock;
  struct moment now; /*!< As the device sees it. */
  struct world_sample sample;
  int64_t true_ns;  /*!< The time of day. */
  int64_t rate_ppm; /*!< Uptime is slow by this, -100 to 100. */
  struct command issued[WORLD_COMMANDS_MAX];
  int issued_count;
  int opened[WORLD_COMMANDS_MAX];
  uint64_t version; /*!< The newest issued in order. */
  const struct command *acting;
  enum phase phase;
  enum latch latch;
  int moves;

  /* What the lock must know: the entry of its journal, whether it trusts it,
   * and whether one before it was lost; and the version of a lock that it
   * executed without a journal. */
  struct world_record entry;
  int trusted, lost;
  uint64_t performed;
  enum refusal refusal;
  enum source source;
  int relocks;                  /*!< Auto-relock is armed. */
  uint64_t moved_ms, closed_ms; /*!< Uptimes. */
  enum door door;

  /* What flash must hold: the newest record, or one whose write failed since.
   */
  struct world_record kept;
  struct world_record maybe[WORLD_COMMANDS_MAX];
  int maybe_count;
  int unsure; /*!< Too many of them to list. */

  uint64_t top; /*!< Highest version ever journalled. */
};

/*! Blank flash, no power yet. */
void world_start(struct world *world);

/*! Reads a slot without the core. */
struct world_record world_read(const struct world_flash *flash, int slot);

/*! The newer of both slots' records. */
struct world_record world_newest(const struct world_flash *flash);

/*! Takes an answer (D3): the server's `second`, and the uptime at which its
 * update was sent. */
void world_take_answer(struct world *world, uint64_t second, uint64_t sent_ms);

/*! Reads the device's clock into `now`, and checks it against D3: the bounds
 * are those of the narrowest sample, and the true time lies between them. */
void world_read_clock(struct world *world);

/*! Whether `c` was certainly issued after this power-on (D1). */
int world_is_new(const struct world *world, const struct command *c);

/*! Uptime of the relock by D5; 0 = none, or waiting for the door. */
uint64_t world_due_ms(const struct world *world);

/*! Moves the latch, and checks the movement against S1, S2, S6 and D1 to D5. */
void world_move(void *context, enum latch latch);

#endif
