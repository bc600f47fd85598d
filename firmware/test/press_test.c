/*! Tests of core/press.h. */
#include <string.h>

#include "check.h"
#include "press.h"
#include "status.h"
#include "vectors_types.h"

#define QUIET_MS 400
#define LONG_MS 1500
#define DEBOUNCE_MS 50

static const struct press_settings settings = {QUIET_MS, LONG_MS, DEBOUNCE_MS};

/* Plays a waveform: times at which the level flips, starting released and
 * ending with 0. Writes one letter per press and returns their number. */
static size_t play(const uint32_t *flips, char *presses, uint32_t *last_ms) {
  static const char letters[] = "-SDL";
  struct press_classifier classifier;
  uint32_t now_ms;
  size_t count = 0;
  int down = 0;
  press_start(&classifier, &settings, 0, 0);
  for (now_ms = 1; now_ms < 10000; now_ms++) {
    enum press press = PRESS_NONE;
    if (*flips == now_ms) {
      flips++;
      down = !down;
      press = press_take_edge(&classifier, down, now_ms);
    } else if (now_ms % 20 == 0) {
      press = press_tick(&classifier, down, now_ms);
    }
    if (press != PRESS_NONE) {
      presses[count++] = letters[press];
      *last_ms = now_ms;
    }
  }
  presses[count] = '\0';
  return count;
}

static void waveforms_are_classified(void) {
  static const struct {
    const char *row;
    uint32_t flips[9];
    const char *presses;
    uint32_t last_ms;
  } rows[] = {
      {"nothing", {0}, "", 0},
      {"one tap", {100, 220, 0}, "S", 620},
      {"a slow tap", {100, 1590, 0}, "S", 2000},
      {"two taps", {100, 220, 400, 500, 0}, "D", 400},
      {"two taps as far apart as allowed", {100, 220, 619, 700, 0}, "D", 619},
      {"two single taps", {100, 220, 640, 700, 0}, "SS", 1100},
      {"held", {100, 3000, 0}, "L", 1600},
      {"held and tapped at once", {100, 3000, 3200, 3300, 0}, "L", 1600},
      {"held, rested and tapped", {100, 3000, 3500, 3600, 0}, "LS", 4000},
      {"three taps are two", {100, 200, 300, 400, 500, 600, 0}, "D", 300},
      {"four taps are two",
       {100, 200, 300, 400, 500, 600, 700, 800, 0},
       "D",
       300},
      {"two taps, the second held", {100, 200, 300, 4000, 0}, "D", 300},
      {"double, rest, single", {100, 200, 300, 400, 900, 1000, 0}, "DS", 1400},
      {"never released", {100, 0}, "L", 1600},
  };
  size_t i;
  for (i = 0; i < COUNT_OF(rows); i++) {
    char presses[16];
    uint32_t last_ms = 0;
    (void) play(rows[i].flips, presses, &last_ms);
    CHECK(rows[i].row, strcmp(presses, rows[i].presses) == 0);
    CHECK(rows[i].row, last_ms == rows[i].last_ms);
  }
}

static void a_button_held_at_power_on_is_not_a_press(void) {
  struct press_classifier classifier;
  press_start(&classifier, &settings, 1, 0);
  CHECK("held", press_tick(&classifier, 1, 60000) == PRESS_NONE);
  CHECK("up", press_take_edge(&classifier, 0, 60001) == PRESS_NONE);
  CHECK("rest", press_tick(&classifier, 0, 60500) == PRESS_NONE);
  CHECK("down", press_take_edge(&classifier, 1, 61000) == PRESS_NONE);
  CHECK("up", press_take_edge(&classifier, 0, 61100) == PRESS_NONE);
  CHECK("tap", press_tick(&classifier, 0, 61500) == PRESS_SINGLE);
}

