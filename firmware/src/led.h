/*! The LED: a steady state, and flashes over it. Knows nothing of what they
 * mean; the apps choose. Without a pin everything here does nothing. */
#ifndef LED_H
#define LED_H

#include <stdbool.h>

/*! Takes the pin from pins.led and switches the LED off. */
void led_start(void);

/*! Sets the steady state, shown whenever no flash is under way. */
void led_steady(bool lit);

/*! Flashes `count` times, then returns to the steady state. */
void led_flash(int count);

#endif
