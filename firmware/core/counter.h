/*! A number that only grows, even across power loss: a button's sequence, a
 * boot count (PROTOCOL C1, C3). Each number costs one save (slot.h). */
#ifndef CORE_COUNTER_H
#define CORE_COUNTER_H

#include "slot.h"

/*! One persistent counter. */
struct counter {
  struct slot_store store;
  uint64_t value; /*!< The last number issued, 0 before the first. */
};

/*! Reads the counter from flash.
 * Errors: CORE_EBLANK, CORE_EIO; `value` is then the best known one. */
int counter_load(struct counter *counter, const struct flash *flash,
                 uint32_t magic);

/*! Issues a number greater than `above` and all earlier ones, once it is saved
 * in flash. If flash was lost, `above` skips the numbers issued before the
 * loss: pass the time of day, for example; 0 = no lower limit.
 * Errors: CORE_EIO; no number is issued. */
int counter_next(struct counter *counter, uint64_t above, uint64_t *value);

#endif
