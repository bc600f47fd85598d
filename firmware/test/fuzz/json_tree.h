/*! A second strict JSON reader, to test core/scan against. Builds a tree,
 * decodes all text to code points and shares no code with the core. */
#ifndef JSON_TREE_H
#define JSON_TREE_H

#include <stddef.h>
#include <stdint.h>

#define JSON_NODES_MAX 4096
#define JSON_POINTS_MAX 8192
#define JSON_LEVELS_MAX 12

/*! Decoded text: a run of code points. */
struct json_text {
  size_t from, count; /*!< In the tree's `points`. */
};

/*! One value; the members of an object follow it in the order of the text. */
struct json_node {
  char kind;       /*!< s n t f z o a: string, number, true, …, null. */
  int parent;      /*!< Index of the container, -1 for the root. */
  size_t from, to; /*!< The value as written, a string with its quotes. */
  size_t key_from, key_to; /*!< The key as written, without its quotes. */
  struct json_text key, text;
};

/*! A text and all its values. */
struct json_tree {
  const uint8_t *data;
  size_t size, at, count, points_count;
  struct json_node nodes[JSON_NODES_MAX];
  uint32_t points[JSON_POINTS_MAX];
};

/*! Reads `size` bytes as exactly one object. Returns 1 on success. */
int json_tree_read(struct json_tree *tree, const uint8_t *data, size_t size);

/*! Whether decoded text equals `ascii`. */
int json_tree_is(const struct json_tree *tree, struct json_text text,
                 const char *ascii);

/*! Index of the next member of `parent` after `index`, or -1. */
int json_tree_next(const struct json_tree *tree, int parent, int index);

#endif
