/*! Implements command.h. */
#include "command.h"

#include <string.h>

#include "scan.h"
#include "text.h"

CORE_ASSERT(command_is_small, sizeof(struct command) <= 96);

enum member { V, ACTION, VERSION, ID, ISSUED, EXPIRES, MEMBERS, UNKNOWN };

static const char *const names[MEMBERS] = {
    "v", "action", "version", "commandId", "issuedAt", "expiresAt"};

static enum member member_of(const struct scan_value *key) {
  int i;
  for (i = 0; i < MEMBERS; i++) {
    if (scan_is(key, names[i])) return (enum member) i;
  }
  return UNKNOWN;
}

static int read_number(const struct scan_value *value, uint64_t *out) {
  int status = scan_unsigned(value, out);
  if (status == CORE_ESPACE) return COMMAND_RANGE;
  if (status != CORE_OK) return COMMAND_TYPE;
  return CORE_OK;
}

static int read_action(const struct scan_value *value, enum action *out) {
  if (value->kind != SCAN_STRING) return COMMAND_TYPE;
  if (scan_is(value, "lock")) {
    *out = ACTION_LOCK;
  } else if (scan_is(value, "unlock")) {
    *out = ACTION_UNLOCK;
  } else {
    return COMMAND_ACTION;
  }
  return CORE_OK;
}

static int read_id(const struct scan_value *value, char *out) {
  if (value->kind != SCAN_STRING) return COMMAND_TYPE;
  if (scan_string(value, out, COMMAND_ID_CHARS_MAX + 1) != CORE_OK ||
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
    case MEMBERS:
    case UNKNOWN:
      break;
  }
  return CORE_OK;
}

int command_parse(const char *payload, size_t length, struct command *command) {
  struct scan scan;
  struct scan_value key, value;
  unsigned seen = 0, required = (1u << MEMBERS) - 1u;
  int more, status = CORE_OK;
  if (length > COMMAND_BYTES_MAX) return COMMAND_OVERSIZE;
  memset(command, 0, sizeof(*command));
  if (scan_open(&scan, payload, length) != CORE_OK) return COMMAND_SYNTAX;
  /* To the end, whatever is wrong before it: a text that is no JSON is that
   * first of all. */
  while ((more = scan_next(&scan, &key, &value)) > 0) {
    enum member member = member_of(&key);
    if (status != CORE_OK || member == UNKNOWN) continue;
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
  static const char *const errors[] = {"oversize", "syntax",   "duplicate",
                                       "type",     "protocol", "action",
                                       "range",    "missing"};
  if (error == CORE_OK) return "ok";
  if (error > COMMAND_OVERSIZE || error < COMMAND_MISSING) return "unknown";
  return errors[COMMAND_OVERSIZE - error];
}
