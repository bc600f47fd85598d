/*! Builds text in a caller's buffer without the C library's formatting.
 *
 * Exists because the ESP8266's printf does not reliably print 64-bit numbers.
 * Knows nothing of JSON or of locks.
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/*! Text under construction. `length` counts without the final NUL. */
struct text {
  char *at;
  size_t size;
  size_t length;
  int overflow; /*!< Set once something did not fit; stays set. */
};

/*! Starts an empty text in `size` bytes at `at` (`size` >= 1). */
void text_start(struct text *text, char *at, size_t size);

/*! Appends a NUL-terminated string as it is: the caller vouches for escaping.
 */
void text_string(struct text *text, const char *string);

/*! Appends `number` in decimal. */
void text_unsigned(struct text *text, uint64_t number);

/*! Appends `form` with each % replaced by the next of `strings`, each # by the
 * next of `numbers`, and each ~ by the next of them with its sign (a negative
 * one as int64_t makes it); there are as many as `form` asks for. */
void text_fill(struct text *text, const char *form, const char *const *strings,
               const uint64_t *numbers);

/*! Whether all of `string` is of [A-Za-z0-9._:-], which JSON, topics and logs
 * take as it is. True for the empty string. */
int text_is_name(const char *string);

/*! Ends the text. Returns CORE_ESPACE if anything did not fit; then the buffer
 * holds an empty string. */
int text_finish(struct text *text, size_t *length);

#endif
