/*! The lock: decides what a command, time or the door does to the latch.
 * Serves PROTOCOL D1 to D6. The order for each command is fixed: journal,
 * latch, report. Must not know: topics, pins, flash drivers; latch and flash
 * are functions. */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "command.h"
#include "journal.h"
#include "moment.h"

/*! A version further ahead of the device's own time is implausible (D1), in ms:
 * one day. Versions are the cloud's milliseconds since 1970 (C5). */
#define LOCK_VERSION_AHEAD_MS (UINT64_C(24) * 60 * 60 * 1000)

/*! Position of the latch; jammed is only ever reported: a bolt sensor says that
 * the bolt did not follow. */
enum latch { LATCH_LOCKED, LATCH_UNLOCKED, LATCH_JAMMED, LATCH_COUNT };

/*! What moved the latch last (D4, D5). */
enum source {
  SOURCE_BOOT,
  SOURCE_REMOTE,
  SOURCE_AUTO,
  SOURCE_MANUAL,
  SOURCE_COUNT
};

/*! The door, if a sensor is fitted. */
enum door { DOOR_NO_SENSOR, DOOR_OPEN, DOOR_CLOSED, DOOR_COUNT };

/*! Why a command did not become the journal's entry. */
enum refusal {
  REFUSAL_NONE,
  REFUSAL_MALFORMED,   /*!< Not a command (D6); its id is unknown. */
  REFUSAL_SUPERSEDED,  /*!< Its version is smaller than one already taken. */
  REFUSAL_CONFLICT,    /*!< Another command has its version. */
  REFUSAL_JOURNAL,     /*!< The journal is blank, unreadable or unwritable, or
                            was lost, and the unlock may have been executed. */
  REFUSAL_CLOCK,       /*!< An unlock, and the clock cannot judge its age. */
  REFUSAL_IMPLAUSIBLE, /*!< Its version is more than a day ahead of the clock.
                        */
  REFUSAL_COUNT
};

/*! The outcome of a command. */
enum outcome {
  OUTCOME_EXECUTED,
  OUTCOME_EXPIRED,  /*!< Newer but too late: burned, latch locked (D2). */
  OUTCOME_REPEATED, /*!< Already journalled: report only (D1). */
  OUTCOME_REFUSED,
  OUTCOME_COUNT
};

/*! Event from which the auto-relock delay counts (D5). */
enum relock_from { RELOCK_FROM_UNLOCK, RELOCK_FROM_CLOSING };

/*! How this lock behaves; from the device's configuration. */
struct lock_settings {
  enum latch power_on;          /*!< Declared state after power-on (D4). */
  uint32_t relock_ms;           /*!< Auto-relock delay; 0 = off (D5). */
  uint32_t pulse_ms;            /*!< Length of a pulse; 0 = hold. Overrides
                                     relock_ms, and ignores the door. */
  uint32_t clock_tolerance_ms;  /*!< Largest lead of the cloud's clock (D3). */
  uint32_t settle_ms;           /*!< Door at rest before auto-relock (D5). */
  enum relock_from relock_from; /*!< A door that was never opened counts
                                     from the unlock in either case. */
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
  uint64_t floor_version; /*!< Highest one obeyed since boot or in flash. */
  uint64_t unlocked_ms;   /*!< Uptime of the last unlock. */
  uint64_t closed_ms;     /*!< Uptime at which the door was last closed. */
  enum latch latch;
  enum source source;
  enum door door;
  enum refusal refusal;
  bool relocks; /*!< Auto-relock or the end of a pulse is armed. */
  bool jammed;  /*!< The caller's word: the bolt did not follow the latch. It
                     is reported, and decides nothing here (D10). */
  char refused_id[COMMAND_ID_TAKEN_CHARS_MAX + 1];
  uint32_t refusals; /*!< Since boot. */
};

/*! Powers the lock on: moves the latch to its declared state, then reads the
 * journal (D4). Returns journal_load's code; the lock locks whatever it is. */
int lock_boot(struct lock *lock, const struct lock_settings *settings,
              const struct latch_port *port, const struct flash *flash,
              const struct moment *now);

/*! Handles one command that passed command_parse (D1 to D3). */
enum outcome lock_handle_command(struct lock *lock,
                                 const struct command *command,
                                 const struct moment *now);

/*! Counts a payload that did not pass command_parse (D6). */
void lock_refuse_malformed(struct lock *lock);

/*! Takes the state of the door. Returns true if the latch moved. */
bool lock_set_door(struct lock *lock, enum door door, const struct moment *now);

/*! The exit button was pressed (D9): unlocks for the relock time or the pulse,
 * regardless of journal and clock, and takes no version. Without either time it
 * does nothing. Returns true if it unlocked. */
bool lock_request_exit(struct lock *lock, const struct moment *now);

/*! Lets time pass: auto-relock (D5). Returns true if the latch moved. */
bool lock_tick(struct lock *lock, const struct moment *now);

/*! Uptime of lock_tick's next task; 0 = none, or none until the door moves. */
uint64_t lock_due_ms(const struct lock *lock);

#endif
