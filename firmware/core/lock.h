/*! The lock: decides what a command, time or the door does to the latch.
 *
 * Serves PROTOCOL D1 to D6. For each command the order is fixed: journal,
 * then latch, then report. Knows no topic, no pin and no flash driver; the
 * latch and the flash are functions of the caller.
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "command.h"
#include "journal.h"
#include "moment.h"

/*! A version further ahead of the device's own time is not plausible (D1), in
 * ms: one day. Versions are the cloud's milliseconds since 1970 (C5). */
#define LOCK_VERSION_AHEAD_MS (UINT64_C(24) * 60 * 60 * 1000)

/*! Position of the latch. */
enum latch { LATCH_LOCKED = 0, LATCH_UNLOCKED = 1 };

/*! What moved the latch last (D4, D5). */
enum source { SOURCE_BOOT, SOURCE_REMOTE, SOURCE_AUTO, SOURCE_MANUAL };

/*! The door, where a sensor is fitted. */
enum door { DOOR_NO_SENSOR, DOOR_OPEN, DOOR_CLOSED };

/*! Why a command did not become the journal's entry. */
enum refusal {
  REFUSAL_NONE = 0,
  REFUSAL_MALFORMED,  /*!< Not a command (D6); its id is not known. */
  REFUSAL_SUPERSEDED, /*!< Its version is smaller than one already taken. */
  REFUSAL_CONFLICT,   /*!< Its version is taken, by another command. */
  REFUSAL_JOURNAL,    /*!< The journal is blank, unreadable or unwritable, or
                           was lost, and the unlock may have been executed. */
  REFUSAL_CLOCK,      /*!< An unlock, and the clock cannot judge its age. */
  REFUSAL_IMPLAUSIBLE /*!< Its version is more than a day ahead of the clock. */
};

/*! What became of a command. */
enum outcome {
  OUTCOME_EXECUTED,
  OUTCOME_EXPIRED,  /*!< Newer but too late: burned, latch locked (D2). */
  OUTCOME_REPEATED, /*!< Already journalled: report only (D1). */
  OUTCOME_REFUSED
};

/*! Where the time of auto-relock begins (D5). */
enum relock_from { RELOCK_FROM_UNLOCK = 0, RELOCK_FROM_CLOSING = 1 };

/*! How this lock is declared to behave; from the device's configuration. */
struct lock_settings {
  enum latch power_on;          /*!< Declared state after power-on (D4). */
  uint32_t relock_ms;           /*!< Auto-relock delay; 0 = off (D5). */
  uint32_t pulse_ms;            /*!< Length of a pulse; 0 = hold. Wins over
                                     relock_ms and does not wait for the door. */
  uint32_t clock_tolerance_ms;  /*!< How far the cloud's clock may run ahead
                                     (D3); 2000 by default. */
  uint32_t settle_ms;           /*!< The door must rest closed for this long
                                     before auto-relock (D5). */
  enum relock_from relock_from; /*!< A door that was never opened counts from
                                     the unlock either way. */
};

/*! Moves the real latch; must not fail and must be safe to repeat. */
struct latch_port {
  void (*move)(void *context, enum latch latch);
  void *context;
};

/*! One lock. All memory it needs. */
struct lock {
  struct lock_settings settings;
  struct latch_port port;
  struct journal journal;
  uint64_t
      floor_version;    /*!< Highest version acted on since boot or in flash. */
  uint64_t unlocked_ms; /*!< Uptime of the last unlock. */
  uint64_t closed_ms;   /*!< Uptime at which the door was last closed. */
  enum latch latch;
  enum source source;
  enum door door;
  enum refusal refusal;
  uint8_t relocks; /*!< Auto-relock or the end of a pulse is armed. */
  char refused_id[COMMAND_ID_CHARS_MAX + 1];
  uint32_t refusals; /*!< Since boot. */
};

/*! Powers the lock on: moves the latch to its declared state, then reads the
 * journal (D4). Returns journal_load's code, which is no reason to stop: a lock
 * without a journal still locks. */
int lock_boot(struct lock *lock, const struct lock_settings *settings,
              const struct latch_port *port, const struct flash *flash,
              const struct moment *now);

/*! Handles one command that passed command_parse (D1 to D3). */
enum outcome lock_command(struct lock *lock, const struct command *command,
                          const struct moment *now);

/*! Counts a payload that did not pass command_parse (D6). */
void lock_malformed(struct lock *lock);

/*! Says where the door is. Returns 1 when the latch moved. */
int lock_door(struct lock *lock, enum door door, const struct moment *now);

/*! A hand asks for the way out (D9): unlocks for the relock time or the pulse,
 * whatever journal and clock say, and takes no version. Does nothing on a lock
 * that would not lock again by itself. Returns 1 when it unlocked. */
int lock_exit(struct lock *lock, const struct moment *now);

/*! Lets time pass: auto-relock (D5). Returns 1 when the latch moved. */
int lock_tick(struct lock *lock, const struct moment *now);

/*! Uptime at which lock_tick has something to do, or 0; while the door is
 * waited for also 0. */
uint64_t lock_due_ms(const struct lock *lock);

#endif
