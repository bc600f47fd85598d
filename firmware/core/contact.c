/*! Implements contact.h. */
#include "contact.h"

#include "status.h"

CORE_ASSERT(contact_is_small, sizeof(struct contact) <= 16);

void contact_start(struct contact *contact, uint32_t debounce_ms,
                   bool is_closed) {
  contact->differs_since_ms = 0;
  contact->debounce_ms = debounce_ms;
  contact->is_closed = is_closed;
  contact->differs = false;
}

bool contact_take_edge(struct contact *contact, bool is_closed) {
  bool changed = is_closed != contact->is_closed;
  contact->is_closed = is_closed;
  contact->differs = false;
  return changed;
}

bool contact_take_level(struct contact *contact, bool is_closed,
                        uint64_t uptime_ms) {
  if (is_closed == contact->is_closed) {
    contact->differs = false;
    return false;
  }
  if (!contact->differs) {
    contact->differs = true;
    contact->differs_since_ms = uptime_ms;
  }
  return uptime_ms - contact->differs_since_ms >= contact->debounce_ms &&
         contact_take_edge(contact, is_closed);
}
