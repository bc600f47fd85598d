/*! Tests of core/report.h, core/backoff.h and core/text.h. */
#include <stdio.h>
#include <string.h>

#include "backoff.h"
#include "check.h"
#include "status.h"
#include "text.h"
#include "vectors_types.h"

#include "vectors.h"

static struct moment at_ms(uint64_t uptime_ms) {
  struct moment now;
  memset(&now, 0, sizeof(now));
  now.uptime_ms = uptime_ms;
  return now;
}

static void the_shared_vectors_hold(void) {
  size_t i;
  for (i = 0; i < COUNT_OF(report_vectors); i++) {
    const struct report_vector *v = &report_vectors[i];
    char out[REPORT_BYTES_MAX];
    size_t length = 0, size;
    CHECK(v->name,
          report_format(&v->report, out, sizeof(out), &length) == CORE_OK);
    CHECK(v->name, strcmp(out, v->text) == 0);
    CHECK(v->name, length == strlen(v->text));
    for (size = 1; size <= length; size++) {
      CHECK(v->name,
            report_format(&v->report, out, size, &length) == CORE_ESPACE);
    }
  }
}

static void an_echo_counts_only_when_it_says_the_same(void) {
  const struct report *report = &report_vectors[1].report;
  char same[REPORT_BYTES_MAX + 32];
  static const struct {
    const char *state;
    int expected;
  } rows[] = {
      {"{\"reported\":{\"door\":null,\"rssi\":-61,\"firmware\":\"1.0.0\","
       "\"clock\":\"synced\",\"bootCount\":7,\"source\":\"remote\","
       "\"result\":\"executed\",\"commandId\":\"01JD2Z8W3E4R5T6Y7U8I9O0PAS\","
       "\"version\":1763779512345,\"lock\":\"unlocked\"}}",
       1},
      {"{\"reported\":{\"lock\":\"unlocked\"}}", 0},
      {"{\"reported\":null}", 0},
      {"{\"desired\":{}}", 0},
      {"", 0},
      {"{\"reported\":", 0},
  };
  size_t i;
  (void) snprintf(same, sizeof(same), "{\"reported\": %s}",
                  report_vectors[1].text);
  CHECK("same", report_is_echoed(report, same, strlen(same)));
  for (i = 0; i < COUNT_OF(rows); i++) {
    CHECK(rows[i].state, report_is_echoed(report, rows[i].state,
                                          strlen(rows[i].state)) ==
                             rows[i].expected);
  }
  for (i = 0; i < COUNT_OF(report_vectors); i++) {
    (void) snprintf(same, sizeof(same), "{\"reported\":%s}",
                    report_vectors[i].text);
    CHECK(report_vectors[i].name,
          report_is_echoed(report, same, strlen(same)) == (i == 1));
  }
}

static void an_echo_that_is_not_one_whole_object_does_not_count(void) {
  static const char *const tails[] = {"}}", "} x", ",}", ",\"reported\":{}}",
                                      ",\"reported\":null}", ""};
  const struct report *report = &report_vectors[1].report;
  char state[REPORT_BYTES_MAX + 48];
  size_t i;
  for (i = 0; i < COUNT_OF(tails); i++) {
    int length = snprintf(state, sizeof(state), "{\"reported\":%s%s",
                          report_vectors[1].text, tails[i]);
    CHECK(tails[i], !report_is_echoed(report, state, (size_t) length));
  }
  (void) snprintf(state, sizeof(state), "{\"reported\":%s}",
                  report_vectors[1].text);
  CHECK("whole", report_is_echoed(report, state, strlen(state)));
  for (i = 0; i < strlen(state); i++) {
    CHECK("cut", !report_is_echoed(report, state, i));
  }
}

static void a_report_is_sent_until_it_is_accepted(void) {
  struct reporter reporter;
  struct moment now = at_ms(0);
  const struct report *report = &report_vectors[1].report;
  char echo[REPORT_BYTES_MAX + 32];
  (void) snprintf(echo, sizeof(echo), "{\"reported\":%s}",
                  report_vectors[1].text);
  reporter_start(&reporter, 900000);
  CHECK("offline", !reporter_wants(&reporter, &now));
  reporter_connected(&reporter, 1);
  CHECK("boot and connect", reporter_wants(&reporter, &now));
  reporter_sent(&reporter, report, &now, 0xffffffffu);
  CHECK("sent", !reporter_wants(&reporter, &now));
  now = at_ms(REPORT_RETRY_FIRST_MS);
  CHECK("no echo", reporter_wants(&reporter, &now));
  reporter_sent(&reporter, report, &now, 0);
  CHECK("other", !reporter_accepted(&reporter, "{\"reported\":{}}", 15, &now));
  CHECK("echo", reporter_accepted(&reporter, echo, strlen(echo), &now));
  CHECK("twice", !reporter_accepted(&reporter, echo, strlen(echo), &now));
  now = at_ms(now.uptime_ms + 899999);
  CHECK("quiet", !reporter_wants(&reporter, &now));
  now = at_ms(now.uptime_ms + 1);
  CHECK("again after the interval", reporter_wants(&reporter, &now));
}

