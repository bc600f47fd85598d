/*! Fuzzes core/scan: members and decoded text equal those of a second,
 * independent parser. */
#include <string.h>

#include "json_tree.h"
#include "require.h"
#include "scan.h"
#include "status.h"

#define TEXT_BYTES_MAX 2000

static struct json_tree s_tree;

static size_t utf8(uint32_t point, uint8_t *out) {
  size_t bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  size_t i;
  static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (i = bytes - 1; i > 0; i--) {
    out[i] = (uint8_t) (0x80 | (point & 0x3f));
    point >>= 6;
  }
  out[0] = (uint8_t) (lead[bytes] | point);
  return bytes;
}

/* scan_decode_string returns the decoded text, or refuses a NUL or long text.
 */
static void require_text(const struct json_tree *tree, struct json_text text,
                         const struct scan_value *value) {
  static uint8_t expected[4 * JSON_POINTS_MAX];
  static char out[4 * JSON_POINTS_MAX];
  size_t length = 0, i;
  int nul = 0;
  for (i = 0; i < text.count; i++) {
    nul |= tree->points[text.from + i] == 0;
    length += utf8(tree->points[text.from + i], expected + length);
  }
  if (nul) {
    REQUIRE(scan_decode_string(value, out, sizeof(out)) == CORE_EARG,
            "text with a NUL is refused");
    return;
  }
  REQUIRE(scan_decode_string(value, out, length + 1) == CORE_OK,
          "text decodes");
  REQUIRE(strlen(out) == length && memcmp(out, expected, length) == 0,
          "both decode the same text");
  REQUIRE(
      scan_decode_string(value, out, length == 0 ? 0 : length) == CORE_ESPACE ||
          length == 0,
      "long text is refused");
}

static char kind_of(const struct scan_value *value) {
  return "sntfzoa"[value->kind];
}

static void require_members(const struct json_tree *tree, int valid,
                            const char *text, size_t size) {
  struct scan scan;
  struct scan_value key, value;
  int index = 0, more = -1;
  if (scan_open(&scan, text, size) == CORE_OK) {
    while ((more = scan_next(&scan, &key, &value)) > 0) {
      const struct json_node *node;
      if (!valid) continue;
      index = json_tree_next(tree, 0, index);
      REQUIRE(index > 0, "every member exists");
      node = &tree->nodes[index];
      REQUIRE(kind_of(&value) == node->kind, "kinds agree");
      REQUIRE(value.at == text + node->from + (node->kind == 's') &&
                  value.length ==
                      node->to - node->from - (node->kind == 's' ? 2 : 0),
              "values have the right position");
      REQUIRE(key.at == text + node->key_from &&
                  key.length == node->key_to - node->key_from,
              "keys have the right position");
      require_text(tree, node->key, &key);
      if (node->kind == 's') require_text(tree, node->text, &value);
    }
  }
  REQUIRE(valid ? more == 0 : more < 0, "both parsers agree on validity");
  REQUIRE(!valid || json_tree_next(tree, 0, index) < 0, "no member is lost");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > TEXT_BYTES_MAX) return 0;
  require_members(&s_tree, json_tree_read(&s_tree, data, size),
                  (const char *) data, size);
  return 0;
}
