/*! A number that only grows, over power loss too: the sequence of a button's
 * presses, the count of a device's boots (PROTOCOL C1, C3). One save (slot.h)
 * for each number given out. */
#ifndef CORE_COUNTER_H
#define CORE_COUNTER_H

#include "slot.h"

/*! One persistent counter. */
struct counter {
  struct slot_store store;
  uint64_t value; /*!< The last number given out, 0 before the first. */
};

/*! Reads the counter from flash.
 * Errors: CORE_EBLANK, CORE_EIO; `value` is then the best that is known. */
int counter_load(struct counter *counter, const struct flash *flash,
                 uint32_t magic);

/*! Gives out a number greater than every one before and than `above`, once it
 * is safe in flash. `above` lets a counter whose flash was lost start past the
 * numbers it gave out before, for example from the time of day; 0 = no matter.
 * Errors: CORE_EIO, and no number is given out. */
int counter_next(struct counter *counter, uint64_t above, uint64_t *value);

#endif
