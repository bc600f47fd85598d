/*! A point in time as the caller knows it: the core has no clock of its own. */
#ifndef CORE_MOMENT_H
#define CORE_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

/*! Monotonic time, and the bounds between which the true time lies
 * (PROTOCOL D3). clock.h computes the bounds. */
struct moment {
  uint64_t uptime_ms;   /*!< Since power-on; never decreases. */
  uint64_t earliest_ms; /*!< Since 1970; the true time is not before it. */
  uint64_t latest_ms;   /*!< Since 1970; nor after it. 0 = time is unknown. */
};

/*! Whether the time is known. */
bool moment_has_time(const struct moment *now);

#endif
