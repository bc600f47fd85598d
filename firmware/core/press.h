/*! Tells single, double and long presses of one button apart, and formats them
 * (PROTOCOL section 2). Takes debounced edges, readings of the pin and the
 * caller's time. After a double or long press, taps are ignored until the
 * button has rested for the quiet time, so that a third tap is not a press of
 * its own. Knows neither pin nor topic. */
#ifndef CORE_PRESS_H
#define CORE_PRESS_H

#include <stddef.h>
#include <stdint.h>

#include "contact.h"

/*! Longest press payload, NUL included. */
#define PRESS_BYTES_MAX 320

/*! Longest serial number that press_format takes. */
#define PRESS_SERIAL_CHARS_MAX 128

/*! A press, in the AWS IoT Button's terms. */
enum press { PRESS_NONE, PRESS_SINGLE, PRESS_DOUBLE, PRESS_LONG, PRESS_COUNT };

/*! Progress of a press. */
enum press_phase {
  PRESS_IDLE,
  PRESS_FIRST_DOWN,
  PRESS_FIRST_UP, /*!< Released: a second press may follow. */
  PRESS_SETTLING  /*!< Decided: wait for release and rest. */
};

/*! One button's classifier. */
struct press_classifier {
  struct contact contact; /*!< Closed while the button is down. */
  uint32_t quiet_ms;      /*!< Longest gap inside a double press; >= 1. */
  uint32_t long_ms;       /*!< Held at least this long: a long press; >= 1. */
  uint64_t since_ms;      /*!< Uptime of the last edge that counted. */
  enum press_phase phase;
};

/*! Times of a button, in ms from 1 to 2^31. */
struct press_settings {
  uint32_t quiet_ms;
  uint32_t long_ms;
  uint32_t debounce_ms;
};

/*! Starts. A button that is down at power-on counts only after its release. */
void press_start(struct press_classifier *classifier,
                 const struct press_settings *settings, bool is_down,
                 uint64_t uptime_ms);

/*! Takes an edge from a handler. An edge to the present level only lets time
 * pass, except that one to "down" restarts the hold: the button was up in
 * between. `uptime_ms` never decreases. Returns the press that it completes, if
 * any; never PRESS_LONG, which needs a reading of the pin. */
enum press press_take_edge(struct press_classifier *classifier, bool is_down,
                           uint64_t uptime_ms);

/*! Lets time pass; `is_down` is the pin's level now. A level that has differed
 * from the classifier's for the debounce time is an edge that was lost. Returns
 * the press that this completes, if any. */
enum press press_tick(struct press_classifier *classifier, bool is_down,
                      uint64_t uptime_ms);

/*! The caller may have missed edges until now: a hold is measured from now on,
 * so that two taps are never one long press. */
void press_restart_hold(struct press_classifier *classifier,
                        uint64_t uptime_ms);

/*! Uptime at which press_tick must be called, or 0. */
uint64_t press_due_ms(const struct press_classifier *classifier);

/*! The AWS IoT Button's word: "SINGLE", "DOUBLE", "LONG"; "NONE" for logs. */
const char *press_name(enum press press);

/*! The contents of one press. */
struct press_message {
  const char *serial;  /*!< 1 to PRESS_SERIAL_CHARS_MAX of [A-Za-z0-9._:-]. */
  uint64_t sequence;   /*!< Strictly increasing for the life of the button; 0 =
                            the button cannot guarantee one. */
  uint64_t pressed_ms; /*!< Since 1970; 0 = the time is unknown. Shows the cloud
                            the age of a press that was delayed (C4). */
  uint32_t
      good_for_ms; /*!< How long the button waits for its answer before it
                        signals that the press was dropped; 0 = unstated. */
  uint32_t supply_mv;
  enum press press;
};

/*! Formats a press like the AWS IoT Button, with our own buttons' additions:
 * {"serialNumber":"button-1","clickType":"SINGLE","batteryVoltage":"3300mV",
 * "sequence":412,"pressedAt":1763779512100,"goodForMs":3000}; zeros of the last
 * three are omitted.
 * Errors: CORE_EARG for an invalid serial; CORE_ESPACE, never with
 * PRESS_BYTES_MAX. */
int press_format(const struct press_message *message, char *out, size_t size,
                 size_t *length);

#endif
