/*! Implements json_tree.h. */
#include "json_tree.h"

#include <string.h>

#include "require.h"

static int peek(const struct json_tree *t) {
  return t->at < t->size ? t->data[t->at] : -1;
}

static void spaces(struct json_tree *t) {
  while (t->at < t->size && strchr(" \t\r\n", t->data[t->at]) != NULL &&
         t->data[t->at] != 0) {
    t->at++;
  }
}

static void add(struct json_tree *t, uint32_t point) {
  REQUIRE(t->points_count < JSON_POINTS_MAX, "the oracle has room");
  t->points[t->points_count++] = point;
}

/* One UTF-8 character, decoded first and judged afterwards. */
static int character(struct json_tree *t) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  uint32_t lead = t->data[t->at], point;
  size_t bytes, i;
  if (lead < 0x20) return 0;
  if (lead < 0x80) {
    bytes = 1;
    point = lead;
  } else if ((lead & 0xe0) == 0xc0) {
    bytes = 2;
    point = lead & 0x1f;
  } else if ((lead & 0xf0) == 0xe0) {
    bytes = 3;
    point = lead & 0x0f;
  } else if ((lead & 0xf8) == 0xf0) {
    bytes = 4;
    point = lead & 0x07;
  } else {
    return 0;
  }
  if (t->size - t->at < bytes) return 0;
  for (i = 1; i < bytes; i++) {
    if ((t->data[t->at + i] & 0xc0) != 0x80) return 0;
    point = point << 6 | (t->data[t->at + i] & 0x3f);
  }
  if (point < least[bytes] || point > 0x10ffff ||
      (point >= 0xd800 && point <= 0xdfff)) {
    return 0;
  }
  t->at += bytes;
  add(t, point);
  return 1;
}

/* The four digits after \u, or -1. */
static long four(struct json_tree *t) {
  char digits[5] = {0};
  char *end;
  long value;
  if (t->size - t->at < 4) return -1;
  memcpy(digits, t->data + t->at, 4);
  if (strspn(digits, "0123456789abcdefABCDEF") != 4) return -1;
  value = strtol(digits, &end, 16);
  t->at += 4;
  return value;
}

/* The rest of an escape. */
static int escaped(struct json_tree *t) {
  static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
  int name = peek(t);
  const char *found;
  long high, low;
  if (name <= 0) return 0;
  t->at++;
  found = memchr(names, name, 8);
  if (found != NULL) {
    add(t, (uint32_t) means[found - names]);
    return 1;
  }
  if (name != 'u' || (high = four(t)) < 0) return 0;
  if ((high & 0xfc00) == 0xdc00) return 0;
  if ((high & 0xfc00) != 0xd800) {
    add(t, (uint32_t) high);
    return 1;
  }
  if (t->size - t->at < 2 || memcmp(t->data + t->at, "\\u", 2) != 0) return 0;
  t->at += 2;
  low = four(t);
  if (low < 0 || (low & 0xfc00) != 0xdc00) return 0;
  add(t, (uint32_t) (0x10000 + (high & 0x3ff) * 0x400 + (low & 0x3ff)));
  return 1;
}

static int string(struct json_tree *t, struct json_text *text) {
  if (peek(t) != '"') return 0;
  t->at++;
  text->from = t->points_count;
  while (peek(t) != '"') {
    if (peek(t) < 0) return 0;
    if (peek(t) == '\\') {
      t->at++;
      if (!escaped(t)) return 0;
    } else if (!character(t)) {
      return 0;
    }
  }
  t->at++;
  text->count = t->points_count - text->from;
  return 1;
}

/* A number by its table of states: rows begin, minus, zero, whole, point,
 * fraction, e, sign, exponent; columns - + 0 1-9 . eE. */
