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

/*! Appends a NUL-terminated string as it is: the caller vouches for escaping. */
void text_string(struct text *text, const char *string);

/*! Appends `number` in decimal. */
void text_unsigned(struct text *text, uint64_t number);

/*! Appends `number` in decimal, with a minus sign where it is negative. */
void text_signed(struct text *text, int32_t number);

/*! Ends the text. Returns CORE_ESPACE if anything did not fit; then the buffer
 * holds an empty string. */
int text_finish(struct text *text, size_t *length);

#endif
