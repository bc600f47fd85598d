/*! A strict JSON reader that neither copies nor allocates (RFC 8259), for the
 * strict parse of PROTOCOL D6.
 *
 * Reads an object member by member and validates every byte, nested values
 * included, so that truncated text, trailing bytes, unquoted keys, bad escapes
 * and invalid UTF-8 are errors. It exists because the platform's own scanner
 * takes all of these for valid. Knows JSON only, never what a member means.
 */
#ifndef CORE_SCAN_H
#define CORE_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/*! Nesting deeper than this is refused, which bounds the stack. A shadow may be
 * nested 8 deep; its answer adds `metadata`, a section and a time to that. */
#define SCAN_DEPTH_MAX 12

/*! Integers are exact below 2^53 in every JSON implementation. */
#define SCAN_INTEGER_LIMIT (UINT64_C(1) << 53)

/*! Kind of a JSON value. */
enum scan_kind {
  SCAN_STRING,
  SCAN_NUMBER,
  SCAN_TRUE, /*!< This and the next two in the order of scan.c's words. */
  SCAN_FALSE,
  SCAN_NULL,
  SCAN_OBJECT,
  SCAN_ARRAY
};

/*! One value inside the caller's text: a string without its quotes and with
 * its escapes still in place; anything else as it is written. */
struct scan_value {
  enum scan_kind kind;
  const char *at;
  size_t length;
};

/*! A position inside one object of the caller's text. */
struct scan {
  const char *at;
  const char *end;
  int first; /*!< No member has been read yet. */
};

/*! Opens the object in `text` (leading white space allowed).
 * Errors: CORE_ESYNTAX when it is not an object. */
int scan_open(struct scan *scan, const char *text, size_t length);

/*! Reads the next member. Returns 1 with `key` and `value`, 0 at the closing
 * brace when nothing but white space follows it, CORE_ESYNTAX otherwise. */
int scan_next(struct scan *scan, struct scan_value *key,
              struct scan_value *value);

/*! Decodes a string's escapes into `out`, NUL-terminated.
 * Errors: CORE_EARG when the value is not a string or holds a NUL character,
 * CORE_ESPACE when it does not fit. */
int scan_string(const struct scan_value *value, char *out, size_t size);

/*! Whether a string value, once decoded, is `expected`. */
int scan_is(const struct scan_value *value, const char *expected);

/*! Reads a whole number without sign, fraction or exponent.
 * Errors: CORE_EARG when it is anything else, CORE_ESPACE from 2^53 on. */
int scan_unsigned(const struct scan_value *value, uint64_t *out);

#endif