static int number(struct json_tree *t) {
  static const signed char go[9][6] = {
      {1, -1, 2, 3, -1, -1}, {-1, -1, 2, 3, -1, -1}, {-1, -1, -1, -1, 4, 6},
      {-1, -1, 3, 3, 4, 6},  {-1, -1, 5, 5, -1, -1}, {-1, -1, 5, 5, -1, 6},
      {7, 7, 8, 8, -1, -1},  {-1, -1, 8, 8, -1, -1}, {-1, -1, 8, 8, -1, -1}};
  int state = 0;
  for (;;) {
    int c = peek(t), column, next;
    column = c == '-' ? 0 : c == '+' ? 1 : c == '0' ? 2 : c == '.' ? 4 : -1;
    if (c >= '1' && c <= '9') column = 3;
    if (c == 'e' || c == 'E') column = 5;
    next = column < 0 ? -1 : go[state][column];
    if (next < 0) return state == 2 || state == 3 || state == 5 || state == 8;
    state = next;
    t->at++;
  }
}

static int value(struct json_tree *t, int parent, int level);

/* The inside of a container whose bracket has been read. */
static int inside(struct json_tree *t, int self, int level) {
  int object = t->nodes[self].kind == 'o', close = object ? '}' : ']', any = 0;
  if (level > JSON_LEVELS_MAX) return 0;
  for (;;) {
    struct json_text key = {0, 0};
    size_t from, to;
    int index;
    spaces(t);
    if (!any && peek(t) == close) break;
    from = t->at + 1;
    if (object && !string(t, &key)) return 0;
    to = t->at - 1;
    spaces(t);
    if (object && peek(t) != ':') return 0;
    if (object) t->at++;
    index = (int) t->count;
    if (!value(t, self, level)) return 0;
    t->nodes[index].key = key;
    t->nodes[index].key_from = from;
    t->nodes[index].key_to = to;
    any = 1;
    spaces(t);
    if (peek(t) == close) break;
    if (peek(t) != ',') return 0;
    t->at++;
  }
  t->at++;
  return 1;
}

static int word(struct json_tree *t, const char *expected) {
  size_t length = strlen(expected);
  if (t->size - t->at < length ||
      memcmp(t->data + t->at, expected, length) != 0) {
    return 0;
  }
  t->at += length;
  return 1;
}

static int value(struct json_tree *t, int parent, int level) {
  struct json_node *node;
  int self, good;
  spaces(t);
  REQUIRE(t->count < JSON_NODES_MAX, "the oracle has room");
  self = (int) t->count++;
  node = &t->nodes[self];
  memset(node, 0, sizeof(*node));
  node->parent = parent;
  node->from = t->at;
  if (peek(t) == '{' || peek(t) == '[') {
    node->kind = peek(t) == '{' ? 'o' : 'a';
    t->at++;
    good = inside(t, self, level + 1);
  } else if (peek(t) == '"') {
    node->kind = 's';
    good = string(t, &node->text);
  } else if (word(t, "true") || word(t, "false") || word(t, "null")) {
    node->kind =
        (char) (t->data[node->from] == 'n' ? 'z' : t->data[node->from]);
    good = 1;
  } else {
    node->kind = 'n';
    good = number(t);
  }
  node->to = t->at;
  return good;
}

int json_tree_read(struct json_tree *tree, const uint8_t *data, size_t size) {
  tree->data = data;
  tree->size = size;
  tree->at = tree->count = tree->points_count = 0;
  if (!value(tree, -1, 0) || tree->nodes[0].kind != 'o') return 0;
  spaces(tree);
  return tree->at == size;
}

int json_tree_is(const struct json_tree *tree, struct json_text text,
                 const char *ascii) {
  size_t i;
  if (text.count != strlen(ascii)) return 0;
  for (i = 0; i < text.count; i++) {
    if (tree->points[text.from + i] != (uint32_t) ascii[i]) return 0;
  }
  return 1;
}

int json_tree_next(const struct json_tree *tree, int parent, int index) {
  for (index++; index < (int) tree->count; index++) {
    if (tree->nodes[index].parent == parent) return index;
  }
  return -1;
}
