/*! The sequence of a button's presses (PROTOCOL section 2, C1): a number that
 * only grows for the life of the button, or none while the button cannot vouch
 * for one.
 *
 * A count that starts over would be overtaken by every press before it. So a
 * button whose flash is new gives out no number until a clock has lifted the
 * count past every number it can have given out: at most one press a second,
 * from the seconds since 1970 on. Knows no button and no message.
 */
#ifndef CORE_SEQUENCE_H
#define CORE_SEQUENCE_H

#include "counter.h"
#include "moment.h"

/*! One button's sequence. */
struct sequence {
  struct counter counter;
  uint8_t is_new; /*!< Flash held none: nothing vouches for a count. */
};

/*! Reads the sequence from flash. */
void sequence_load(struct sequence *sequence, const struct flash *flash);

/*! Gives out the next number, once it is in flash; 0 while the button cannot
 * vouch for one.
 * Errors: CORE_EIO, and no number is given out. */
int sequence_next(struct sequence *sequence, const struct moment *now,
                  uint64_t *number);

#endif
