/*! The button on Mongoose OS: pin, LED, press topic. Decides nothing: what is a
 * press is in core/press.h. */
#ifndef BUTTON_APP_H
#define BUTTON_APP_H

#include <stdbool.h>

#include "declare.h"
#include "watchdog.h"

/*! Starts the button, once settings.h has found the settings good. Returns
 * false where its pin cannot be an input. Counts presses in `counts`. A board
 * that is a button alone has a shadow of its own for its health and its time.
 */
bool button_app_start(struct watchdog_counts *counts, enum role role);

/*! Whether a press would leave now. */
bool button_app_is_connected(void);

/*! Whether the shadow has answered all there is to say. */
bool button_app_is_of_use(void);

#endif
