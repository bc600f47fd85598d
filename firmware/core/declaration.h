/*! What a board was declared to be: role, wiring, and how its lock behaves.
 * Kept in flash beside the journal, so that a settings file that is lost or
 * damaged does not turn a door's relay round (PROTOCOL D8).
 *
 * Knows no settings file and no pin; which pins may be used is the caller's.
 */
#ifndef CORE_DECLARATION_H
#define CORE_DECLARATION_H

#include "slot.h"

/*! Where the declaration in force comes from. */
enum declaration_source {
  DECLARATION_NONE,   /*!< Nothing was stated and nothing was kept. */
  DECLARATION_STATED, /*!< The settings, as the file has them. */
  DECLARATION_KEPT    /*!< Flash: the file is missing or damaged. */
};

/*! What is known of the settings file of this one board. */
enum declaration_file { FILE_ABSENT, FILE_WHOLE, FILE_DAMAGED };

/*! A declaration. -1 for a pin that is not fitted. */
struct declaration {
  uint8_t role;          /*!< 0 = not stated; else as the caller numbers it. */
  uint8_t has_file;      /*!< The board had a whole settings file. */
  int8_t unlocked_level; /*!< Of the relay's pin; -1 = not stated. */
  int8_t power_on;       /*!< enum latch; -1 = not stated. */
  int8_t relay_pin;
  int8_t door_pin;
  int8_t door_closed_level;
  int8_t exit_pin;
  int8_t exit_level;    /*!< While the exit button is pressed. */
  int8_t relock_from;   /*!< enum relock_from. */
  uint16_t debounce_ms; /*!< Of the contacts of door and exit. */
  uint32_t relock_ms;
  uint32_t pulse_ms;
  uint32_t settle_ms;
};

/*! The kept declaration. */
struct declaration_store {
  struct slot_store store;
  struct declaration kept;
};

/*! Reads the kept declaration.
 * Errors: CORE_EBLANK where there is none, CORE_EIO; `kept` is then zeroed, or
 * the best that is known. */
int declaration_load(struct declaration_store *store,
                     const struct flash *flash);

/*! Chooses between what the settings state and what was kept. `is_stated`: role
 * and, for a lock, polarity and power-on state have values that mean something.
 * A damaged file never wins, nor does a file's absence where there was one.
 * What was kept never wins over a whole file that states another role. */
enum declaration_source declaration_choose(
    const struct declaration_store *store, const struct declaration *stated,
    int is_stated, enum declaration_file file);

/*! Keeps `declaration`; writes nothing where it is kept already.
 * Errors: CORE_EIO; the one before it is still kept. */
int declaration_keep(struct declaration_store *store,
                     const struct declaration *declaration);

#endif
