/*! Tests of core/reporter.h: when a lock reports. */
#include "reporter.h"

#include <string.h>

#include "check.h"
#include "vectors_types.h"

#define BOOT 7
#define INTERVAL_MS 900000u

static struct moment at_ms(uint64_t uptime_ms) {
  struct moment now;
  memset(&now, 0, sizeof(now));
  now.uptime_ms = uptime_ms;
  return now;
}

static struct reporter connected(void) {
  struct reporter reporter;
  reporter_start(&reporter, BOOT, INTERVAL_MS);
  reporter_set_connected(&reporter, 1);
  return reporter;
}

static int wants(const struct reporter *reporter, uint64_t uptime_ms) {
  struct moment now = at_ms(uptime_ms);
  return reporter_is_due(reporter, &now);
}

/* Sends, with the longest delay before the next attempt. */
static uint32_t send_at(struct reporter *reporter, uint64_t uptime_ms) {
  struct moment now = at_ms(uptime_ms);
  uint32_t half_ms = reporter->backoff.next_ms == 0
                         ? REPORTER_RETRY_FIRST_MS / 2
                         : reporter->backoff.next_ms / 2;
  return reporter_begin_update(reporter, &now, half_ms);
}

/* An answer to the update `number` of this power-on; 0: to a foreign one. */
static enum reporter_verdict answer_at(struct reporter *reporter,
                                       enum shadow_topic topic, uint32_t number,
                                       uint64_t version, uint64_t uptime_ms) {
  struct moment now = at_ms(uptime_ms);
  struct shadow_answer answer;
  memset(&answer, 0, sizeof(answer));
  answer.topic = topic;
  answer.is_readable = answer.changes_reported = 1;
  answer.boot_count = number == 0 ? 0 : BOOT;
  answer.number = number;
  answer.version = version;
  return reporter_take_answer(reporter, &answer, &now);
}

static enum reporter_verdict accept(struct reporter *reporter, uint32_t number,
                                    uint64_t version, uint64_t uptime_ms) {
  return answer_at(reporter, SHADOW_UPDATE_ACCEPTED, number, version,
                   uptime_ms);
}

static void numbers_begin_at_one_without_gaps(void) {
  struct reporter reporter = connected();
  uint32_t i;
  for (i = 1; i < 100; i++) CHECK("number", send_at(&reporter, i) == i);
  reporter_set_connected(&reporter, 0);
  reporter_set_connected(&reporter, 1);
  CHECK("over a connection", send_at(&reporter, 200) == 100);
  reporter_start(&reporter, BOOT + 1, INTERVAL_MS);
  CHECK("over a power cut", send_at(&reporter, 0) == 1);
}

static void a_report_is_sent_until_it_is_accepted(void) {
  struct reporter reporter;
  uint64_t at;
  reporter_start(&reporter, BOOT, INTERVAL_MS);
  CHECK("offline", !wants(&reporter, 0));
  reporter_set_connected(&reporter, 1);
  CHECK("boot and connect", wants(&reporter, 0));
  (void) send_at(&reporter, 0);
  CHECK("sent", !wants(&reporter, REPORTER_RETRY_FIRST_MS - 1));
  CHECK("no answer", wants(&reporter, REPORTER_RETRY_FIRST_MS));
  (void) send_at(&reporter, 2000);
  CHECK("the older alone", accept(&reporter, 1, 5, 2100) == VERDICT_NONE);
  CHECK("not yet", wants(&reporter, 6000));
  CHECK("accepted", accept(&reporter, 2, 6, 2200) == VERDICT_SETTLED);
  CHECK("again", accept(&reporter, 2, 6, 2300) == VERDICT_NONE);
  at = 2200 + INTERVAL_MS;
  CHECK("quiet", !wants(&reporter, at - 1));
  CHECK("again after the interval", wants(&reporter, at));
}

static void a_change_and_a_connection_make_a_report_due_at_once(void) {
  struct reporter reporter = connected();
  (void) send_at(&reporter, 5);
  reporter_request(&reporter);
  CHECK("change", wants(&reporter, 5));
  (void) send_at(&reporter, 5);
  reporter_set_connected(&reporter, 0);
  CHECK("offline", !wants(&reporter, 10000000));
  reporter_set_connected(&reporter, 1);
  CHECK("connected", wants(&reporter, 10000000));
}

/* Number of reports in `ms`, each answered on `topic`, or not at all. */
static int reports_in(struct reporter *reporter, uint64_t from_ms, uint64_t ms,
                      enum shadow_topic topic) {
  uint64_t at;
  int sent = 0;
  for (at = from_ms; at < from_ms + ms; at += 100) {
    uint32_t number;
    if (!wants(reporter, at)) continue;
    number = send_at(reporter, at);
    if (topic != SHADOW_TOPIC_COUNT) {
      (void) answer_at(reporter, topic, number, number, at);
    }
    sent++;
  }
  return sent;
}

