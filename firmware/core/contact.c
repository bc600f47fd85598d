/*! Implements contact.h. */
#include "contact.h"

#include "status.h"

CORE_ASSERT(contact_is_small, sizeof(struct contact) <= 16);

void contact_start(struct contact *contact, uint32_t debounce_ms,
                   int is_closed) {
  contact->differs_since_ms = 0;
  contact->debounce_ms = debounce_ms;
  contact->is_closed = is_closed != 0;
  contact->differs = 0;
}

int contact_note(struct contact *contact, int is_closed) {
  int changed = (is_closed != 0) != contact->is_closed;
  contact->is_closed = is_closed != 0;
  contact->differs = 0;
  return changed;
}

int contact_look(struct contact *contact, int is_closed, uint64_t uptime_ms) {
  if ((is_closed != 0) == contact->is_closed) {
    contact->differs = 0;
    return 0;
  }
  if (!contact->differs) {
    contact->differs = 1;
    contact->differs_since_ms = uptime_ms;
  }
  if (uptime_ms - contact->differs_since_ms < contact->debounce_ms) return 0;
  return contact_note(contact, is_closed);
}
