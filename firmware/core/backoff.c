/*! Implements backoff.h. */
#include "backoff.h"

void backoff_start(struct backoff *backoff, uint32_t first_ms,
                   uint32_t most_ms) {
  backoff->first_ms = first_ms;
  backoff->most_ms = most_ms;
  backoff->next_ms = 0;
}

void backoff_reset(struct backoff *backoff) { backoff->next_ms = 0; }

uint32_t backoff_next(struct backoff *backoff, uint32_t random) {
  uint32_t delay_ms =
      backoff->next_ms == 0 ? backoff->first_ms : backoff->next_ms;
  uint32_t half_ms = delay_ms / 2;
  backoff->next_ms =
      delay_ms > backoff->most_ms / 2 ? backoff->most_ms : delay_ms * 2;
  return delay_ms - half_ms + random % (half_ms + 1);
}
