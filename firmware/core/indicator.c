/*! Implements indicator.h. */
#include "indicator.h"

#include "status.h"

CORE_ASSERT(indicator_is_small, sizeof(struct indicator) <= 32);

static const uint16_t on_ms[] = {200, 1000, 100, 0, 900};
static const uint16_t period_ms[] = {400, 2000, 2000, 1, 1000};
CORE_ASSERT_COUNT(on_ms, INDICATOR_STATE_COUNT);
CORE_ASSERT_COUNT(period_ms, INDICATOR_STATE_COUNT);

enum indicator_state indicator_choose_state(bool settings_are_good,
                                            bool has_network, bool is_connected,
                                            bool has_time) {
  if (!settings_are_good) return INDICATOR_SETTINGS;
  if (is_connected) return has_time ? INDICATOR_GOOD : INDICATOR_NO_CLOCK;
  return has_network ? INDICATOR_NO_CLOUD : INDICATOR_NO_NETWORK;
}

void indicator_show(struct indicator *indicator, enum indicator_state state,
                    uint64_t uptime_ms) {
  if (state == indicator->state) return;
  indicator->state = state;
  indicator->since_ms = uptime_ms;
}

void indicator_flash(struct indicator *indicator, unsigned count,
                     uint64_t uptime_ms) {
  indicator->flashes = count;
  indicator->flash_since_ms = uptime_ms;
}

bool indicator_is_lit(struct indicator *indicator, uint64_t uptime_ms) {
  uint32_t at_ms = (uint32_t) (uptime_ms - indicator->flash_since_ms);
  if (indicator->flashes != 0) {
    /* Dark before each flash and after the last, so that a person can count
     * them over any state. */
    unsigned half = at_ms / INDICATOR_FLASH_MS;
    if (half <= 2 * indicator->flashes) return half % 2 != 0;
    indicator->flashes = 0;
    indicator->since_ms = uptime_ms; /* A whole blink, not a fifth flash. */
  }
  at_ms = (uint32_t) (uptime_ms - indicator->since_ms);
  return at_ms % period_ms[indicator->state] < on_ms[indicator->state];
}
