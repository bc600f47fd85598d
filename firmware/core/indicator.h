/*! What the status LED shows: off when all is well, else where the way to the
 * cloud is broken; flashes answer a press. Knows no pin and no network. */
#ifndef CORE_INDICATOR_H
#define CORE_INDICATOR_H

#include <stdint.h>

/*! Length of a press's flash, and of the dark before it, in ms. */
#define INDICATOR_FLASH_MS 150u

/*! The state to show. */
enum indicator_state {
  INDICATOR_NO_NETWORK, /*!< 200 ms on, 200 ms off. Also at start-up. */
  INDICATOR_NO_CLOUD,   /*!< 1 s on, 1 s off. */
  INDICATOR_NO_CLOCK,   /*!< 100 ms on, every 2 s: unlocks are refused (D3). */
  INDICATOR_GOOD,       /*!< Off. */
  INDICATOR_SETTINGS /*!< 900 ms on, 100 ms off, over all others: the settings
                          were refused, or are the kept ones (D8). */
};

/*! One LED. Zeroed memory is a valid start. */
struct indicator {
  uint64_t since_ms;       /*!< Uptime at which `state` began. */
  uint64_t flash_since_ms; /*!< Uptime at which the flashes began. */
  unsigned flashes;        /*!< How many; 0 = none under way. */
  enum indicator_state state;
};

/*! The state for what is known of the way to the cloud. */
enum indicator_state indicator_state_of(int settings_are_good, int has_network,
                                        int is_connected, int has_time);

/*! Shows `state` from `uptime_ms` on; a state that is shown already goes on. */
void indicator_show(struct indicator *indicator, enum indicator_state state,
                    uint64_t uptime_ms);

/*! Flashes `count` times (1 … 100), over the state, whose pattern then begins
 * again; flashes under way end. */
void indicator_flash(struct indicator *indicator, unsigned count,
                     uint64_t uptime_ms);

/*! Whether the LED is lit now. Exact when asked every 50 ms. */
int indicator_is_lit(struct indicator *indicator, uint64_t uptime_ms);

#endif
