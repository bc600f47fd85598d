/*! Implements courier.h. */
#include "courier.h"

#include <string.h>

#include "reporter.h"
#include "require.h"
#include "status.h"

#define BOOT 7u
#define INTERVAL_MS 900000u
#define PAUSE_MS 2000u
#define RETRY_LEAST_MS 1000u
#define LONGEST_MS 300000u
#define QUIET_MS 600000u
#define ANSWER_BYTES_MAX 256

static struct reporter s_reporter;
static int s_connected, s_waits, s_due, s_mention, s_door;
static unsigned s_number, s_settled; /* The last sent, the last accepted. */
static uint64_t s_sent_ms, s_accepted_ms, s_door_sent_ms;

/* Another's write that no report has covered since, and how many there were
 * without a quiet time between. */
static int s_covered, s_any_foreign;
static unsigned s_repeats;
static uint64_t s_repeat_ms, s_foreign_ms;

/* The shadow: its version, and the newest that the lock has heard of. */
static uint64_t s_version, s_heard;

void courier_start(void) { s_version = 0; }

void courier_boot(void) {
  reporter_start(&s_reporter, BOOT, INTERVAL_MS);
  s_connected = s_waits = s_mention = s_door = 0;
  s_covered = s_any_foreign = 0;
  s_number = s_settled = s_repeats = 0;
  s_door_sent_ms = s_heard = 0;
  s_due = 1;
}

void courier_changed(void) {
  reporter_request(&s_reporter);
  s_due = 1;
}

void courier_mention(void) {
  reporter_mention(&s_reporter);
  s_mention = 1;
}

void courier_door(void) {
  reporter_door(&s_reporter);
  s_door = 1;
}

void courier_connect(int connected) {
  reporter_connected(&s_reporter, connected);
  s_connected = connected;
  s_due |= connected;
  if (connected) s_heard = 0;
}

/* Whether a report must go, must not, or may (-1). */
static int wanted(uint64_t now_ms) {
  if (!s_connected) return 0;
  if (s_due) return 1;
  if (s_mention && now_ms >= s_sent_ms + PAUSE_MS) return 1;
  if (s_door && now_ms >= s_door_sent_ms) return 1;
  if (s_covered && now_ms >= s_repeat_ms) return 1;
  if (!s_waits) return now_ms >= s_accepted_ms + INTERVAL_MS;
  if (now_ms < s_sent_ms + RETRY_LEAST_MS) return 0;
  return now_ms >= s_sent_ms + LONGEST_MS ? 1 : -1;
}

static void require_update(const struct world *world, uint32_t number) {
  struct report_context context = {BOOT, number, -61, "1.0.0"};
  struct report report;
  char text[REPORT_UPDATE_BYTES_MAX], token[32];
  size_t length = 0;
  report_collect(&world->lock, &context, &world->now, &report);
  REQUIRE(report_format_update(&report, text, sizeof(text), &length) == CORE_OK,
          "any report fits");
  (void) snprintf(token, sizeof(token), "\"clientToken\":\"7-%u\"}",
                  (unsigned) number);
  REQUIRE(length > strlen(token) &&
              strcmp(text + length - strlen(token), token) == 0,
          "an update ends with its token (D4)");
}

void courier_poll(const struct world *world) {
  uint64_t now_ms = world->now.uptime_ms;
  int must = wanted(now_ms);
  int wants = reporter_wants(&s_reporter, &world->now);
  REQUIRE(must < 0 || wants == must,
          "a report goes when it is due, and no sooner (D4, S7)");
  REQUIRE(reporter_is_answered(&s_reporter) ==
              (s_connected && !s_due && s_waits != 1),
          "a connection is of use once all is answered");
  if (!wants) return;
  REQUIRE(s_due || s_door || s_number == 0 ||
              now_ms >= s_sent_ms + RETRY_LEAST_MS,
          "nothing but a change hastens a report (S7)");
  s_number++;
  REQUIRE(reporter_send(&s_reporter, &world->now,
                        (uint32_t) world->true_ms) == s_number,
          "updates are counted one by one (D4)");
  require_update(world, s_number);
  if (s_door) s_door_sent_ms = now_ms + PAUSE_MS;
  s_sent_ms = now_ms;
  s_waits = 1;
  s_due = s_mention = s_door = s_covered = 0;
}