static void a_change_and_a_connection_make_a_report_due_at_once(void) {
  struct reporter reporter;
  struct moment now = at_ms(5);
  reporter_start(&reporter, 900000);
  reporter_connected(&reporter, 1);
  reporter_sent(&reporter, &report_vectors[1].report, &now, 0);
  reporter_request(&reporter);
  CHECK("change", reporter_wants(&reporter, &now));
  reporter_sent(&reporter, &report_vectors[1].report, &now, 0);
  reporter_connected(&reporter, 0);
  now = at_ms(10000000);
  CHECK("offline", !reporter_wants(&reporter, &now));
  reporter_connected(&reporter, 1);
  CHECK("connected", reporter_wants(&reporter, &now));
}

static void delays_double_to_their_bound_and_never_leave_it(void) {
  static const uint32_t whole_ms[] = {2000, 4000, 8000, 10000, 10000};
  static const uint32_t randoms[] = {0, 1, 999, 1000, 1001, 0xffffffffu};
  size_t i, j;
  for (j = 0; j < COUNT_OF(randoms); j++) {
    struct backoff backoff;
    backoff_start(&backoff, 2000, 10000);
    for (i = 0; i < COUNT_OF(whole_ms); i++) {
      uint32_t delay_ms = backoff_next(&backoff, randoms[j]);
      CHECK("low", delay_ms >= whole_ms[i] / 2);
      CHECK("high", delay_ms <= whole_ms[i]);
    }
    backoff_reset(&backoff);
    CHECK("reset", backoff_next(&backoff, 0) <= 2000);
  }
}

static void numbers_of_any_size_are_written_in_full(void) {
  static const char *const strings[] = {"", "a%#b"};
  static const uint64_t numbers[] = {0, UINT64_MAX};
  struct text text;
  char out[48];
  size_t length;
  text_start(&text, out, sizeof(out));
  text_fill(&text, "%# -#%.", strings, numbers);
  CHECK("finish", text_finish(&text, &length) == CORE_OK);
  CHECK("text", strcmp(out, "0 -18446744073709551615a%#b.") == 0);
}

static void a_name_is_of_letters_digits_and_four_marks(void) {
  int c;
  CHECK("empty", text_is_name(""));
  for (c = 1; c < 256; c++) {
    char name[] = {'a', (char) c, 'Z', '\0'};
    int expected = c < 128 && strchr("0123456789abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ._:-",
                                     c) != NULL;
    CHECK(name, text_is_name(name) == expected);
  }
}

static void refusals_and_repeats_make_one_report_in_two_seconds(void) {
  struct reporter reporter;
  const struct report *report = &report_vectors[1].report;
  struct moment now;
  uint64_t at;
  int sent = 0, last_told = 0;
  reporter_start(&reporter, 900000);
  reporter_connected(&reporter, 1);
  now = at_ms(0);
  reporter_sent(&reporter, report, &now, 0);
  for (at = 100; at <= 60000; at += 100) {
    now = at_ms(at);
    if (at <= 50000) {
      reporter_mention(&reporter);
      last_told = 0;
    }
    if (!reporter_wants(&reporter, &now)) continue;
    reporter_sent(&reporter, report, &now, 0);
    last_told = 1;
    sent++;
  }
  CHECK("few", sent <= 25 + 7);
  CHECK("enough", sent >= 25);
  CHECK("the last", last_told);
}

static void a_change_is_told_at_once_even_among_refusals(void) {
  struct reporter reporter;
  struct moment now = at_ms(10);
  reporter_start(&reporter, 900000);
  reporter_connected(&reporter, 1);
  reporter_sent(&reporter, &report_vectors[1].report, &now, 0);
  reporter_mention(&reporter);
  now = at_ms(20);
  CHECK("refusal", !reporter_wants(&reporter, &now));
  reporter_request(&reporter);
  CHECK("change", reporter_wants(&reporter, &now));
  reporter_sent(&reporter, &report_vectors[1].report, &now, 0);
  now = at_ms(20 + REPORT_MENTION_MS);
  CHECK("told along with the change", !reporter.mention);
}

static void a_connection_is_of_use_once_all_is_accepted(void) {
  struct reporter reporter;
  struct moment now = at_ms(5);
  char echo[REPORT_BYTES_MAX + 32];
  (void) snprintf(echo, sizeof(echo), "{\"reported\":%s}",
                  report_vectors[1].text);
  reporter_start(&reporter, 900000);
  CHECK("offline", !reporter_is_settled(&reporter));
  reporter_connected(&reporter, 1);
  CHECK("due", !reporter_is_settled(&reporter));
  reporter_sent(&reporter, &report_vectors[1].report, &now, 0);
  CHECK("unanswered", !reporter_is_settled(&reporter));
  (void) reporter_accepted(&reporter, echo, strlen(echo), &now);
  CHECK("accepted", reporter_is_settled(&reporter));
  reporter_connected(&reporter, 0);
  CHECK("offline again", !reporter_is_settled(&reporter));
}

void report_tests(void) {
  RUN(the_shared_vectors_hold);
  RUN(an_echo_counts_only_when_it_says_the_same);
  RUN(an_echo_that_is_not_one_whole_object_does_not_count);
  RUN(a_report_is_sent_until_it_is_accepted);
  RUN(a_change_and_a_connection_make_a_report_due_at_once);
  RUN(delays_double_to_their_bound_and_never_leave_it);
  RUN(numbers_of_any_size_are_written_in_full);
  RUN(a_name_is_of_letters_digits_and_four_marks);
  RUN(refusals_and_repeats_make_one_report_in_two_seconds);
  RUN(a_change_is_told_at_once_even_among_refusals);
  RUN(a_connection_is_of_use_once_all_is_accepted);
}
