/*! The lock on Mongoose OS: relay, door contact, command topic, shadow. Decides
 * nothing: that is core/lock.h. */
#ifndef LOCK_APP_H
#define LOCK_APP_H

#include <stdbool.h>

/*! Sets the relay to its declared state, then starts everything else.
 * Returns false where the configuration cannot be a lock's. */
bool lock_app_start(void);

/*! Whether a reboot would leave the latch as it is. */
bool lock_app_may_reboot(void);

#endif
