/*! Keeps the connection, shows it on the LED, and logs the device's health
 * (PROTOCOL D7). The MQTT library reconnects at a fixed interval and has no
 * timeout for TLS or CONNACK, so both are done here; core/link.h decides. Knows
 * neither locks nor buttons: the role knows what the connection is for. */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

/*! What the watchdog asks this device's role. */
struct watchdog_role {
  bool (*is_connected)(void); /*!< The connection to the cloud is open. */
  bool (*is_healthy)(void);   /*!< And every report has been answered. */
  bool (*may_reboot)(void);   /*!< A reboot would not move the latch. */
};

/*! The roles' counts since boot, for the health log. */
struct watchdog_counts {
  uint32_t commands; /*!< Commands that became the journal's entry. */
  uint32_t refusals; /*!< Commands refused, malformed ones included. */
  uint32_t presses;  /*!< Presses sent. */
  uint32_t dropped;  /*!< Presses dropped. */
};

/*! Starts watching. The caller keeps `role` and `counts` alive. Unless the
 * stated settings are in force, the LED shows INDICATOR_SETTINGS. */
void watchdog_start(const struct watchdog_role *role,
                    const struct watchdog_counts *counts,
                    bool settings_are_stated);

#endif
