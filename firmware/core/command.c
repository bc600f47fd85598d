/*! Implements command.h. */
#include "command.h"

#include <string.h>

#include "scan.h"

CORE_ASSERT(command_is_small, sizeof(struct command) <= 96);

enum member { V, ACTION, VERSION, ID, ISSUED, EXPIRES, MEMBERS, UNKNOWN };

static const char *const names[MEMBERS] = {"v",         "action",   "version",
                                           "commandId", "issuedAt", "expiresAt"};

static enum member member_of(const struct scan_value *key) {
  int i;
  for (i = 0; i < MEMBERS; i++) {
    if (scan_is(key, names[i])) return (enum member) i;
  }
  return UNKNOWN;
}

static int whole_text_is_valid(const char *payload, size_t length) {
  struct scan scan;
  struct scan_value key, value;
  int more;
  if (scan_open(&scan, payload, length) != CORE_OK) return 0;
  do {
    more = scan_next(&scan, &key, &value);
  } while (more > 0);
  return more == 0;
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

static int id_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
         (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == ':' || c == '-';
}

static int read_id(const struct scan_value *value, char *out) {
  const char *c;
  if (value->kind != SCAN_STRING) return COMMAND_TYPE;
  if (scan_string(value, out, COMMAND_ID_CHARS_MAX + 1) != CORE_OK ||
      out[0] == '\0') {
    return COMMAND_RANGE;
  }
  for (c = out; *c != '\0'; c++) {
    if (!id_char(*c)) return COMMAND_RANGE;
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
  unsigned seen = 0, required;
  if (length > COMMAND_BYTES_MAX) return COMMAND_OVERSIZE;
  if (!whole_text_is_valid(payload, length)) return COMMAND_SYNTAX;
  memset(command, 0, sizeof(*command));
  if (scan_open(&scan, payload, length) != CORE_OK) return COMMAND_SYNTAX;
  while (scan_next(&scan, &key, &value) > 0) {
    enum member member = member_of(&key);
    int status;
    if (member == UNKNOWN) continue;
    if (seen & (1u << member)) return COMMAND_DUPLICATE;
    seen |= 1u << member;
    status = read_member(member, &value, command);
    if (status != CORE_OK) return status;
  }
  required = (1u << MEMBERS) - 1u;
  if (command->action == ACTION_LOCK) required &= ~(1u << EXPIRES);
  if ((seen & required) != required) return COMMAND_MISSING;
  return CORE_OK;
}

const char *command_error_name(int error) {
  switch (error) {
    case CORE_OK:
      return "ok";
    case COMMAND_OVERSIZE:
      return "oversize";
    case COMMAND_SYNTAX:
      return "syntax";
    case COMMAND_DUPLICATE:
      return "duplicate";
    case COMMAND_TYPE:
      return "type";
    case COMMAND_PROTOCOL:
      return "protocol";
    case COMMAND_ACTION:
      return "action";
    case COMMAND_RANGE:
      return "range";
    case COMMAND_MISSING:
      return "missing";
    default:
      return "unknown";
  }
}
