/*! Implements text.h. */
#include "text.h"

#include "status.h"

void text_start(struct text *text, char *at, size_t size) {
  text->at = at;
  text->size = size;
  text->length = 0;
  text->overflow = 0;
}

static void put(struct text *text, char c) {
  if (text->length + 1 >= text->size) {
    text->overflow = 1;
    return;
  }
  text->at[text->length++] = c;
}

void text_string(struct text *text, const char *string) {
  while (*string != '\0') put(text, *string++);
}

void text_unsigned(struct text *text, uint64_t number) {
  char digits[20];
  size_t count = 0;
  do {
    uint64_t rest = number / 10;
    digits[count++] = (char) ('0' + ((uint32_t) number - (uint32_t) rest * 10));
    number = rest;
  } while (number != 0);
  while (count > 0) put(text, digits[--count]);
}

static void text_signed(struct text *text, int64_t number) {
  if (number < 0) put(text, '-');
  text_unsigned(text, number < 0 ? 0 - (uint64_t) number : (uint64_t) number);
}

void text_fill(struct text *text, const char *form, const char *const *strings,
               const uint64_t *numbers) {
  for (; *form != '\0'; form++) {
    if (*form == '%') {
      text_string(text, *strings++);
    } else if (*form == '#') {
      text_unsigned(text, *numbers++);
    } else if (*form == '~') {
      text_signed(text, (int64_t) *numbers++);
    } else {
      put(text, *form);
    }
  }
}

int text_is_name(const char *string) {
  for (; *string != '\0'; string++) {
    char c = *string, letter = (char) (c | 0x20);
    if (!((c >= '-' && c <= ':' && c != '/') || c == '_' ||
          (letter >= 'a' && letter <= 'z'))) {
      return 0;
    }
  }
  return 1;
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