/* Another wrote. */
static enum reporter_verdict note_foreign(uint64_t now_ms) {
  uint64_t delay_ms = 1000;
  unsigned i;
  if (!s_any_foreign || now_ms - s_foreign_ms >= QUIET_MS) s_repeats = 0;
  s_any_foreign = 1;
  s_foreign_ms = now_ms;
  if (s_covered) return VERDICT_FOREIGN;
  for (i = 0; i < s_repeats && delay_ms < LONGEST_MS; i++) delay_ms *= 2;
  if (delay_ms > LONGEST_MS) delay_ms = LONGEST_MS;
  s_repeats++;
  s_covered = 1;
  s_repeat_ms = now_ms + delay_ms;
  return VERDICT_FOREIGN;
}

/* What an accepted change of `reported` must mean. `number`: of ours, 0 = of
 * another's. */
static enum reporter_verdict judge_accepted(unsigned number, uint64_t version,
                                            uint64_t now_ms) {
  int is_news = version > s_heard, is_ours = number > s_settled;
  if (is_ours && number == s_number) {
    s_settled = s_number;
    s_waits = 0;
    s_accepted_ms = now_ms;
    s_heard = version;
    if (!is_news) return note_foreign(now_ms);
    s_covered = 0;
    return VERDICT_SETTLED;
  }
  if (!is_news) return VERDICT_NONE;
  s_heard = version;
  return is_ours ? VERDICT_NONE : note_foreign(now_ms);
}

static enum reporter_verdict answer(const struct world *world,
                                    enum shadow_topic topic, const char *text,
                                    size_t length) {
  struct shadow_answer read;
  shadow_read(topic, text, length, &read);
  return reporter_answer(&s_reporter, &read, &world->now);
}

/* Tokens that no update of this power-on has. */
static const char *const foreign_tokens[] = {
    "", ",\"clientToken\":\"6-1\"", ",\"clientToken\":\"7-x\"",
    ",\"clientToken\":\"cbf43926\""};

void courier_answer(const struct world *world, unsigned how) {
  uint64_t now_ms = world->now.uptime_ms;
  unsigned rest = how >> 3, back = rest % 4;
  unsigned number = back < s_number ? s_number - back : 0;
  uint64_t version = rest & 16 && s_version > 2 ? s_version - 2 : ++s_version;
  enum reporter_verdict expected = VERDICT_NONE, found;
  enum shadow_topic topic = SHADOW_UPDATE_ACCEPTED;
  char text[ANSWER_BYTES_MAX];
  int length;
  if (number == 0) back = 0;
  switch (how % 8) {
    case 0:
    case 1:
    case 2:
      if (how % 8 != 2) number = s_number;
      if (number == 0) return;
      length = snprintf(text, sizeof(text),
                        "{\"state\":{\"reported\":{\"lock\":\"locked\"}},"
                        "\"version\":%llu,\"clientToken\":\"7-%u\"}",
                        (unsigned long long) version, number);
      expected = judge_accepted(number, version, now_ms);
      break;
    case 3:
      length = snprintf(text, sizeof(text),
                        "{\"version\":%llu%s,\"state\":%s}",
                        (unsigned long long) version, foreign_tokens[back],
                        rest & 8 ? "null" : "{\"reported\":{\"lock\":\"x\"}}");
      expected = judge_accepted(0, version, now_ms);
      break;
    case 4:
      length = snprintf(text, sizeof(text),
                        "{\"version\":%llu,\"clientToken\":\"7-%u\","
                        "\"state\":{\"desired\":{\"reported\":1}}}",
                        (unsigned long long) version, s_number);
      break;
    case 5:
      topic = SHADOW_UPDATE_REJECTED;
      length = snprintf(text, sizeof(text),
                        "{\"code\":500,\"clientToken\":\"7-%u\"}", number);
      if (number != 0 && number == s_number && s_waits) {
        s_waits = 2;
        expected = VERDICT_REJECTED;
      }
      break;
    case 6:
      topic = SHADOW_DELETE_ACCEPTED;
      length = snprintf(text, sizeof(text), "{\"version\":%llu}",
                        (unsigned long long) version);
      s_heard = 0;
      expected = note_foreign(now_ms);
      break;
    default:
      length = snprintf(text, sizeof(text),
                        "{\"state\":{\"reported\":{}},\"clientToken\":\"7-%u\"}",
                        s_number);
      length -= 1 + (int) rest;
      expected = note_foreign(now_ms);
      break;
  }
  found = answer(world, topic, text, (size_t) length);
  REQUIRE(found == expected, "an answer means what it says (D4)");
}
