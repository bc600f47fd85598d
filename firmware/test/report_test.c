/*! Tests of core/report.h, core/backoff.h and core/text.h. */
#include <stdio.h>
#include <string.h>

#include "backoff.h"
#include "check.h"
#include "status.h"
#include "text.h"
#include "vectors_types.h"

#include "vectors.h"

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

static void an_update_is_the_report_with_its_token(void) {
  size_t i;
  for (i = 0; i < COUNT_OF(report_vectors); i++) {
    const struct report_vector *v = &report_vectors[i];
    char out[REPORT_UPDATE_BYTES_MAX], expected[REPORT_UPDATE_BYTES_MAX];
    size_t length = 0, size;
    (void) snprintf(expected, sizeof(expected),
                    "{\"state\":{\"reported\":%s},\"clientToken\":\"%lu-%lu\"}",
                    v->text, (unsigned long) v->report.boot_count,
                    (unsigned long) v->report.number);
    CHECK(v->name, report_format_update(&v->report, out, sizeof(out),
                                        &length) == CORE_OK);
    CHECK(v->name, strcmp(out, expected) == 0);
    CHECK(v->name, length == strlen(expected));
    for (size = 1; size <= length; size++) {
      CHECK(v->name, report_format_update(&v->report, out, size, &length) ==
                         CORE_ESPACE);
    }
  }
}

static void a_jammed_bolt_is_reported_wherever_the_latch_is(void) {
  static const enum latch latches[] = {LATCH_LOCKED, LATCH_UNLOCKED};
  struct report_context context = {1, 1, -61, DECLARATION_STATED, "2.0.0"};
  struct moment now = {0};
  size_t i;
  for (i = 0; i < COUNT_OF(latches); i++) {
    struct lock lock;
    struct report report;
    memset(&lock, 0, sizeof(lock));
    lock.latch = latches[i];
    report_collect(&lock, &context, &now, &report);
    CHECK("follows", report.latch == latches[i]);
    lock.jammed = true;
    report_collect(&lock, &context, &now, &report);
    CHECK("jammed", report.latch == LATCH_JAMMED);
  }
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
  static const uint64_t number = UINT64_MAX;
  struct text text;
  char out[96];
  size_t length;
  text_start(&text, out, sizeof(out));
  text_format(&text, "%lu%s%s.%lu", 0ul, "a%lub", "", 4294967295ul);
  text_add_nullable(&text, &number);
  text_add_nullable(&text, NULL);
  CHECK("finish", text_finish(&text, &length) == CORE_OK);
  CHECK("text", strcmp(out, "0a%lub.429496729518446744073709551615null") == 0);
}

static void a_name_has_only_letters_digits_and_four_marks(void) {
  int c;
  CHECK("empty", text_is_name(""));
  for (c = 1; c < 256; c++) {
    char name[] = {'a', (char) c, 'Z', '\0'};
    int expected = c < 128 && strchr(
                                  "0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ._:-",
                                  c) != NULL;
    CHECK(name, text_is_name(name) == expected);
  }
}

void report_tests(void) {
  RUN(the_shared_vectors_hold);
  RUN(an_update_is_the_report_with_its_token);
  RUN(a_jammed_bolt_is_reported_wherever_the_latch_is);
  RUN(delays_double_to_their_bound_and_never_leave_it);
  RUN(numbers_of_any_size_are_written_in_full);
  RUN(a_name_has_only_letters_digits_and_four_marks);
}
