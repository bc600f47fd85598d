/*! Implements press.h. */
#include "press.h"

#include <string.h>

#include "status.h"
#include "text.h"

CORE_ASSERT(press_classifier_is_small, sizeof(struct press_classifier) <= 32);

void press_start(struct press_classifier *classifier, uint32_t quiet_ms,
                 uint32_t long_ms, int down, uint64_t uptime_ms) {
  classifier->quiet_ms = quiet_ms;
  classifier->long_ms = long_ms;
  classifier->since_ms = uptime_ms;
  classifier->phase = down ? PRESS_SETTLING : PRESS_IDLE;
  classifier->down = down;
}

enum press press_edge(struct press_classifier *classifier, int down,
                      uint64_t uptime_ms) {
  enum press press = press_tick(classifier, uptime_ms);
  if (down == classifier->down) return press;
  classifier->down = down;
  classifier->since_ms = uptime_ms;
  switch (classifier->phase) {
    case PRESS_IDLE:
      if (down) classifier->phase = PRESS_FIRST_DOWN;
      break;
    case PRESS_FIRST_DOWN:
      classifier->phase = PRESS_FIRST_UP;
      break;
    case PRESS_FIRST_UP:
      classifier->phase = PRESS_SETTLING;
      press = PRESS_DOUBLE;
      break;
    case PRESS_SETTLING:
      break;
  }
  return press;
}

enum press press_tick(struct press_classifier *classifier, uint64_t uptime_ms) {
  uint64_t due_ms = press_due_ms(classifier);
  if (due_ms == 0 || uptime_ms < due_ms) return PRESS_NONE;
  switch (classifier->phase) {
    case PRESS_FIRST_DOWN:
      classifier->phase = PRESS_SETTLING;
      return PRESS_LONG;
    case PRESS_FIRST_UP:
      classifier->phase = PRESS_IDLE;
      return PRESS_SINGLE;
    case PRESS_SETTLING:
      classifier->phase = PRESS_IDLE;
      break;
    case PRESS_IDLE:
      break;
  }
  return PRESS_NONE;
}

uint64_t press_due_ms(const struct press_classifier *classifier) {
  switch (classifier->phase) {
    case PRESS_FIRST_DOWN:
      return classifier->since_ms + classifier->long_ms;
    case PRESS_FIRST_UP:
      return classifier->since_ms + classifier->quiet_ms;
    case PRESS_SETTLING:
      return classifier->down ? 0 : classifier->since_ms + classifier->quiet_ms;
    case PRESS_IDLE:
      break;
  }
  return 0;
}

const char *press_name(enum press press) {
  static const char *const names[] = {"NONE", "SINGLE", "DOUBLE", "LONG"};
  return names[press];
}

int press_format(const struct press_message *message, char *out, size_t size,
                 size_t *length) {
  const char *const strings[] = {message->serial, press_name(message->press)};
  const uint64_t supply_mv = message->supply_mv;
  const uint64_t good_for_ms = message->good_for_ms;
  size_t chars = strlen(message->serial);
  struct text text;
  if (chars == 0 || chars > PRESS_SERIAL_CHARS_MAX ||
      !text_is_name(message->serial)) {
    return CORE_EARG;
  }
  text_start(&text, out, size);
  text_fill(&text,
            "{\"serialNumber\":\"%\",\"clickType\":\"%\","
            "\"batteryVoltage\":\"#mV\"",
            strings, &supply_mv);
  if (message->sequence != 0) {
    text_fill(&text, ",\"sequence\":#", strings, &message->sequence);
  }
  if (message->pressed_ms != 0) {
    text_fill(&text, ",\"pressedAt\":#", strings, &message->pressed_ms);
  }
  if (good_for_ms != 0) {
    text_fill(&text, ",\"goodForMs\":#", strings, &good_for_ms);
  }
  text_string(&text, "}");
  return text_finish(&text, length);
}
