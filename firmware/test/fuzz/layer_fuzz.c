/*! Fuzzes core/layer: a settings file is good only if a second, independent
 * parser finds in it the system's value of each of our settings; otherwise the
 * first setting that differs is named. Each unknown name in our sections, and
 * no other name, is reported once.
 *
 * Input: two bytes for the system's settings, then the file. */
#include "layer.h"

#include <string.h>

#include "json_tree.h"
#include "require.h"

#define TEXT_BYTES_MAX 2000
#define COUNT 7

static struct json_tree s_tree;
static struct layer_setting s_settings[COUNT];

/* Names reported, in order. */
static struct {
  const char *section;
  const char *name_at;
} s_unknown[JSON_NODES_MAX];
static int s_unknown_count;

static void on_unknown(const char *sibling, const struct scan_value *name) {
  REQUIRE(s_unknown_count < JSON_NODES_MAX, "no more names than values");
  s_unknown[s_unknown_count].section = sibling;
  s_unknown[s_unknown_count++].name_at = name->at;
}

static void set(int index, const char *key, const char *text, int number) {
  s_settings[index].key = key;
  s_settings[index].is_text = text != NULL;
  s_settings[index].text = text;
  s_settings[index].number = number;
}

static void make_settings(const uint8_t *data) {
  set(0, "app.role", data[0] & 1 ? "lock" : "both", 0);
  set(1, "pins.relay", NULL, data[0] >> 1);
  set(2, "pins.door", NULL, -(data[1] & 3));
  set(3, "lock.power_on", data[1] & 4 ? "locked" : "", 0);
  set(4, "lock.relock_s", NULL, data[1] & 8 ? 2147483647 : data[1] >> 4);
  set(5, "lock.odd", NULL, data[1] & 8 ? -2147483647 - 1 : 0);
  set(6, "topic.command", "", 0);
  s_settings[6].text = NULL;
}

/* Whether `key` is in the decoded section and, unless `name` is NULL, has that
 * decoded name. */
static int is_key(const char *key, struct json_text section,
                  const struct json_text *name) {
  char part[32];
  size_t chars = (size_t) (strchr(key, '.') - key);
  memcpy(part, key, chars);
  part[chars] = '\0';
  return json_tree_is(&s_tree, section, part) &&
         (name == NULL || json_tree_is(&s_tree, *name, key + chars + 1));
}

/* Whether the node has the setting's value, a number as printf prints it. */
static int has_value(const struct layer_setting *setting,
                     const struct json_node *node) {
  char written[16];
  int length;
  if (setting->is_text) {
    return node->kind == 's' &&
           (setting->text == NULL ||
            json_tree_is(&s_tree, node->text, setting->text));
  }
  length = snprintf(written, sizeof(written), "%d", setting->number);
  return node->kind == 'n' && node->to - node->from == (size_t) length &&
         memcmp(s_tree.data + node->from, written, (size_t) length) == 0;
}

/* The first ignored setting of a section, or NULL. Counts reported names. */
static const char *read_section(int section, const char *sibling,
                                int *reported) {
  const struct json_text key = s_tree.nodes[section].key;
  const char *ignored = NULL;
  int i, j;
  if (s_tree.nodes[section].kind != 'o') return sibling;
  for (i = json_tree_next(&s_tree, section, section); i >= 0;
       i = json_tree_next(&s_tree, section, i)) {
    const struct json_node *node = &s_tree.nodes[i];
    for (j = 0; j < COUNT && !is_key(s_settings[j].key, key, &node->key);) j++;
    if (j == COUNT) {
      REQUIRE(*reported < s_unknown_count &&
                  s_unknown[*reported].name_at ==
                      (const char *) s_tree.data + node->key_from &&
                  is_key(s_unknown[*reported].section, key, NULL),
              "an unknown name of ours is reported, in order");
      (*reported)++;
    } else if (!has_value(&s_settings[j], node) && ignored == NULL) {
      ignored = s_settings[j].key;
    }
  }
  return ignored;
}

/* The first ignored setting of the whole file, or NULL. */
static const char *read_file(void) {
  const char *ignored = NULL, *found;
  int i, j, reported = 0;
  for (i = json_tree_next(&s_tree, 0, 0); i >= 0;
       i = json_tree_next(&s_tree, 0, i)) {
    const struct json_text key = s_tree.nodes[i].key;
    for (j = 0; j < COUNT && !is_key(s_settings[j].key, key, NULL);) j++;
    if (j == COUNT) continue;
    found = read_section(i, s_settings[j].key, &reported);
    if (ignored == NULL) ignored = found;
  }
  REQUIRE(reported == s_unknown_count, "no other name is reported");
  return ignored;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *key = NULL, *ignored;
  int status, is_valid;
  if (size < 2 || size > TEXT_BYTES_MAX) return 0;
  make_settings(data);
  data += 2;
  size -= 2;
  s_unknown_count = 0;
  status = layer_check((const char *) data, size, s_settings, COUNT, on_unknown,
                       &key);
  is_valid = json_tree_read(&s_tree, data, size);
  REQUIRE((status == LAYER_SYNTAX) == !is_valid,
          "both parsers agree on validity");
  if (!is_valid) return 0;
  ignored = read_file();
  REQUIRE(status == (ignored == NULL ? 0 : (int) LAYER_IGNORED),
          "a file is good if the system accepted all of it (D8)");
  REQUIRE(ignored == NULL || key == ignored,
          "the first ignored setting is named (D8)");
  return 0;
}
