/*! A board's declaration: role, wiring, and how its lock behaves. Flash keeps a
 * copy next to the journal, so that a lost or damaged settings file does not
 * invert a door's relay (PROTOCOL D8). Knows neither settings file nor pins. */
#ifndef CORE_DECLARATION_H
#define CORE_DECLARATION_H

#include <stdbool.h>

#include "slot.h"

/*! Source of the declaration in force. */
enum declaration_source {
  DECLARATION_NONE,   /*!< Nothing was stated and nothing was kept. */
  DECLARATION_STATED, /*!< The settings file. */
  DECLARATION_KEPT,   /*!< Flash: the file is missing or damaged. */
  DECLARATION_SOURCE_COUNT
};

/*! State of this board's own settings file. */
enum declaration_file { FILE_ABSENT, FILE_WHOLE, FILE_DAMAGED, FILE_COUNT };

/*! A declaration as flash stores it. A pin that is not fitted is -1. */
struct declaration {
  uint8_t role;          /*!< 0 = not stated; else as the caller numbers it. */
  uint8_t has_file;      /*!< 1 if the board had a whole settings file. */
  int8_t unlocked_level; /*!< Of the relay's pin; -1 = not stated. */
  int8_t power_on;       /*!< enum latch; -1 = not stated. */
  int8_t relay_pin;
  int8_t door_pin;
  int8_t door_closed_level;
  int8_t exit_pin;
  int8_t exit_level;    /*!< While the exit button is pressed. */
  int8_t relock_from;   /*!< enum relock_from. */
  uint16_t debounce_ms; /*!< Of the contacts of door, exit and bolt. */
  int8_t bolt_pin;
  int8_t bolt_out_level;
  uint16_t bolt_ms; /*!< Longest time in which the bolt moves. */
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
 * Errors: CORE_EBLANK, CORE_EIO; `kept` is then zero, or the best known one. */
int declaration_load(struct declaration_store *store,
                     const struct flash *flash);

/*! Chooses between the stated and the kept declaration. `is_stated`: role
 * and, for a lock, polarity and power-on state are valid. A damaged file never
 * wins, nor does an absent file on a board that had one. The kept declaration
 * never wins over a whole file that states another role. */
enum declaration_source declaration_choose(
    const struct declaration_store *store, const struct declaration *stated,
    bool is_stated, enum declaration_file file);

/*! Keeps `declaration`; writes nothing if it is kept already.
 * Errors: CORE_EIO; the previous one is still kept. */
int declaration_keep(struct declaration_store *store,
                     const struct declaration *declaration);

#endif
