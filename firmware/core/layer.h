/*! Whether the system took a settings file as it was written (PROTOCOL D8).
 *
 * The platform reads its settings file leniently: at the first error it stops,
 * keeps what came before, ignores what comes after, and starts. So the file is
 * read here once more, strictly, and what it says of our settings is compared
 * with what the system has. Knows no file system and not what a setting means.
 */
#ifndef CORE_LAYER_H
#define CORE_LAYER_H

#include <stddef.h>

#include "scan.h"

/*! One of our settings as the system has it. */
struct layer_setting {
  const char *key;  /*!< "section.name". */
  int is_text;      /*!< Whether it is a text; where `text` is NULL its value is
                         not compared. */
  const char *text; /*!< Up to 23 characters. */
  int number;
};

/*! Why a file was not taken as it is. */
enum layer_error {
  LAYER_SYNTAX = -32, /*!< Not one JSON object and nothing else. */
  LAYER_IGNORED = -33 /*!< A setting has another value in the file: the system
                           stopped reading before it, or the type is wrong. */
};

/*! Compares the file's text with `count` settings. Every section that has one
 * of them is ours: for each name in it that is none of them `on_unknown` is
 * called, with a key of that section. Errors: enum layer_error; for
 * LAYER_IGNORED `key` is that of the first such setting, or of any in a section
 * that is not an object. */
int layer_check(const char *text, size_t length,
                const struct layer_setting *settings, size_t count,
                void (*on_unknown)(const char *sibling,
                                   const struct scan_value *name),
                const char **key);

#endif