static void an_edge_that_changes_nothing_is_ignored(void) {
  struct press_classifier classifier;
  press_start(&classifier, &settings, 0, 0);
  CHECK("up", press_take_edge(&classifier, 0, 10) == PRESS_NONE);
  CHECK("down", press_take_edge(&classifier, 1, 20) == PRESS_NONE);
  CHECK("down", press_take_edge(&classifier, 1, 30) == PRESS_NONE);
  CHECK("up", press_take_edge(&classifier, 0, 100) == PRESS_NONE);
  CHECK("tap", press_tick(&classifier, 0, 500) == PRESS_SINGLE);
}

static int format(const char *serial, enum press press, uint64_t pressed_ms,
                  char *out, size_t size) {
  struct press_message message;
  size_t length = 0;
  int status;
  message.serial = serial;
  message.press = press;
  message.supply_mv = pressed_ms == UINT64_MAX ? UINT32_MAX : 3300;
  message.sequence = pressed_ms == UINT64_MAX ? UINT64_MAX : 412;
  message.pressed_ms = pressed_ms;
  message.good_for_ms = pressed_ms == UINT64_MAX ? UINT32_MAX
                        : pressed_ms == 0        ? 0
                                                 : 3000;
  status = press_format(&message, out, size, &length);
  CHECK(serial, status != CORE_OK || length == strlen(out));
  return status;
}

static void a_press_is_formatted_like_the_aws_iot_buttons(void) {
  char out[PRESS_BYTES_MAX], serial[PRESS_SERIAL_CHARS_MAX + 2];
  static const struct press_message without_sequence_and_time = {
      "b", 0, 0, 3000, 3300, PRESS_SINGLE};
  size_t length;
  CHECK("fits",
        format("button-1", PRESS_SINGLE, 0, out, sizeof(out)) == CORE_OK);
  CHECK("text", strcmp(out,
                       "{\"serialNumber\":\"button-1\",\"clickType\":"
                       "\"SINGLE\",\"batteryVoltage\":\"3300mV\","
                       "\"sequence\":412}") == 0);
  CHECK("clock", format("b", PRESS_LONG, UINT64_C(1763779512100), out,
                        sizeof(out)) == CORE_OK);
  CHECK("time", strcmp(out,
                       "{\"serialNumber\":\"b\",\"clickType\":\"LONG\","
                       "\"batteryVoltage\":\"3300mV\",\"sequence\":412,"
                       "\"pressedAt\":1763779512100,"
                       "\"goodForMs\":3000}") == 0);
  CHECK("new flash, no clock", press_format(&without_sequence_and_time, out,
                                            sizeof(out), &length) == CORE_OK);
  CHECK("no sequence", strcmp(out,
                              "{\"serialNumber\":\"b\",\"clickType\":"
                              "\"SINGLE\",\"batteryVoltage\":\"3300mV\","
                              "\"goodForMs\":3000}") == 0);
  CHECK("double", strcmp(press_name(PRESS_DOUBLE), "DOUBLE") == 0);
  CHECK("small", format("b", PRESS_LONG, 0, out, 20) == CORE_ESPACE);
  CHECK("empty", format("", PRESS_LONG, 0, out, sizeof(out)) == CORE_EARG);
  CHECK("quote", format("a\"b", PRESS_LONG, 0, out, sizeof(out)) == CORE_EARG);
  memset(serial, 'a', sizeof(serial));
  serial[PRESS_SERIAL_CHARS_MAX + 1] = '\0';
  CHECK("long", format(serial, PRESS_LONG, 0, out, sizeof(out)) == CORE_EARG);
  serial[PRESS_SERIAL_CHARS_MAX] = '\0';
  CHECK("longest",
        format(serial, PRESS_DOUBLE, UINT64_MAX, out, sizeof(out)) == CORE_OK);
}

void press_tests(void) {
  RUN(waveforms_are_classified);
  RUN(a_button_held_at_power_on_is_not_a_press);
  RUN(an_edge_that_changes_nothing_is_ignored);
  RUN(a_press_is_formatted_like_the_aws_iot_buttons);
}
