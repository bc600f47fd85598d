/*! Implements slot.h. */
#include "slot.h"

#include <stdbool.h>
#include <string.h>

#include "crc.h"
#include "status.h"

#define HEAD_BYTES 12

CORE_ASSERT(slot_store_is_small, sizeof(struct slot_store) <= 32);
CORE_ASSERT(slot_is_80_bytes, SLOT_BYTES_MAX == 80);

void slot_put(uint8_t *at, uint64_t value, int bytes) {
  for (; bytes > 0; bytes--) {
    *at++ = (uint8_t) value;
    value >>= 8;
  }
}

uint64_t slot_get(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  while (bytes > 0) value = (value << 8) | at[--bytes];
  return value;
}

/* Whether `bytes` is a whole record of this store; writes its generation. */
static bool is_whole(const struct slot_store *store, const uint8_t *bytes,
                     size_t length, uint32_t *generation) {
  if (slot_get(bytes, 4) != store->magic || slot_get(bytes + 8, 4) != length ||
      slot_get(bytes + HEAD_BYTES + length, 4) !=
          crc_compute(bytes, HEAD_BYTES + length)) {
    return false;
  }
  *generation = (uint32_t) slot_get(bytes + 4, 4);
  return *generation != 0;
}

int slot_load(struct slot_store *store, const struct flash *flash,
              uint32_t magic, void *payload, size_t length) {
  uint8_t bytes[SLOT_BYTES_MAX];
  uint32_t generation = 0;
  unsigned slot;
  bool unreadable = false;
  if (length > SLOT_PAYLOAD_BYTES_MAX) return CORE_EARG;
  memset(store, 0, sizeof(*store));
  memset(payload, 0, length);
  store->flash = flash;
  store->magic = magic;
  for (slot = 0; slot < 2; slot++) {
    if (flash->read(flash->context, slot, bytes, HEAD_BYTES + length + 4) !=
        CORE_OK) {
      unreadable = true;
      continue;
    }
    if (!is_whole(store, bytes, length, &generation)) continue;
    if (generation <= store->generation) continue;
    store->generation = generation;
    store->newest = slot;
    memcpy(payload, bytes + HEAD_BYTES, length);
  }
  if (unreadable) return CORE_EIO;
  return store->generation == 0 ? CORE_EBLANK : CORE_OK;
}

int slot_save(struct slot_store *store, const void *payload, size_t length) {
  const struct flash *flash = store->flash;
  uint8_t bytes[SLOT_BYTES_MAX], back[SLOT_BYTES_MAX];
  size_t total = HEAD_BYTES + length + 4;
  unsigned slot = store->generation == 0 ? 0u : 1u - store->newest;
  if (length > SLOT_PAYLOAD_BYTES_MAX) return CORE_EARG;
  slot_put(bytes, store->magic, 4);
  slot_put(bytes + 4, store->generation + 1, 4);
  slot_put(bytes + 8, length, 4);
  memcpy(bytes + HEAD_BYTES, payload, length);
  slot_put(bytes + HEAD_BYTES + length, crc_compute(bytes, HEAD_BYTES + length),
           4);
  /* If no record is known, the other slot may hold one that could not be read:
   * its generation would win once it becomes readable. */
  if (flash->erase(flash->context, slot) != CORE_OK ||
      flash->write(flash->context, slot, bytes, total) != CORE_OK ||
      flash->read(flash->context, slot, back, total) != CORE_OK ||
      memcmp(bytes, back, total) != 0 ||
      (store->generation == 0 &&
       flash->erase(flash->context, 1 - slot) != CORE_OK)) {
    /* A record that reached flash must not count as saved after a reboot. */
    (void) flash->erase(flash->context, slot);
    return CORE_EIO;
  }
  store->generation++;
  store->newest = slot;
  return CORE_OK;
}
