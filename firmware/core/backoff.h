/*! Delays between tries: doubling, bounded, with jitter from the caller.
 * Knows neither what is tried nor what time it is. */
#ifndef CORE_BACKOFF_H
#define CORE_BACKOFF_H

#include <stdint.h>

/*! Bounds and progress of a series of tries. */
struct backoff {
  uint32_t first_ms; /*!< Delay after the first try; >= 1. */
  uint32_t most_ms;  /*!< No delay is longer; >= first_ms, < 2^31. */
  uint32_t next_ms;  /*!< The next delay before jitter; 0 = none given yet. */
};

/*! Begins a series: 1 <= first_ms <= most_ms < 2^31. */
void backoff_start(struct backoff *backoff, uint32_t first_ms,
                   uint32_t most_ms);

/*! Begins the series again, after a success. */
void backoff_reset(struct backoff *backoff);

/*! The next delay: between half and all of first, 2 first, 4 first … most.
 * `random` is any number; equal numbers give equal delays. */
uint32_t backoff_next(struct backoff *backoff, uint32_t random);

#endif
