/*! Keeps the connection, shows it on the LED, and logs the device's health
 * (PROTOCOL D7). The MQTT library reconnects on a fixed beat and has no timeout
 * for TLS or CONNACK, so both are done here; core/link.h decides. Knows neither
 * locks nor buttons: what a connection is for, the role says. */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

/*! What the watchdog asks of the role that this device plays. */
struct watchdog_role {
  bool (*is_connected)(void); /*!< The way to the cloud is open. */
  bool (*is_of_use)(void);    /*!< And what was sent has been answered. */
  bool (*may_reboot)(void);   /*!< A reboot would move nothing. */
};

/*! What the roles count since boot, for the health log. */
struct watchdog_counts {
  uint32_t commands; /*!< Commands that became the journal's entry. */
  uint32_t refusals; /*!< Commands refused, malformed ones included. */
  uint32_t presses;  /*!< Presses sent. */
  uint32_t dropped;  /*!< Presses dropped. */
};

/*! Starts watching. `role` and `counts` stay the caller's and stay alive. Where
 * the settings are not those that were stated the light says so all the time.
 */
void watchdog_start(const struct watchdog_role *role,
                    const struct watchdog_counts *counts,
                    bool settings_are_stated);

#endif