static void silence_and_rejections_are_met_with_longer_and_longer_pauses(void) {
  static const enum shadow_topic topics[] = {SHADOW_TOPIC_COUNT,
                                             SHADOW_UPDATE_REJECTED};
  size_t i;
  for (i = 0; i < COUNT_OF(topics); i++) {
    struct reporter reporter = connected();
    /* 0, 2, 6, 14, 30, 62, 126, 254, 510 s; then every 5 minutes. */
    CHECK("eleven minutes", reports_in(&reporter, 0, 660000, topics[i]) == 9);
    CHECK("an hour", reports_in(&reporter, 660000, 3600000, topics[i]) == 12);
    CHECK("finally accepted",
          reports_in(&reporter, 4260000, 300000, SHADOW_UPDATE_ACCEPTED) == 1);
    reporter_request(&reporter);
    CHECK("and quick again",
          reports_in(&reporter, 4600000, 3000, topics[i]) == 2);
  }
}

static void a_rejection_is_an_answer_and_silence_is_not(void) {
  struct reporter reporter;
  reporter_start(&reporter, BOOT, INTERVAL_MS);
  CHECK("offline", !reporter_is_answered(&reporter));
  reporter_set_connected(&reporter, 1);
  CHECK("due", !reporter_is_answered(&reporter));
  (void) send_at(&reporter, 5);
  CHECK("unanswered", !reporter_is_answered(&reporter));
  (void) answer_at(&reporter, SHADOW_UPDATE_REJECTED, 1, 0, 6);
  CHECK("rejected", reporter_is_answered(&reporter));
  (void) send_at(&reporter, 10000);
  CHECK("unanswered again", !reporter_is_answered(&reporter));
  (void) accept(&reporter, 2, 1, 10001);
  CHECK("accepted", reporter_is_answered(&reporter));
  (void) accept(&reporter, 0, 2, 10002);
  CHECK("foreign write", reporter_is_answered(&reporter));
  reporter_set_connected(&reporter, 0);
  CHECK("offline again", !reporter_is_answered(&reporter));
}

/* A foreign write; returns the time until the next report, which is accepted.
 */
static uint64_t repeat_after(struct reporter *reporter, uint64_t at_ms,
                             uint64_t *version) {
  uint64_t at = at_ms;
  uint32_t number;
  CHECK("foreign", accept(reporter, 0, ++*version, at_ms) == VERDICT_FOREIGN);
  while (!wants(reporter, at)) at++;
  number = send_at(reporter, at);
  CHECK("accepted",
        accept(reporter, number, ++*version, at) == VERDICT_SETTLED);
  return at - at_ms;
}

static void foreign_writes_are_overwritten_ever_more_slowly(void) {
  struct reporter reporter = connected();
  uint64_t at = 50, version = 9, delay_ms = 1000;
  int i;
  (void) send_at(&reporter, 0);
  (void) accept(&reporter, 1, 9, 0);
  for (i = 0; i < 12; i++) {
    uint64_t after_ms = repeat_after(&reporter, at, &version);
    CHECK("delay", after_ms == delay_ms);
    at += after_ms + 1;
    delay_ms = delay_ms >= 150000 ? 300000 : delay_ms * 2;
  }
  CHECK("the most", delay_ms == 300000);
  at += REPORTER_QUIET_MS - 300002;
  CHECK("not quiet for long enough",
        repeat_after(&reporter, at, &version) == 300000);
  at += REPORTER_QUIET_MS;
  CHECK("quiet", repeat_after(&reporter, at, &version) == 1000);
  CHECK("and again", repeat_after(&reporter, at + 2000, &version) == 2000);
}

static void many_writes_at_once_make_one_report(void) {
  struct reporter reporter = connected();
  uint64_t version = 10, at;
  (void) send_at(&reporter, 0);
  (void) accept(&reporter, 1, 9, 0);
  for (at = 1; at < 1000; at++) (void) accept(&reporter, 0, version++, at);
  CHECK("not yet", !wants(&reporter, 1000));
  CHECK("one second after the first", wants(&reporter, 1001));
  (void) send_at(&reporter, 1001);
  CHECK("one report", !wants(&reporter, 1002));
  CHECK("settled", accept(&reporter, 2, version, 1050) == VERDICT_SETTLED);
  CHECK("and no more", !wants(&reporter, 1050 + INTERVAL_MS - 1));
}

static void a_report_sent_for_another_reason_overwrites_the_write(void) {
  struct reporter reporter = connected();
  (void) send_at(&reporter, 0);
  (void) accept(&reporter, 1, 9, 0);
  (void) accept(&reporter, 0, 10, 100);
  reporter_request(&reporter);
  (void) send_at(&reporter, 200);
  (void) accept(&reporter, 2, 11, 300);
  CHECK("covered", !wants(&reporter, 300 + INTERVAL_MS - 1));
}

static void a_write_that_the_waiting_report_overwrote_causes_no_other(void) {
  struct reporter reporter = connected();
  (void) send_at(&reporter, 0);
  CHECK("before ours", accept(&reporter, 0, 9, 10) == VERDICT_FOREIGN);
  CHECK("ours", accept(&reporter, 1, 10, 20) == VERDICT_SETTLED);
  CHECK("enough", !wants(&reporter, 20 + INTERVAL_MS - 1));
}

