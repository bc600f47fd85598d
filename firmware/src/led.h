/*! The LED: shows core/indicator on a pin, or does nothing without one. The
 * callers choose what to show. */
#ifndef LED_H
#define LED_H

#include "indicator.h"

/*! Takes the pin from pins.led and shows INDICATOR_NO_NETWORK. */
void led_start(void);

/*! Shows a state until the next one. */
void led_show(enum indicator_state state);

/*! Answers a press: 1 = sent, 4 = dropped offline, 6 = flash memory failed. */
void led_flash(unsigned count);

#endif
