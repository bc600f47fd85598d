/*! Refuses settings that cannot be meant, each with a line that names the key
 * and what is allowed. What declare.h says is in force is checked, not what the
 * file says. Starts nothing and touches no pin. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

#include "declare.h"

/*! Whether an ESP8266 can use this pin as an output: not those of its flash. */
bool settings_pin_drives(int pin);

/*! Whether every pin that the role uses exists, can do what is asked of it, and
 * has one use. ROLE_NONE is checked as ROLE_BOTH. */
bool settings_check_pins(enum role role);

/*! Whether all else is in its range. What is likely a mistake, and no danger to
 * the door, is only remarked. */
bool settings_check(enum role role);

#endif
