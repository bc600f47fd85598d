/*! A point in time as the caller knows it: the core has no clock of its own. */
#ifndef CORE_MOMENT_H
#define CORE_MOMENT_H

#include <stdint.h>

/*! Monotonic time, wall time, and how far wall time may be believed. */
struct moment {
  uint64_t uptime_ms;
  uint64_t wall_ms;        /*!< Since 1970; meaningless unless synced. */
  uint64_t synced_at_ms;   /*!< Uptime of the last clock sync. */
  int synced;              /*!< The clock was set since boot. */
};

#endif
