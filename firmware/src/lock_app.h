/*! The lock on Mongoose OS: relay, contacts of door and exit button, command
 * topic. Decides nothing: core/lock.h does. */
#ifndef LOCK_APP_H
#define LOCK_APP_H

#include <stdbool.h>

#include "watchdog.h"

/*! Sets the relay to its declared state and reads the journal (PROTOCOL D4).
 * Needs only polarity and power-on state to be valid. Does not touch a pin that
 * cannot drive a relay. */
void lock_app_power_on(void);

/*! Starts everything else, after lock_app_power_on and once settings.h has
 * accepted the settings. Counts commands in `counts`. Returns false if the
 * relay's pin cannot be an output. */
bool lock_app_start(struct watchdog_counts *counts);

/*! Whether the broker has granted every subscription. */
bool lock_app_is_connected(void);

/*! Whether the shadow has answered every report. */
bool lock_app_is_healthy(void);

/*! Whether a reboot would not move the latch. */
bool lock_app_may_reboot(void);

#endif
