/*! The lock on Mongoose OS: relay, contacts of door and exit button, command
 * topic. Decides nothing: that is core/lock.h. */
#ifndef LOCK_APP_H
#define LOCK_APP_H

#include <stdbool.h>

#include "watchdog.h"

/*! Sets the relay to its declared state and reads the journal (PROTOCOL D4).
 * Needs a declaration that says polarity and power-on state; all else may be
 * wrong. A pin that cannot drive a relay is left alone. */
void lock_app_power_on(void);

/*! Starts everything else, after lock_app_power_on and once settings.h has
 * found the settings good. Counts commands in `counts`. Returns false where the
 * relay's pin cannot be an output. */
bool lock_app_start(struct watchdog_counts *counts);

/*! Whether the broker has granted commands and the shadow's answers. */
bool lock_app_is_connected(void);

/*! Whether the shadow has answered all there is to say. */
bool lock_app_is_of_use(void);

/*! Whether a reboot would leave the latch as it is. */
bool lock_app_may_reboot(void);

#endif
