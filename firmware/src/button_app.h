/*! The button on Mongoose OS: pin, LED, press topic. Decides nothing: what is a
 * press is in core/press.h. */
#ifndef BUTTON_APP_H
#define BUTTON_APP_H

#include <stdbool.h>

#include "watchdog.h"

/*! Starts the button, once settings.h has found the settings good. Returns
 * false where its pin cannot be an input. Counts presses in `counts`. */
bool button_app_start(struct watchdog_counts *counts);

/*! Whether a press would leave now. */
bool button_app_is_connected(void);

#endif
