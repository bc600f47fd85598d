/*! A small record in flash that survives a power cut at any byte (D1).
 *
 * A save goes to the slot that does not hold the newest record, so that a torn
 * write leaves that record whole. Each of the two slots: magic, generation,
 * length, payload, CRC-32, all little-endian. The caller provides the functions
 * that access flash. Does not know what it stores.
 *
 * Wear: a save is one erase of a slot, one write of 28 to 80 bytes and one read
 * back; nothing else writes. With two files of SPIFFS (4 KB blocks, 256 byte
 * pages) as slots, a save of the journal was measured at 11 flash writes, 419
 * bytes in all, and 0.133 block erases, 0.027 of them on the busiest block. */
#ifndef CORE_SLOT_H
#define CORE_SLOT_H

#include <stddef.h>
#include <stdint.h>

/*! Longest payload of a slot. */
#define SLOT_PAYLOAD_BYTES_MAX 64

/*! A whole slot: 12 bytes of header, the payload, 4 bytes of CRC. */
#define SLOT_BYTES_MAX (12 + SLOT_PAYLOAD_BYTES_MAX + 4)

/*! Flash as the caller offers it: two slots, numbered 0 and 1.
 *
 * Each function returns 0 or a negative code. `read` fills what was never
 * written with 0xFF. `write` is durable when it returns and only ever follows
 * an `erase` of the same slot. A cut during `write` or `erase` may leave any
 * bytes in that slot, and must not change the other one. */
struct flash {
  int (*read)(void *context, unsigned slot, void *data, size_t length);
  int (*write)(void *context, unsigned slot, const void *data, size_t length);
  int (*erase)(void *context, unsigned slot);
  void *context;
};

/*! The state of one two-slot record. */
struct slot_store {
  const struct flash *flash;
  uint32_t magic;      /*!< Identifies this kind of record. */
  uint32_t generation; /*!< Of the newest record; 0 = none. */
  unsigned newest;     /*!< Slot of the newest record. */
};

/*! Finds the newest whole record and reads its payload of exactly `length`
 * bytes (<= SLOT_PAYLOAD_BYTES_MAX).
 * Errors: CORE_EBLANK when no slot holds one; CORE_EIO when a slot, which might
 * hold the newest record, could not be read. `payload` is then the other slot's
 * record, or zeroed if there is none. */
int slot_load(struct slot_store *store, const struct flash *flash,
              uint32_t magic, void *payload, size_t length);

/*! Saves a payload of `length` bytes and reads it back. If no record was known,
 * the other slot is erased too: an unreadable record must not win later.
 * Errors: CORE_EIO; the previous record is still whole. */
int slot_save(struct slot_store *store, const void *payload, size_t length);

/*! Writes the low `bytes` (1 … 8) of `value`, little-endian. */
void slot_put(uint8_t *at, uint64_t value, int bytes);

/*! Reads what slot_put wrote. */
uint64_t slot_get(const uint8_t *at, int bytes);

#endif
