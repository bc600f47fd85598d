/*! Implements scan.h. */
#include "scan.h"

#include <string.h>

static void skip_space(struct scan *s) {
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' ||
                            *s->at == '\r')) {
    s->at++;
  }
}

static bool take(struct scan *s, char c) {
  if (s->at >= s->end || *s->at != c) return false;
  s->at++;
  return true;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static int hex_digit(char c) {
  char letter = (char) (c | 0x20);
  if (is_digit(c)) return c - '0';
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* Four hexadecimal digits of a \u escape, or -1. */
static int32_t read_unit(const char *at, const char *end) {
  int32_t code = 0;
  int i;
  if (end - at < 4) return -1;
  for (i = 0; i < 4; i++) {
    int value = hex_digit(at[i]);
    if (value < 0) return -1;
    code = code * 16 + value;
  }
  return code;
}

/* Code point of the escape whose backslash is at `at`, or -1; `used` is its
 * length. */
static int32_t decode_escape(const char *at, const char *end, size_t *used) {
  static const char names[] = "\"\\/bfnrt";
  static const char codes[] = "\"\\/\b\f\n\r\t";
  int32_t high, low;
  if (end - at < 2) return -1;
  *used = 2;
  if (at[1] != 'u') {
    const char *name = at[1] == '\0' ? NULL : strchr(names, at[1]);
    return name == NULL ? -1 : (int32_t) codes[name - names];
  }
  *used = 6;
  high = read_unit(at + 2, end);
  if (high < 0 || (high >= 0xdc00 && high <= 0xdfff)) return -1;
  if (high < 0xd800 || high > 0xdbff) return high;
  if (end - at < 12 || at[6] != '\\' || at[7] != 'u') return -1;
  low = read_unit(at + 8, end);
  if (low < 0xdc00 || low > 0xdfff) return -1;
  *used = 12;
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* Length of the well-formed UTF-8 sequence at `at`, or 0. */
static size_t utf8_length(const char *at, const char *end) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char *p = (const unsigned char *) at;
  size_t length = 1, i;
  uint32_t code;
  if (p[0] < 0x80) return 1;
  if (p[0] < 0xc0 || p[0] > 0xf7) return 0;
  while (p[0] & (0x80u >> length)) length++;
  if ((size_t) (end - at) < length) return 0;
  code = p[0] & (0x7fu >> length);
  for (i = 1; i < length; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
    code = (code << 6) | (p[i] & 0x3f);
  }
  if (code < least[length] || code >= 0x110000 || code >> 11 == 0x1b) return 0;
  return length;
}

static int read_string(struct scan *s, struct scan_value *value) {
  size_t used = 0;
  if (!take(s, '"')) return CORE_ESYNTAX;
  value->kind = SCAN_STRING;
  value->at = s->at;
  while (s->at < s->end && *s->at != '"') {
    if ((unsigned char) *s->at < 0x20) return CORE_ESYNTAX;
    if (*s->at == '\\') {
      if (decode_escape(s->at, s->end, &used) < 0) return CORE_ESYNTAX;
    } else {
      used = utf8_length(s->at, s->end);
      if (used == 0) return CORE_ESYNTAX;
    }
    s->at += used;
  }
  value->length = (size_t) (s->at - value->at);
  return take(s, '"') ? CORE_OK : CORE_ESYNTAX;
}

static bool skip_digits(struct scan *s) {
  const char *from = s->at;
  while (s->at < s->end && is_digit(*s->at)) s->at++;
  return s->at > from;
}

static int read_number(struct scan *s) {
  (void) take(s, '-');
  if (!take(s, '0') && !skip_digits(s)) return CORE_ESYNTAX;
  if (take(s, '.') && !skip_digits(s)) return CORE_ESYNTAX;
  if (take(s, 'e') || take(s, 'E')) {
    if (!take(s, '+')) (void) take(s, '-');
    if (!skip_digits(s)) return CORE_ESYNTAX;
  }
  return CORE_OK;
}

static int read_word(struct scan *s, struct scan_value *value) {
  static const char words[][6] = {"true", "false", "null"};
  int i;
  for (i = SCAN_TRUE; i <= SCAN_NULL; i++) {
    const char *word = words[i - SCAN_TRUE];
    size_t length = strlen(word);
    if ((size_t) (s->end - s->at) >= length &&
        memcmp(s->at, word, length) == 0) {
      value->kind = (enum scan_kind) i;
      s->at += length;
      return CORE_OK;
    }
  }
  return CORE_ESYNTAX;
}

static int read_value(struct scan *s, int depth, struct scan_value *value);

/* The rest of an object or array after its opening bracket. */
static int read_container(struct scan *s, int depth, char close) {
  struct scan_value ignored;
  if (depth >= SCAN_DEPTH_MAX) return CORE_ESYNTAX;
  skip_space(s);
  if (take(s, close)) return CORE_OK;
  for (;;) {
    skip_space(s);
    if (close == '}') {
      if (read_string(s, &ignored) != CORE_OK) return CORE_ESYNTAX;
      skip_space(s);
      if (!take(s, ':')) return CORE_ESYNTAX;
    }
    if (read_value(s, depth + 1, &ignored) != CORE_OK) return CORE_ESYNTAX;
    skip_space(s);
    if (take(s, close)) return CORE_OK;
    if (!take(s, ',')) return CORE_ESYNTAX;
  }
}

static int read_value(struct scan *s, int depth, struct scan_value *value) {
  int status;
  skip_space(s);
  if (s->at >= s->end) return CORE_ESYNTAX;
  value->at = s->at;
  switch (*s->at) {
    case '"':
      return read_string(s, value);
    case '{':
    case '[':
      value->kind = *s->at == '{' ? SCAN_OBJECT : SCAN_ARRAY;
      s->at++;
      status = read_container(s, depth, value->kind == SCAN_OBJECT ? '}' : ']');
      break;
    case 't':
    case 'f':
    case 'n':
      status = read_word(s, value);
      break;
    default:
      value->kind = SCAN_NUMBER;
      status = read_number(s);
      break;
  }
  value->length = (size_t) (s->at - value->at);
  return status;
}

int scan_open(struct scan *scan, const char *text, size_t length) {
  scan->at = text;
  scan->end = text + length;
  scan->first = true;
  skip_space(scan);
  return take(scan, '{') ? CORE_OK : CORE_ESYNTAX;
}

int scan_next(struct scan *scan, struct scan_value *key,
              struct scan_value *value) {
  skip_space(scan);
  if (take(scan, '}')) {
    skip_space(scan);
    return scan->at == scan->end ? 0 : CORE_ESYNTAX;
  }
  if (!scan->first && !take(scan, ',')) return CORE_ESYNTAX;
  scan->first = false;
  skip_space(scan);
  if (read_string(scan, key) != CORE_OK) return CORE_ESYNTAX;
  skip_space(scan);
  if (!take(scan, ':')) return CORE_ESYNTAX;
  if (read_value(scan, 1, value) != CORE_OK) return CORE_ESYNTAX;
  return 1;
}

/* Writes `code` as UTF-8 and returns its length. */
static size_t encode_utf8(int32_t code, char out[4]) {
  static const uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
  size_t i,
      after = (size_t) ((code >= 0x80) + (code >= 0x800) + (code >= 0x10000));
  for (i = after; i > 0; i--) {
    out[i] = (char) (0x80 | (code & 0x3f));
    code >>= 6;
  }
  out[0] = (char) (leads[after] | code);
  return after + 1;
}

int scan_decode_string(const struct scan_value *value, char *out, size_t size) {
  const char *at = value->at, *end = value->at + value->length;
  size_t length = 0;
  if (value->kind != SCAN_STRING) return CORE_EARG;
  while (at < end) {
    char bytes[4];
    size_t count = 1, used = 1;
    bytes[0] = *at;
    if (*at == '\\') {
      int32_t code = decode_escape(at, end, &used);
      if (code <= 0) return CORE_EARG;
      count = encode_utf8(code, bytes);
    }
    if (length + count >= size) return CORE_ESPACE;
    memcpy(out + length, bytes, count);
    length += count;
    at += used;
  }
  out[length] = '\0';
  return CORE_OK;
}

bool scan_equals(const struct scan_value *value, const char *expected) {
  char decoded[24];
  return scan_decode_string(value, decoded, sizeof(decoded)) == CORE_OK &&
         strcmp(decoded, expected) == 0;
}

int scan_read_unsigned(const struct scan_value *value, uint64_t *out) {
  uint64_t number = 0;
  size_t i;
  if (value->kind != SCAN_NUMBER) return CORE_EARG;
  for (i = 0; i < value->length; i++) {
    if (!is_digit(value->at[i])) return CORE_EARG;
    if (number < SCAN_INTEGER_LIMIT) {
      number = number * 10 + (uint64_t) (value->at[i] - '0');
    }
  }
  if (number >= SCAN_INTEGER_LIMIT) return CORE_ESPACE;
  *out = number;
  return CORE_OK;
}
