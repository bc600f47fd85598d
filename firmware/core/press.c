/*! Implements press.h. */
#include "press.h"

#include <string.h>

#include "status.h"
#include "text.h"

CORE_ASSERT(press_classifier_is_small, sizeof(struct press_classifier) <= 48);

static const char *const names[] = {"NONE", "SINGLE", "DOUBLE", "LONG"};
CORE_ASSERT_COUNT(names, PRESS_COUNT);

void press_start(struct press_classifier *classifier,
                 const struct press_settings *settings, bool is_down,
                 uint64_t uptime_ms) {
  contact_start(&classifier->contact, settings->debounce_ms, is_down);
  classifier->quiet_ms = settings->quiet_ms;
  classifier->long_ms = settings->long_ms;
  classifier->since_ms = uptime_ms;
  classifier->phase = is_down ? PRESS_SETTLING : PRESS_IDLE;
}

static enum press change_level(struct press_classifier *classifier,
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

/* `is_held`: the pin was read and is down. */
static enum press pass_time(struct press_classifier *classifier, bool is_held,
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

/* `is_reading`: a tick read the pin; else a handler was called for an edge. */
static enum press step(struct press_classifier *classifier, bool is_down,
                       bool is_reading, uint64_t uptime_ms) {
  enum press press = pass_time(classifier, is_reading && is_down, uptime_ms);
  bool changed =
      is_reading ? contact_take_level(&classifier->contact, is_down, uptime_ms)
                 : contact_take_edge(&classifier->contact, is_down);
  enum press next = changed ? change_level(classifier, uptime_ms) : PRESS_NONE;
  return press != PRESS_NONE ? press : next;
}

enum press press_take_edge(struct press_classifier *classifier, bool is_down,
                           uint64_t uptime_ms) {
  /* Down again: a release was missed before it, or the contact bounced. */
  if (is_down && classifier->contact.is_closed) {
    press_restart_hold(classifier, uptime_ms);
  }
  return step(classifier, is_down, false, uptime_ms);
}

enum press press_tick(struct press_classifier *classifier, bool is_down,
                      uint64_t uptime_ms) {
  return step(classifier, is_down, true, uptime_ms);
}

void press_restart_hold(struct press_classifier *classifier,
                        uint64_t uptime_ms) {
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

const char *press_name(enum press press) { return names[press]; }

int press_format(const struct press_message *message, char *out, size_t size,
                 size_t *length) {
  size_t chars = strlen(message->serial);
  struct text text;
  if (chars == 0 || chars > PRESS_SERIAL_CHARS_MAX ||
      !text_is_name(message->serial)) {
    return CORE_EARG;
  }
  text_start(&text, out, size);
  text_format(&text,
              "{\"serialNumber\":\"%s\",\"clickType\":\"%s\","
              "\"batteryVoltage\":\"%lumV\"",
              message->serial, press_name(message->press),
              (unsigned long) message->supply_mv);
  if (message->sequence != 0) {
    text_add_string(&text, ",\"sequence\":");
    text_add_nullable(&text, &message->sequence);
  }
  if (message->pressed_ms != 0) {
    text_add_string(&text, ",\"pressedAt\":");
    text_add_nullable(&text, &message->pressed_ms);
  }
  if (message->good_for_ms != 0) {
    text_format(&text, ",\"goodForMs\":%lu",
                (unsigned long) message->good_for_ms);
  }
  text_add_string(&text, "}");
  return text_finish(&text, length);
}
