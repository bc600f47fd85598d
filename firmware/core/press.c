/*! Implements press.h. */
#include "press.h"

#include <string.h>

#include "status.h"
#include "text.h"

CORE_ASSERT(press_classifier_is_small, sizeof(struct press_classifier) <= 48);

void press_start(struct press_classifier *classifier,
                 const struct press_settings *settings, int down,
                 uint64_t uptime_ms) {
  contact_start(&classifier->contact, settings->debounce_ms, down);
  classifier->quiet_ms = settings->quiet_ms;
  classifier->long_ms = settings->long_ms;
  classifier->since_ms = uptime_ms;
  classifier->phase = down ? PRESS_SETTLING : PRESS_IDLE;
}

/* The level changed. */
static enum press change(struct press_classifier *classifier,
                         uint64_t uptime_ms) {
  classifier->since_ms = uptime_ms;
  switch (classifier->phase) {
    case PRESS_IDLE:
      if (classifier->contact.is_closed) classifier->phase = PRESS_FIRST_DOWN;
      break;
    case PRESS_FIRST_DOWN:
      classifier->phase = PRESS_FIRST_UP;
      break;
    case PRESS_FIRST_UP:
      classifier->phase = PRESS_SETTLING;
      return PRESS_DOUBLE;
    case PRESS_SETTLING:
      break;
  }
  return PRESS_NONE;
}

/* Time passes; `is_held`: the pin was looked at, and is down. */
static enum press pass(struct press_classifier *classifier, int is_held,
                       uint64_t uptime_ms) {
  uint64_t due_ms = press_due_ms(classifier);
  if (due_ms == 0 || uptime_ms < due_ms) return PRESS_NONE;
  switch (classifier->phase) {
    case PRESS_FIRST_DOWN:
      if (!is_held) return PRESS_NONE;
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

static enum press step(struct press_classifier *classifier, int down,
                       int is_look, uint64_t uptime_ms) {
  enum press press = pass(classifier, is_look && down, uptime_ms);
  int changed = is_look ? contact_look(&classifier->contact, down, uptime_ms)
                        : contact_note(&classifier->contact, down);
  enum press next = changed ? change(classifier, uptime_ms) : PRESS_NONE;
  return press != PRESS_NONE ? press : next;
}

enum press press_edge(struct press_classifier *classifier, int down,
                      uint64_t uptime_ms) {
  /* Down once more: a release was missed before it, or the contact bounced. */
  if (down && classifier->contact.is_closed) {
    press_missed(classifier, uptime_ms);
  }
  return step(classifier, down, 0, uptime_ms);
}

enum press press_tick(struct press_classifier *classifier, int down,
                      uint64_t uptime_ms) {
  return step(classifier, down, 1, uptime_ms);
}

void press_missed(struct press_classifier *classifier, uint64_t uptime_ms) {
  if (classifier->phase == PRESS_FIRST_DOWN) classifier->since_ms = uptime_ms;
}

uint64_t press_due_ms(const struct press_classifier *classifier) {
  switch (classifier->phase) {
    case PRESS_FIRST_DOWN:
      return classifier->since_ms + classifier->long_ms;
    case PRESS_FIRST_UP:
      return classifier->since_ms + classifier->quiet_ms;
    case PRESS_SETTLING:
      return classifier->contact.is_closed
                 ? 0
                 : classifier->since_ms + classifier->quiet_ms;
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
