/*! Builds text in a caller's buffer without the C library's formatting, because
 * the ESP8266's printf does not reliably print 64-bit numbers. Must not know:
 * JSON or of locks. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*! Text under construction. `length` excludes the final NUL. */
struct text {
  char *at;
  size_t size;
  size_t length;
  bool overflow; /*!< Set once something did not fit; stays set. */
};

/*! Starts an empty text in `size` bytes at `at` (`size` >= 1). */
void text_start(struct text *text, char *at, size_t size);

/*! Appends a NUL-terminated string unchanged: the caller does the escaping. */
void text_add_string(struct text *text, const char *string);

/*! Appends `format` like printf, but understands only %s and %lu. The
 * compiler checks number and types of the arguments. */
void text_format(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*! Appends a number in decimal, or null if there is none. */
void text_add_nullable(struct text *text, const uint64_t *number);

/*! Whether `string` consists of [A-Za-z0-9._:-], which JSON, topics and logs
 * need not escape. True for the empty string. */
bool text_is_name(const char *string);

/*! Ends the text. Returns CORE_ESPACE if anything did not fit; then the buffer
 * holds an empty string. */
int text_finish(struct text *text, size_t *length);

#endif
