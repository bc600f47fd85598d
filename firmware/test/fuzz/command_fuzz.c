/*! Fuzzes core/command: for any bytes, the verdict equals that of a second,
 * independent parser, and an accepted command survives rewriting (D6).
 */
#include <string.h>

#include "command.h"
#include "json_tree.h"
#include "require.h"
#include "status.h"

static struct json_tree s_tree;

/* The digits of a whole number. */
static int number_verdict(const struct json_node *node, const char **digits,
                          size_t *length) {
  size_t i;
  *digits = (const char *) s_tree.data + node->from;
  *length = node->to - node->from;
  if (node->kind != 'n') return COMMAND_TYPE;
  for (i = 0; i < *length; i++) {
    if ((*digits)[i] < '0' || (*digits)[i] > '9') return COMMAND_TYPE;
  }
  if (*length > 16 ||
      (*length == 16 && memcmp(*digits, "9007199254740992", 16) >= 0)) {
    return COMMAND_RANGE;
  }
  return CORE_OK;
}

static int id_verdict(const struct json_node *node) {
  size_t i;
  if (node->kind != 's') return COMMAND_TYPE;
  if (node->text.count == 0 || node->text.count > 47) return COMMAND_RANGE;
  for (i = 0; i < node->text.count; i++) {
    uint32_t point = s_tree.points[node->text.from + i];
    if (point == 0 || point > 127 ||
        strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
               "._:-",
               (int) point) == NULL) {
      return COMMAND_RANGE;
    }
  }
  return CORE_OK;
}

static int member_verdict(int member, const struct json_node *node,
                          int *is_lock) {
  const char *digits;
  size_t length;
  int verdict;
  if (member == 1) {
    if (node->kind != 's') return COMMAND_TYPE;
    *is_lock = json_tree_is(&s_tree, node->text, "lock");
    if (*is_lock || json_tree_is(&s_tree, node->text, "unlock")) return CORE_OK;
    return COMMAND_ACTION;
  }
  if (member == 3) return id_verdict(node);
  verdict = number_verdict(node, &digits, &length);
  if (verdict != CORE_OK) return verdict;
  if (member == 0 && (length != 1 || *digits != '1')) return COMMAND_PROTOCOL;
  if (member == 2 && length == 1 && *digits == '0') return COMMAND_RANGE;
  return CORE_OK;
}

static int verdict_of(const uint8_t *data, size_t size) {
  static const char *const names[] = {"v",         "action",   "version",
                                      "commandId", "issuedAt", "expiresAt"};
  int seen[6] = {0}, is_lock = 0, index, member, verdict;
  if (size > 512) return COMMAND_OVERSIZE;
  if (!json_tree_read(&s_tree, data, size)) return COMMAND_SYNTAX;
  for (index = json_tree_next(&s_tree, 0, 0); index >= 0;
       index = json_tree_next(&s_tree, 0, index)) {
    for (member = 0; member < 6; member++) {
      if (json_tree_is(&s_tree, s_tree.nodes[index].key, names[member])) break;
    }
    if (member == 6) continue;
    if (seen[member]++) return COMMAND_DUPLICATE;
    verdict = member_verdict(member, &s_tree.nodes[index], &is_lock);
    if (verdict != CORE_OK) return verdict;
  }
  for (member = 0; member < 6; member++) {
    if (!seen[member] && !(member == 5 && is_lock)) return COMMAND_MISSING;
  }
  return CORE_OK;
}

static void require_the_same_again(const struct command *command) {
  struct command again;
  char text[256];
  int length = snprintf(
      text, sizeof(text),
      "{\"expiresAt\":%llu,\"issuedAt\":%llu,\"commandId\":\"%s\",\"version\":"
      "%llu,\"action\":\"%s\",\"v\":1}",
      (unsigned long long) command->expires_s,
      (unsigned long long) command->issued_s, command->id,
      (unsigned long long) command->version,
      command->action == ACTION_LOCK ? "lock" : "unlock");
  REQUIRE(command_parse(text, (size_t) length, &again) == CORE_OK,
          "an accepted command, rewritten, is a command");
  REQUIRE(memcmp(&again, command, sizeof(again)) == 0,
          "an accepted command, rewritten, is the same");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct command command;
  int status = command_parse((const char *) data, size, &command);
  REQUIRE(status == verdict_of(data, size), "both parsers agree (D6)");
  if (status == CORE_OK) {
    REQUIRE(command.version >= 1 && command.version < UINT64_C(1) << 53,
            "a version is 1 to 2^53 - 1");
    require_the_same_again(&command);
  }
  return 0;
}
