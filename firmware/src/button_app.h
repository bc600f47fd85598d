/*! The button on Mongoose OS: pin, LED, press topic. Decides nothing: what is a
 * press is in core/press.h. */
#ifndef BUTTON_APP_H
#define BUTTON_APP_H

#include <stdbool.h>

/*! Starts the button. Returns false where its pin cannot be an input. */
bool button_app_start(void);

#endif
