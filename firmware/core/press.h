/*! Tells single, double and long presses of one button apart, and words them
 * (PROTOCOL section 2).
 *
 * Takes debounced edges, looks at the pin and the caller's time. After a double
 * or long press further taps are swallowed until the button has rested for the
 * quiet time: a third tap must not become a press of its own. Knows no pin and
 * no topic.
 */
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
enum press { PRESS_NONE = 0, PRESS_SINGLE, PRESS_DOUBLE, PRESS_LONG };

/*! Where in a press the button is. */
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
  uint64_t since_ms;      /*!< Uptime of the last edge that mattered. */
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
                 const struct press_settings *settings, int down,
                 uint64_t uptime_ms);

/*! Takes an edge from a handler: `down` is 1 or 0. One that changes nothing is
 * time passing, but a button that goes down once more was up meanwhile: its
 * hold is measured again. `uptime_ms` never goes back. Returns the press that
 * it completes, if any; never PRESS_LONG, which needs a look at the pin. */
enum press press_edge(struct press_classifier *classifier, int down,
                      uint64_t uptime_ms);

/*! Lets time pass; `down` is the pin's level now. A level that has differed
 * from the classifier's for the debounce time is an edge that was lost. Returns
 * the press that this completes, if any. */
enum press press_tick(struct press_classifier *classifier, int down,
                      uint64_t uptime_ms);

/*! Says that the caller was busy until now and may have missed edges: a hold is
 * measured again from here, so that two taps are never one long press. */
void press_missed(struct press_classifier *classifier, uint64_t uptime_ms);

/*! Uptime at which press_tick has something to do, or 0. */
uint64_t press_due_ms(const struct press_classifier *classifier);

/*! The AWS IoT Button's word, for logs also "NONE": "SINGLE", "DOUBLE" or
 * "LONG". */
const char *press_name(enum press press);

/*! Everything a press says. */
struct press_message {
  const char *serial;   /*!< 1 to PRESS_SERIAL_CHARS_MAX of [A-Za-z0-9._:-]. */
  uint64_t sequence;    /*!< Strictly increasing for the life of the button; 0 =
                             the button cannot vouch for one. */
  uint64_t pressed_ms;  /*!< Since 1970; 0 = the clock is not set. It tells the
                             cloud how old a press is that was long on its way
                             (C4). */
  uint32_t good_for_ms; /*!< How long the button waits for its answer; after
                             that it has said that the press was dropped. 0 =
                             it does not say. */
  uint32_t supply_mv;
  enum press press;
};

/*! Words a press as the AWS IoT Button does, with what our own buttons add:
 * {"serialNumber":"button-1","clickType":"SINGLE","batteryVoltage":"3300mV",
 * "sequence":412,"pressedAt":1763779512100,"goodForMs":3000}; what is 0 is left
 * out.
 * Errors: CORE_EARG for a serial that is not as described; CORE_ESPACE, never
 * with PRESS_BYTES_MAX. */
int press_format(const struct press_message *message, char *out, size_t size,
                 size_t *length);

#endif
