/*! Tests of core/shadow.h: the contents of the shadow's answers, and their
 * meaning to a lock that waits for one. */
#include "shadow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "press.h"
#include "scan.h"
#include "status.h"
#include "vectors_types.h"

#include "vectors.h"

static struct moment at_ms(uint64_t uptime_ms) {
  struct moment now;
  memset(&now, 0, sizeof(now));
  now.uptime_ms = uptime_ms;
  return now;
}

/* Reads from memory of exactly that size, so that the sanitizer detects any
 * read past the end: messages have no final NUL. */
static struct shadow_answer read_exact(enum shadow_topic topic,
                                       const char *payload, size_t length) {
  struct shadow_answer answer;
  char *exact = malloc(length == 0 ? 1 : length);
  memcpy(exact, payload, length);
  shadow_read_answer(topic, exact, length, &answer);
  free(exact);
  return answer;
}

/* The device of the answer vectors. */
static struct reporter device_of_vectors(void) {
  static const char tenth[] =
      "{\"state\":{\"reported\":{}},\"version\":40,\"clientToken\":\"7-10\"}";
  struct reporter reporter;
  uint32_t i;
  reporter_start(&reporter, 7, 900000);
  reporter_set_connected(&reporter, 1);
  for (i = 1; i <= 12; i++) {
    struct moment now = at_ms(i);
    CHECK("number", reporter_begin_update(&reporter, &now, 0) == i);
    if (i == 10) {
      struct shadow_answer answer =
          read_exact(SHADOW_UPDATE_ACCEPTED, tenth, strlen(tenth));
      CHECK("tenth",
            reporter_take_answer(&reporter, &answer, &now) == VERDICT_SETTLED);
    }
  }
  return reporter;
}

static void answers_mean_what_the_shared_vectors_say(void) {
  size_t i;
  for (i = 0; i < COUNT_OF(answer_vectors); i++) {
    const struct answer_vector *v = &answer_vectors[i];
    struct reporter reporter = device_of_vectors();
    struct moment now = at_ms(20);
    struct shadow_answer answer = read_exact(v->topic, v->payload, v->length);
    CHECK(v->name, reporter_take_answer(&reporter, &answer, &now) == v->expect);
    if (v->expect == VERDICT_REJECTED) CHECK(v->name, answer.code == v->code);
    CHECK(v->name, (reporter.repeat_ms != 0) == (v->expect == VERDICT_FOREIGN));
    if (v->expect == VERDICT_SETTLED || v->expect == VERDICT_REJECTED) {
      CHECK(v->name, reporter_is_answered(&reporter));
    }
    now = at_ms(12 + REPORTER_RETRY_MOST_MS);
    CHECK(v->name,
          reporter_is_due(&reporter, &now) == (v->expect != VERDICT_SETTLED));
  }
}

static void an_answer_cut_at_any_byte_settles_nothing(void) {
  size_t i, length, cuts = 0;
  for (i = 0; i < COUNT_OF(answer_vectors); i++) {
    const struct answer_vector *v = &answer_vectors[i];
    size_t whole = v->length;
    while (whole > 0 && v->payload[whole - 1] != '}') whole--;
    for (length = 0; length < whole; length++) {
      struct reporter reporter = device_of_vectors();
      struct moment now = at_ms(20);
      struct shadow_answer answer = read_exact(v->topic, v->payload, length);
      if (v->expect == VERDICT_FOREIGN) continue;
      CHECK(v->name, !answer.is_readable);
      CHECK(v->name,
            reporter_take_answer(&reporter, &answer, &now) != VERDICT_SETTLED);
      cuts++;
    }
  }
  CHECK("there are cuts", cuts > 2000);
}

/* The smallest buffer of Mongoose OS for a message; a longer one ends the
 * connection. */
#define RECEIVE_BYTES_MAX 3072

static void the_answer_to_the_longest_report_can_be_received(void) {
  static char text[RECEIVE_BYTES_MAX + 1000];
  char update[REPORT_UPDATE_BYTES_MAX];
  const struct report *longest = NULL;
  struct scan scan;
  struct scan_value key, value;
  size_t i, length = 0, most = 0;
  for (i = 0; i < COUNT_OF(report_vectors); i++) {
    if (strlen(report_vectors[i].text) < most) continue;
    most = strlen(report_vectors[i].text);
    longest = &report_vectors[i].report;
  }
  CHECK("format", report_format_update(longest, update, sizeof(update),
                                       &length) == CORE_OK);
  (void) snprintf(text, sizeof(text),
                  "%.*s,\"version\":9007199254740991,"
                  "\"timestamp\":1763779513,\"metadata\":{\"reported\":{",
                  (int) length - 1, update);
  (void) scan_open(&scan, update + 21, most);
  for (i = 0; scan_next(&scan, &key, &value) > 0; i++) {
    (void) snprintf(text + strlen(text), sizeof(text) - strlen(text),
                    "%s\"%.*s\":{\"commandId\":{\"timestamp\":1763779513},"
                    "\"reason\":{\"timestamp\":1763779513}}",
                    i == 0 ? "" : ",", (int) key.length, key.at);
  }
  strcat(text, "}}}");
  CHECK("members", i == 16);
  length = strlen(text);
  CHECK("readable",
        read_exact(SHADOW_UPDATE_ACCEPTED, text, length).number == UINT32_MAX);
  /* Header and topic are added to it. */
  length += 7 + strlen("$aws/things//shadow/update/accepted") +
            PRESS_SERIAL_CHARS_MAX;
  CHECK("length", length < RECEIVE_BYTES_MAX);
}

void shadow_tests(void) {
  RUN(answers_mean_what_the_shared_vectors_say);
  RUN(an_answer_cut_at_any_byte_settles_nothing);
  RUN(the_answer_to_the_longest_report_can_be_received);
}
