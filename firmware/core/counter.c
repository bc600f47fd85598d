/*! Implements counter.h. */
#include "counter.h"

#include "status.h"

CORE_ASSERT(counter_is_small, sizeof(struct counter) <= 40);

int counter_load(struct counter *counter, const struct flash *flash,
                 uint32_t magic) {
  uint8_t payload[8];
  int status = slot_load(&counter->store, flash, magic, payload, 8);
  counter->value = slot_get(payload, 8);
  return status;
}

int counter_next(struct counter *counter, uint64_t above, uint64_t *value) {
  uint8_t payload[8];
  uint64_t next = (above > counter->value ? above : counter->value) + 1;
  int status;
  slot_put(payload, next, 8);
  status = slot_save(&counter->store, payload, 8);
  if (status != CORE_OK) return status;
  counter->value = next;
  *value = next;
  return CORE_OK;
}
