/*! A button's sequence (PROTOCOL section 2, C1): a number that only grows for
 * the life of the button, or none while the button cannot guarantee that. A
 * sequence that restarted would be superseded by every press before it. So a
 * button with new flash issues no number until the clock has lifted the
 * sequence past every number it can have issued: at most one press a second,
 * counting from the seconds since 1970. Knows neither button nor message. */
#ifndef CORE_SEQUENCE_H
#define CORE_SEQUENCE_H

#include "counter.h"
#include "moment.h"

/*! One button's sequence. */
struct sequence {
  struct counter counter;
  bool is_new; /*!< Flash held none: a number cannot be guaranteed. */
};

/*! Reads the sequence from flash. */
void sequence_load(struct sequence *sequence, const struct flash *flash);

/*! Issues the next number, once it is in flash; 0 while none can be guaranteed.
 * Errors: CORE_EIO; no number is issued. */
int sequence_next(struct sequence *sequence, const struct moment *now,
                  uint64_t *number);

#endif
