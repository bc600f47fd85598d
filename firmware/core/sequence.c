/*! Implements sequence.h. */
#include "sequence.h"

#include "clock.h"
#include "status.h"

#define MAGIC 0x31514553u /* "SEQ1" */

/* A value below this was never lifted to the time of day: seconds in 2001. */
#define LIFTED UINT64_C(1000000000)

CORE_ASSERT(sequence_is_small, sizeof(struct sequence) <= 48);

void sequence_load(struct sequence *sequence, const struct flash *flash) {
  sequence->is_new = counter_load(&sequence->counter, flash, MAGIC) != CORE_OK;
}

int sequence_next(struct sequence *sequence, const struct moment *now,
                  uint64_t *number) {
  uint64_t above = 0;
  int status;
  *number = 0;
  if (sequence->is_new && !moment_has_time(now)) return CORE_OK;
  if (moment_has_time(now) &&
      (sequence->is_new || sequence->counter.value < LIFTED)) {
    above = now->earliest_ms / 1000;
  }
  status = counter_next(&sequence->counter, above, number);
  if (status == CORE_OK) sequence->is_new = false;
  return status;
}
