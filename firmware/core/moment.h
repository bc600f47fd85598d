/*! A point in time as the caller knows it: the core has no clock of its own. */
#ifndef CORE_MOMENT_H
#define CORE_MOMENT_H

#include <stdint.h>

/*! Monotonic time, and the bounds between which the true time lies
 * (PROTOCOL D3). clock.h makes the bounds. */
struct moment {
  uint64_t uptime_ms;   /*!< Since power-on; never goes back. */
  uint64_t earliest_ms; /*!< Since 1970; the true time is not before it. */
  uint64_t latest_ms;   /*!< Since 1970; nor after it. 0 = time is not known. */
};

#endif
