/*! Implements declaration.h. Payload: the declaration as in the chip's memory,
 * because flash and chip belong to one board. */
#include "declaration.h"

#include <string.h>

#include "status.h"

#define MAGIC 0x324c4344u /* "DCL2" */

CORE_ASSERT(declaration_fits_slot,
            sizeof(struct declaration) <= SLOT_PAYLOAD_BYTES_MAX);
CORE_ASSERT(declaration_has_no_padding, sizeof(struct declaration) == 28);

int declaration_load(struct declaration_store *store,
                     const struct flash *flash) {
  return slot_load(&store->store, flash, MAGIC, &store->kept,
                   sizeof(store->kept));
}

enum declaration_source declaration_choose(
    const struct declaration_store *store, const struct declaration *stated,
    bool is_stated, enum declaration_file file) {
  const struct declaration *kept = &store->kept;
  bool may_state = file == FILE_WHOLE ||
                   (file == FILE_ABSENT && !(kept->role && kept->has_file));
  if (is_stated && may_state) return DECLARATION_STATED;
  if (kept->role == 0 ||
      (file == FILE_WHOLE && stated->role != 0 && stated->role != kept->role)) {
    return DECLARATION_NONE;
  }
  return DECLARATION_KEPT;
}

int declaration_keep(struct declaration_store *store,
                     const struct declaration *declaration) {
  int status;
  if (memcmp(declaration, &store->kept, sizeof(*declaration)) == 0) {
    return CORE_OK;
  }
  status = slot_save(&store->store, declaration, sizeof(*declaration));
  if (status == CORE_OK) store->kept = *declaration;
  return status;
}
