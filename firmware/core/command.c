/*! Implements command.h. */
#include "command.h"

#include <string.h>

#include "scan.h"
#include "text.h"

CORE_ASSERT(command_is_small, sizeof(struct command) <= 96);

enum member { V, ACTION, VERSION, ID, ISSUED, EXPIRES, MEMBER_COUNT };

static const char *const names[] = {"v",         "action",   "version",
                                    "commandId", "issuedAt", "expiresAt"};
CORE_ASSERT_COUNT(names, MEMBER_COUNT);

static const char *const errors[] = {"oversize", "syntax",   "duplicate",
                                     "type",     "protocol", "action",
                                     "range",    "missing"};
CORE_ASSERT_COUNT(errors, COMMAND_OVERSIZE - COMMAND_MISSING + 1);

static enum member member_of(const struct scan_value *key) {
  int i;
  for (i = 0; i < MEMBER_COUNT; i++) {
    if (scan_equals(key, names[i])) return (enum member) i;
  }
  return MEMBER_COUNT;
}

static int read_number(const struct scan_value *value, uint64_t *out) {
  int status = scan_read_unsigned(value, out);
  if (status == CORE_ESPACE) return COMMAND_RANGE;
  return status == CORE_OK ? CORE_OK : COMMAND_TYPE;
}

static int read_action(const struct scan_value *value, enum action *out) {
  if (value->kind != SCAN_STRING) return COMMAND_TYPE;
  *out = scan_equals(value, "lock") ? ACTION_LOCK : ACTION_UNLOCK;
  if (*out == ACTION_LOCK || scan_equals(value, "unlock")) return CORE_OK;
  return COMMAND_ACTION;
}

static int read_id(const struct scan_value *value, char *out) {
  if (value->kind != SCAN_STRING) return COMMAND_TYPE;
  if (scan_decode_string(value, out, COMMAND_ID_TAKEN_CHARS_MAX + 1) !=
          CORE_OK ||
      out[0] == '\0' || !text_is_name(out)) {
    return COMMAND_RANGE;
  }
  return CORE_OK;
}

static int read_member(enum member member, const struct scan_value *value,
                       struct command *command) {
  uint64_t number = 0;
  int status;
  switch (member) {
    case V:
      status = read_number(value, &number);
      if (status == CORE_OK && number != 1) status = COMMAND_PROTOCOL;
      return status;
    case ACTION:
      return read_action(value, &command->action);
    case VERSION:
      status = read_number(value, &command->version);
      if (status == CORE_OK && command->version == 0) status = COMMAND_RANGE;
      return status;
    case ID:
      return read_id(value, command->id);
    case ISSUED:
      return read_number(value, &command->issued_s);
    case EXPIRES:
      return read_number(value, &command->expires_s);
    case MEMBER_COUNT:
      break;
  }
  return CORE_OK;
}

int command_parse(const char *payload, size_t length, struct command *command) {
  struct scan scan;
  struct scan_value key, value;
  unsigned seen = 0, required = (1u << MEMBER_COUNT) - 1u;
  int more, status = CORE_OK;
  if (length > COMMAND_TAKEN_BYTES_MAX) return COMMAND_OVERSIZE;
  memset(command, 0, sizeof(*command));
  if (scan_open(&scan, payload, length) != CORE_OK) return COMMAND_SYNTAX;
  /* Reads to the end even after an error, because COMMAND_SYNTAX takes
   * precedence over every other one. */
  while ((more = scan_next(&scan, &key, &value)) > 0) {
    enum member member = member_of(&key);
    if (status != CORE_OK || member == MEMBER_COUNT) continue;
    status = (seen & (1u << member)) != 0
                 ? (int) COMMAND_DUPLICATE
                 : read_member(member, &value, command);
    seen |= 1u << member;
  }
  if (more != 0) return COMMAND_SYNTAX;
  if (command->action == ACTION_LOCK) required &= ~(1u << EXPIRES);
  if (status == CORE_OK && (seen & required) != required) {
    status = COMMAND_MISSING;
  }
  return status;
}

const char *command_error_name(int error) {
  if (error == CORE_OK) return "ok";
  if (error > COMMAND_OVERSIZE || error < COMMAND_MISSING) return "unknown";
  return errors[COMMAND_OVERSIZE - error];
}
