/*! A strict JSON reader that neither copies nor allocates (RFC 8259), for the
 * strict parse of PROTOCOL D6. Reads an object member by member and validates
 * every byte, nested values included: truncated text, trailing bytes, unquoted
 * keys, bad escapes and invalid UTF-8 are errors. It exists because the
 * platform's own scanner accepts all of these. Knows JSON only, never what a
 * member means. */
#ifndef CORE_SCAN_H
#define CORE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

/*! Deeper nesting is refused, which bounds the stack. A shadow may be nested 8
 * deep; its answer adds `metadata`, a section and a time to that. */
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

/*! One value inside the caller's text: a string without its quotes but with its
 * escapes, or anything else as written. */
struct scan_value {
  enum scan_kind kind;
  const char *at;
  size_t length;
};

/*! A position inside one object of the caller's text. */
struct scan {
  const char *at;
  const char *end;
  bool first; /*!< No member has been read yet. */
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
int scan_decode_string(const struct scan_value *value, char *out, size_t size);

/*! Whether the decoded value is the string `expected`. */
bool scan_equals(const struct scan_value *value, const char *expected);

/*! Reads a whole number without sign, fraction or exponent.
 * Errors: CORE_EARG when it is anything else, CORE_ESPACE from 2^53 on. */
int scan_read_unsigned(const struct scan_value *value, uint64_t *out);

#endif
