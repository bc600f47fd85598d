/*! The button on Mongoose OS: pin, LED, press topic. Decides nothing:
 * core/press.h decides what a press is. */
#ifndef BUTTON_APP_H
#define BUTTON_APP_H

#include <stdbool.h>

#include "declare.h"
#include "watchdog.h"

/*! Starts the button, once settings.h has accepted the settings. Returns false
 * if its pin cannot be an input. Counts presses in `counts`. With ROLE_BUTTON
 * alone, it has its own shadow for its health and its time. */
bool button_app_start(struct watchdog_counts *counts, enum role role);

/*! Whether a press would be sent now. */
bool button_app_is_connected(void);

/*! Whether the shadow has answered every report. */
bool button_app_is_healthy(void);

#endif
