/*! The level of one contact: a door, a push button. The platform calls a
 * handler for each debounced edge, but loses the edges that occur while a
 * handler runs. So every tick reads the level as well, and a level that has
 * differed for the debounce time counts as an edge. Knows neither the pin nor
 * its purpose. */
#ifndef CORE_CONTACT_H
#define CORE_CONTACT_H

#include <stdbool.h>
#include <stdint.h>

/*! One contact. */
struct contact {
  uint64_t differs_since_ms; /*!< Uptime; only while `differs`. */
  uint32_t debounce_ms;      /*!< A level this old is not bounce. */
  bool is_closed;            /*!< The level that counts. */
  bool differs;              /*!< The last tick saw another level. */
};

/*! Starts with the present level. */
void contact_start(struct contact *contact, uint32_t debounce_ms,
                   bool is_closed);

/*! Takes a debounced edge from a handler. Returns true if the level changed. */
bool contact_take_edge(struct contact *contact, bool is_closed);

/*! Takes the level that a tick reads, bounces included. Returns true if the
 * level changed: it has differed for the debounce time. */
bool contact_take_level(struct contact *contact, bool is_closed,
                        uint64_t uptime_ms);

#endif
