/*! What the status LED shows: off when all is well, else what is broken between
 * device and cloud; flashes answer a press. Knows neither pin nor network. */
#ifndef CORE_INDICATOR_H
#define CORE_INDICATOR_H

#include <stdbool.h>
#include <stdint.h>

/*! Length of a press's flash, and of the dark before it, in ms. */
#define INDICATOR_FLASH_MS 150u

/*! The state to show. */
enum indicator_state {
  INDICATOR_NO_NETWORK, /*!< 200 ms on, 200 ms off. Also at start-up. */
  INDICATOR_NO_CLOUD,   /*!< 1 s on, 1 s off. */
  INDICATOR_NO_CLOCK,   /*!< 100 ms on, every 2 s: unlocks are refused (D3). */
  INDICATOR_GOOD,       /*!< Off. */
  INDICATOR_SETTINGS,   /*!< 900 ms on, 100 ms off: the settings were
                             refused, or come from flash (D8). */
  INDICATOR_STATE_COUNT
};

/*! One LED. Zeroed memory is a valid start. */
struct indicator {
  uint64_t since_ms;       /*!< Uptime at which `state` began. */
  uint64_t flash_since_ms; /*!< Uptime at which the flashes began. */
  unsigned flashes;        /*!< Flashes in progress; 0 = none. */
  enum indicator_state state;
};

/*! Returns the state to show for this state of the connection. */
enum indicator_state indicator_choose_state(bool settings_are_good,
                                            bool has_network, bool is_connected,
                                            bool has_time);

/*! Shows `state` from `uptime_ms` on; the state already shown continues. */
void indicator_show(struct indicator *indicator, enum indicator_state state,
                    uint64_t uptime_ms);

/*! Flashes `count` times (1 … 100), then restarts the pattern of the state;
 * replaces flashes in progress. */
void indicator_flash(struct indicator *indicator, unsigned count,
                     uint64_t uptime_ms);

/*! Whether the LED is lit now. Call it every 50 ms for exact patterns. */
bool indicator_is_lit(struct indicator *indicator, uint64_t uptime_ms);

#endif
