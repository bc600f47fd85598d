/*! Watchdog of the connection (PROTOCOL D7): the MQTT library has no timeout
 * for TLS or CONNACK, so a silent server would hold it for ever. It gives up the
 * attempt, and at last reboots. Knows neither locks nor buttons. */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <stdbool.h>

/*! Starts watching. `may_reboot` is asked before the reboot. */
void watchdog_start(bool (*may_reboot)(void));

#endif
