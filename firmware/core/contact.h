/*! The level of one contact: a door, a push button.
 *
 * The platform calls a handler for each debounced edge, and loses the edges
 * that come while a handler runs. So the level is looked at in every tick as
 * well, and one that has differed for the debounce time counts as an edge.
 * Knows no pin and not what the contact is for.
 */
#ifndef CORE_CONTACT_H
#define CORE_CONTACT_H

#include <stdint.h>

/*! One contact. */
struct contact {
  uint64_t differs_since_ms; /*!< Uptime; only while `differs`. */
  uint32_t debounce_ms;      /*!< A level this old is no bounce. */
  uint8_t is_closed;         /*!< As it is believed to be. */
  uint8_t differs;           /*!< The last look saw another level. */
};

/*! Starts with the level as it is. */
void contact_start(struct contact *contact, uint32_t debounce_ms,
                   int is_closed);

/*! Takes a debounced edge from a handler. Returns 1 when the level changed. */
int contact_note(struct contact *contact, int is_closed);

/*! Takes the level that a tick sees, bounces included. Returns 1 when the level
 * changed: it has differed for the debounce time. */
int contact_look(struct contact *contact, int is_closed, uint64_t uptime_ms);

#endif
