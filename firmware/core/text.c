/*! Implements text.h. */
#include "text.h"

#include <stdarg.h>

#include "status.h"

void text_start(struct text *text, char *at, size_t size) {
  text->at = at;
  text->size = size;
  text->length = 0;
  text->overflow = false;
}

static void put(struct text *text, char c) {
  if (text->length + 1 >= text->size) {
    text->overflow = true;
    return;
  }
  text->at[text->length++] = c;
}

void text_add_string(struct text *text, const char *string) {
  while (*string != '\0') put(text, *string++);
}

static void add_unsigned(struct text *text, uint64_t number) {
  char digits[20];
  size_t count = 0;
  do {
    uint64_t tens = number / 10;
    digits[count++] = (char) ('0' + ((uint32_t) number - (uint32_t) tens * 10));
    number = tens;
  } while (number != 0);
  while (count > 0) put(text, digits[--count]);
}

void text_add_nullable(struct text *text, const uint64_t *number) {
  if (number == NULL) {
    text_add_string(text, "null");
  } else {
    add_unsigned(text, *number);
  }
}

void text_format(struct text *text, const char *format, ...) {
  va_list values;
  va_start(values, format);
  for (; *format != '\0'; format++) {
    if (*format != '%') {
      put(text, *format);
    } else if (*++format == 's') {
      text_add_string(text, va_arg(values, const char *));
    } else { /* %lu */
      format++;
      add_unsigned(text, va_arg(values, unsigned long));
    }
  }
  va_end(values);
}

bool text_is_name(const char *string) {
  for (; *string != '\0'; string++) {
    char c = *string, letter = (char) (c | 0x20);
    if (!((c >= '-' && c <= ':' && c != '/') || c == '_' ||
          (letter >= 'a' && letter <= 'z'))) {
      return false;
    }
  }
  return true;
}

int text_finish(struct text *text, size_t *length) {
  if (text->overflow) {
    text->at[0] = '\0';
    return CORE_ESPACE;
  }
  text->at[text->length] = '\0';
  *length = text->length;
  return CORE_OK;
}
