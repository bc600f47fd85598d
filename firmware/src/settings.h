/*! Refuses invalid settings, each with a log line that names the key and what
 * is allowed. Checks what declare.h has put in force, not the file. Starts
 * nothing and touches no pin. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

#include "declare.h"

/*! Whether an ESP8266 can use this pin as an output: not its flash's pins. */
bool settings_pin_drives(int pin);

/*! Whether every pin that the role uses exists, suits its purpose and is used
 * once. ROLE_NONE is checked as ROLE_BOTH. */
bool settings_check_pins(enum role role);

/*! Whether all other settings are in range. Likely mistakes that do not
 * endanger the door are only logged. */
bool settings_check(enum role role);

#endif
