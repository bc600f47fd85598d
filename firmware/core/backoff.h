/*! Delays between attempts: doubling, bounded, with jitter from the caller.
 * Knows neither the clock nor what is attempted. */
#ifndef CORE_BACKOFF_H
#define CORE_BACKOFF_H

#include <stdint.h>

/*! Bounds and progress of a series of attempts. */
struct backoff {
  uint32_t first_ms; /*!< Delay after the first attempt; >= 1. */
  uint32_t most_ms;  /*!< Longest delay; >= first_ms, < 2^31. */
  uint32_t next_ms;  /*!< Next delay before jitter; 0 = still the first. */
};

/*! Begins a series: 1 <= first_ms <= most_ms < 2^31. */
void backoff_start(struct backoff *backoff, uint32_t first_ms,
                   uint32_t most_ms);

/*! Restarts the series, after a success. */
void backoff_reset(struct backoff *backoff);

/*! Returns the next delay: between half and all of first, 2 first, 4 first …
 * most. `random` is any number; equal numbers give equal delays. */
uint32_t backoff_next(struct backoff *backoff, uint32_t random);

#endif
