/*! Implements journal.h. Payload: version (8, little-endian), action, result,
 * after_loss, a reserved byte, command id padded with zeros. */
#include "journal.h"

#include <string.h>

#include "status.h"

#define MAGIC 0x314e4a4cu /* "LJN1" */
#define ID_AT 12
#define PAYLOAD_BYTES (ID_AT + COMMAND_ID_TAKEN_CHARS_MAX + 1)

CORE_ASSERT(journal_fits_slot, PAYLOAD_BYTES <= SLOT_PAYLOAD_BYTES_MAX);
CORE_ASSERT(journal_is_small, sizeof(struct journal) <= 128);

static void encode(const struct journal_entry *entry, uint8_t *payload) {
  memset(payload, 0, PAYLOAD_BYTES);
  slot_put(payload, entry->version, 8);
  payload[8] = (uint8_t) entry->action;
  payload[9] = (uint8_t) entry->result;
  payload[10] = entry->after_loss;
  memcpy(payload + ID_AT, entry->command_id, COMMAND_ID_TAKEN_CHARS_MAX);
}

static int decode(const uint8_t *payload, struct journal_entry *entry) {
  if (payload[8] < ACTION_LOCK || payload[8] > ACTION_UNLOCK ||
      payload[9] < RESULT_EXECUTED || payload[9] > RESULT_EXPIRED) {
    return CORE_EBLANK;
  }
  entry->version = slot_get(payload, 8);
  entry->action = (enum action) payload[8];
  entry->result = (enum result) payload[9];
  entry->after_loss = payload[10] != 0;
  memcpy(entry->command_id, payload + ID_AT, COMMAND_ID_TAKEN_CHARS_MAX);
  return CORE_OK;
}

int journal_load(struct journal *journal, const struct flash *flash) {
  uint8_t payload[PAYLOAD_BYTES];
  int status, decoded;
  memset(&journal->entry, 0, sizeof(journal->entry));
  status = slot_load(&journal->store, flash, MAGIC, payload, PAYLOAD_BYTES);
  decoded = decode(payload, &journal->entry);
  if (status == CORE_OK) status = decoded;
  journal->trusted = status == CORE_OK;
  journal->lost = status != CORE_OK || journal->entry.after_loss;
  return status;
}

int journal_write(struct journal *journal, const struct journal_entry *entry) {
  uint8_t payload[PAYLOAD_BYTES];
  int status;
  encode(entry, payload);
  status = slot_save(&journal->store, payload, PAYLOAD_BYTES);
  if (status != CORE_OK) return status;
  journal->entry = *entry;
  if (entry->action == ACTION_LOCK) journal->trusted = true;
  if (!entry->after_loss) journal->lost = false;
  return CORE_OK;
}
