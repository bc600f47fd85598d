/*! Checks that the system took a settings file as written (PROTOCOL D8). The
 * platform reads the file leniently: at the first error it stops, keeps what
 * came before, ignores the rest, and starts. So this reads the file again,
 * strictly, and compares it with the settings that the system has. Knows
 * neither the file system nor what a setting means. */
#ifndef CORE_LAYER_H
#define CORE_LAYER_H

#include "scan.h"

/*! One of our settings as the system has it. */
struct layer_setting {
  const char *key;  /*!< "section.name". */
  bool is_text;     /*!< A text, which is compared unless `text` is NULL. */
  const char *text; /*!< Up to 23 characters. */
  int number;
};

/*! Why a file was not accepted as written. */
enum layer_error {
  LAYER_SYNTAX = -32, /*!< Not exactly one JSON object. */
  LAYER_IGNORED = -33 /*!< A setting has another value in the file: the system
                           stopped reading before it, or the type is wrong. */
};

/*! Compares the file's text with `count` settings. Every section that contains
 * one of them is ours: `on_unknown` is called for each other name in it, with
 * `sibling`, the key of one of our settings there.
 * Errors: enum layer_error; for LAYER_IGNORED `key` is the first such setting,
 * or any setting of a section that is not an object. */
int layer_check(const char *text, size_t length,
                const struct layer_setting *settings, size_t count,
                void (*on_unknown)(const char *sibling,
                                   const struct scan_value *name),
                const char **key);

#endif