static void a_late_update_of_a_closed_connection_is_overwritten(void) {
  struct reporter reporter = connected();
  (void) send_at(&reporter, 0);
  reporter_set_connected(&reporter, 0);
  reporter_set_connected(&reporter, 1);
  (void) send_at(&reporter, 100);
  /* The first arrives after the second, which waits; then after it settled. */
  CHECK("arrives first", accept(&reporter, 1, 9, 110) == VERDICT_NONE);
  CHECK("ours is older", accept(&reporter, 2, 8, 120) == VERDICT_FOREIGN);
  CHECK("again", wants(&reporter, 1120));
  (void) send_at(&reporter, 1120);
  CHECK("settled", accept(&reporter, 3, 10, 1130) == VERDICT_SETTLED);
  CHECK("arrives last", accept(&reporter, 1, 11, 1140) == VERDICT_FOREIGN);
}

static void a_deleted_shadow_is_written_again_whatever_its_version(void) {
  struct reporter reporter = connected();
  (void) send_at(&reporter, 0);
  (void) accept(&reporter, 1, 500, 0);
  CHECK("deleted", answer_at(&reporter, SHADOW_DELETE_ACCEPTED, 0, 500, 10) ==
                       VERDICT_FOREIGN);
  CHECK("soon", wants(&reporter, 1010));
  (void) send_at(&reporter, 1010);
  CHECK("from one", accept(&reporter, 2, 1, 1020) == VERDICT_SETTLED);
  /* Deleted and restarted at version 1; the answers arrive in reverse order. */
  reporter_request(&reporter);
  (void) send_at(&reporter, 2000);
  (void) accept(&reporter, 0, 600, 2010);
  CHECK("lower", accept(&reporter, 3, 2, 2020) == VERDICT_FOREIGN);
  (void) send_at(&reporter, 4020);
  CHECK("believed", accept(&reporter, 4, 3, 4030) == VERDICT_SETTLED);
}

static void a_door_is_reported_at_once_then_every_two_seconds_and_last(void) {
  struct reporter reporter = connected();
  uint64_t at, last_move = 0, last_sent = 0;
  uint32_t number;
  int sent = 0;
  number = send_at(&reporter, 0);
  (void) accept(&reporter, number, number, 0);
  reporter_note_door(&reporter);
  CHECK("at once, though a report was just sent", wants(&reporter, 0));
  for (at = 0; at < 60000; at += 50) {
    if (at <= 50000 && at % 150 == 0) {
      reporter_note_door(&reporter);
      last_move = at;
    }
    if (!wants(&reporter, at)) continue;
    number = send_at(&reporter, at);
    (void) accept(&reporter, number, number, at);
    last_sent = at;
    sent++;
  }
  CHECK("every two seconds", sent == 26);
  CHECK("the last", last_sent >= last_move);
  reporter_note_door(&reporter);
  CHECK("at once again", wants(&reporter, 60000));
  (void) send_at(&reporter, 60000);
  reporter_request(&reporter);
  CHECK("a change does not wait for the door", wants(&reporter, 60001));
}

static void refusals_and_repeats_make_one_report_in_two_seconds(void) {
  struct reporter reporter = connected();
  uint64_t at;
  int sent = 0, last_reported = 0;
  (void) send_at(&reporter, 0);
  for (at = 100; at <= 60000; at += 100) {
    if (at <= 50000) {
      reporter_mention(&reporter);
      last_reported = 0;
    }
    if (!wants(&reporter, at)) continue;
    (void) send_at(&reporter, at);
    last_reported = 1;
    sent++;
  }
  CHECK("few", sent <= 25 + 7);
  CHECK("enough", sent >= 25);
  CHECK("the last", last_reported);
}

static void a_change_is_reported_at_once_even_among_refusals(void) {
  struct reporter reporter = connected();
  (void) send_at(&reporter, 10);
  reporter_mention(&reporter);
  CHECK("refusal", !wants(&reporter, 20));
  reporter_request(&reporter);
  CHECK("change", wants(&reporter, 20));
  (void) send_at(&reporter, 20);
  CHECK("reported along with the change", !reporter.mention);
}

void reporter_tests(void) {
  RUN(numbers_begin_at_one_without_gaps);
  RUN(a_report_is_sent_until_it_is_accepted);
  RUN(a_change_and_a_connection_make_a_report_due_at_once);
  RUN(silence_and_rejections_are_met_with_longer_and_longer_pauses);
  RUN(a_rejection_is_an_answer_and_silence_is_not);
  RUN(foreign_writes_are_overwritten_ever_more_slowly);
  RUN(many_writes_at_once_make_one_report);
  RUN(a_report_sent_for_another_reason_overwrites_the_write);
  RUN(a_write_that_the_waiting_report_overwrote_causes_no_other);
  RUN(a_late_update_of_a_closed_connection_is_overwritten);
  RUN(a_deleted_shadow_is_written_again_whatever_its_version);
  RUN(a_door_is_reported_at_once_then_every_two_seconds_and_last);
  RUN(refusals_and_repeats_make_one_report_in_two_seconds);
  RUN(a_change_is_reported_at_once_even_among_refusals);
}
