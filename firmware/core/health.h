/*! A button's report to its own shadow, and the update that carries it
 * (PROTOCOL section 2). The answers give the button its time (D3). Knows
 * neither the topic nor when to send. */
#ifndef CORE_HEALTH_H
#define CORE_HEALTH_H

#include "moment.h"
#include "press.h"

/*! Longest update, NUL included. */
#define HEALTH_UPDATE_BYTES_MAX 384

/*! The contents of one update. */
struct health {
  const char *firmware; /*!< Of [A-Za-z0-9.+-], 1 to 15 characters. */
  int32_t rssi_dbm;
  uint32_t boot_count;
  uint32_t number; /*!< Of the update, see reporter.h. */
  uint32_t supply_mv;
  uint64_t sequence;   /*!< The last one issued; 0 = none. */
  enum press press;    /*!< The last one sent; PRESS_NONE = none yet. */
  uint64_t pressed_ms; /*!< Its time, since 1970; 0 = unknown. */
};

/*! Writes the whole update, ready to publish.
 * Errors: CORE_ESPACE; never with HEALTH_UPDATE_BYTES_MAX. */
int health_format_update(const struct health *health, const struct moment *now,
                         char *out, size_t size, size_t *length);

#endif
