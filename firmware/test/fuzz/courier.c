/*! Implements courier.h. */
#include "courier.h"

#include <string.h>

#include "reporter.h"
#include "require.h"
#include "status.h"

#define INTERVAL_MS 900000u
#define PAUSE_MS 2000u
#define RETRY_LEAST_MS 1000u
#define LONGEST_MS 300000u
#define QUIET_MS 600000u
#define ANSWER_BYTES_MAX 256

/* Updates whose answers may be held: a power of two. */
#define HELD_MAX 4u

static struct reporter s_reporter;
static unsigned s_boot;
static int s_connected, s_waits, s_due, s_mention, s_door;
static unsigned s_number, s_settled; /* The last sent, the last accepted. */
static int s_had_time;
static uint64_t s_sent_ms, s_accepted_ms, s_door_sent_ms;

/* A foreign write that no report has overwritten yet, and the number of them
 * without a quiet time in between. */
static int s_covered, s_any_foreign;
static unsigned s_repeats;
static uint64_t s_repeat_ms, s_foreign_ms;

/* The shadow: its version, the newest version that the lock knows, and the
 * seconds at which it accepted our updates, 0 = not yet. */
static uint64_t s_version, s_newest;
static uint64_t s_taken_s[HELD_MAX], s_old_s;

void courier_start(void) {
  s_version = s_old_s = 0;
  s_boot = 6;
  s_number = 0;
}

void courier_boot(void) {
  /* One answer is still pending. */
  if (s_number > 0) s_old_s = s_taken_s[s_number % HELD_MAX];
  memset(s_taken_s, 0, sizeof(s_taken_s));
  s_had_time = 0;
  reporter_start(&s_reporter, ++s_boot, INTERVAL_MS);
  s_connected = s_waits = s_mention = s_door = 0;
  s_covered = s_any_foreign = 0;
  s_number = s_settled = s_repeats = 0;
  s_door_sent_ms = s_newest = 0;
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
  reporter_note_door(&s_reporter);
  s_door = 1;
}

void courier_connect(int connected) {
  reporter_set_connected(&s_reporter, connected);
  s_connected = connected;
  s_due |= connected;
  if (connected) s_newest = 0;
}

/* Whether a report must be sent, must not, or may (-1). */
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
  struct report_context context = {s_boot, number, -61, DECLARATION_KEPT,
                                   "2.0.0"};
  struct report report;
  char text[REPORT_UPDATE_BYTES_MAX], token[32];
  size_t length = 0;
  report_collect(&world->lock, &context, &world->now, &report);
  REQUIRE(report_format_update(&report, text, sizeof(text), &length) == CORE_OK,
          "any report fits");
  (void) snprintf(token, sizeof(token), "\"clientToken\":\"%u-%u\"}", s_boot,
                  (unsigned) number);
  REQUIRE(length > strlen(token) &&
              strcmp(text + length - strlen(token), token) == 0,
          "an update ends with its token (D4)");
}

void courier_poll(const struct world *world) {
  uint64_t now_ms = world->now.uptime_ms;
  int must, wants;
  if ((world->now.latest_ms != 0) != s_had_time) {
    s_had_time = !s_had_time;
    courier_changed();
  }
  must = wanted(now_ms);
  wants = reporter_is_due(&s_reporter, &world->now);
  REQUIRE(must < 0 || wants == must,
          "a report is sent when due, and no sooner (D4, S7)");
  REQUIRE(reporter_is_answered(&s_reporter) ==
              (s_connected && !s_due && s_waits != 1),
          "a connection is healthy once all is answered");
  if (!wants) return;
  REQUIRE(
      s_due || s_door || s_number == 0 || now_ms >= s_sent_ms + RETRY_LEAST_MS,
      "only a change hastens a report (S7)");
  s_number++;
  REQUIRE(reporter_begin_update(&s_reporter, &world->now,
                                (uint32_t) (world->true_ns >> 20)) == s_number,
          "updates are numbered consecutively (D4)");
  require_update(world, s_number);
  s_taken_s[s_number % HELD_MAX] = 0;
  if (s_door) s_door_sent_ms = now_ms + PAUSE_MS;
  s_sent_ms = now_ms;
  s_waits = 1;
  s_due = s_mention = s_door = s_covered = 0;
}

/* A foreign write. */
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

/* The meaning of an accepted change of `reported`. `number`: of our update; 0 =
 * a foreign one. */
static enum reporter_verdict judge_accepted(unsigned number, uint64_t version,
                                            uint64_t now_ms) {
  int is_new = version > s_newest, is_ours = number > s_settled;
  if (is_ours && number == s_number) {
    s_settled = s_number;
    s_waits = 0;
    s_accepted_ms = now_ms;
    s_newest = version;
    if (!is_new) return note_foreign(now_ms);
    s_covered = 0;
    return VERDICT_SETTLED;
  }
  if (!is_new) return VERDICT_NONE;
  s_newest = version;
  return is_ours ? VERDICT_NONE : note_foreign(now_ms);
}

/* The second at which the shadow accepted our update, which may be now. */
static uint64_t taken_s(const struct world *world, unsigned number) {
  uint64_t *second = &s_taken_s[number % HELD_MAX];
  if (*second == 0) *second = (uint64_t) (world->true_ns / 1000000000);
  return *second;
}

void courier_hold(const struct world *world, unsigned how) {
  unsigned back = how % HELD_MAX;
  if (back < s_number) (void) taken_s(world, s_number - back);
}

/* An answer as text. */
struct text_of {
  enum shadow_topic topic;
  enum reporter_verdict expected;
  uint64_t second; /* Of a sample; 0 = not a sample. */
  int length;
  char text[ANSWER_BYTES_MAX];
};

/* To an accepted update of ours. */
static void word_accepted(struct text_of *to, const struct world *world,
                          unsigned number, uint64_t version) {
  uint64_t second = taken_s(world, number);
  if (number == s_number) to->second = second;
  to->length = snprintf(
      to->text, sizeof(to->text),
      "{\"state\":{\"reported\":{\"lock\":\"locked\"}},\"version\":%llu,"
      "\"timestamp\":%llu,\"clientToken\":\"%u-%u\"}",
      (unsigned long long) version, (unsigned long long) second, s_boot,
      number);
  to->expected = judge_accepted(number, version, world->now.uptime_ms);
}

/* To a foreign update, or to one of the previous boot that was held. */
static void word_foreign(struct text_of *to, const struct world *world,
                         unsigned which, int is_cleared, uint64_t version) {
  uint64_t second = (uint64_t) (world->true_ns / 1000000000);
  char token[48];
  if (which == 1 && s_old_s != 0) second = s_old_s;
  switch (which) {
    case 1:
      (void) snprintf(token, sizeof(token), ",\"clientToken\":\"%u-%u\"",
                      s_boot - 1, s_number);
      break;
    case 2:
      (void) snprintf(token, sizeof(token), ",\"clientToken\":\"%u-x\"",
                      s_boot);
      break;
    case 3:
      (void) snprintf(token, sizeof(token), ",\"clientToken\":\"cbf43926\"");
      break;
    default:
      token[0] = '\0';
      break;
  }
  to->length =
      snprintf(to->text, sizeof(to->text),
               "{\"version\":%llu,\"timestamp\":%llu%s,\"state\":%s}",
               (unsigned long long) version, (unsigned long long) second, token,
               is_cleared ? "null" : "{\"reported\":{\"lock\":\"x\"}}");
  to->expected = judge_accepted(0, version, world->now.uptime_ms);
}

/* Any other answer. */
static void word_other(struct text_of *to, const struct world *world,
                       unsigned how, unsigned number, uint64_t version) {
  uint64_t now_ms = world->now.uptime_ms;
  unsigned long long second =
      (unsigned long long) (world->true_ns / 1000000000);
  switch (how % 8) {
    case 4:
      to->length = snprintf(to->text, sizeof(to->text),
                            "{\"version\":%llu,\"timestamp\":%llu,"
                            "\"state\":{\"desired\":{\"reported\":1}}}",
                            (unsigned long long) version, second);
      break;
    case 5:
      to->topic = SHADOW_UPDATE_REJECTED;
      to->length = snprintf(to->text, sizeof(to->text),
                            "{\"code\":500,\"timestamp\":%llu,"
                            "\"clientToken\":\"%u-%u\"}",
                            second, s_boot, number);
      if (number != 0 && number == s_number && s_waits) {
        s_waits = 2;
        to->expected = VERDICT_REJECTED;
      }
      break;
    case 6:
      to->topic = SHADOW_DELETE_ACCEPTED;
      to->length = snprintf(to->text, sizeof(to->text),
                            "{\"version\":%llu,\"timestamp\":%llu}",
                            (unsigned long long) version, second);
      s_newest = 0;
      to->expected = note_foreign(now_ms);
      break;
    default:
      to->length = snprintf(to->text, sizeof(to->text),
                            "{\"timestamp\":%llu,\"clientToken\":\"%u-%u\","
                            "\"state\":{\"reported\":{}}}",
                            second, s_boot, s_number);
      to->length -= 1 + (int) (how >> 3);
      to->expected = note_foreign(now_ms);
      break;
  }
}

static void deliver(struct world *world, const struct text_of *answer) {
  struct shadow_answer read;
  enum reporter_verdict found;
  int had_time = world->now.latest_ms != 0, is_new;
  shadow_read_answer(answer->topic, answer->text, (size_t) answer->length,
                     &read);
  is_new = reporter_set_clock(&s_reporter, &read, &world->now, &world->clock);
  if (answer->second != 0) {
    world_take_answer(world, answer->second, s_sent_ms);
  }
  world_read_clock(world);
  REQUIRE(is_new == (!had_time && world->now.latest_ms != 0),
          "the first sample is reported (D4)");
  found = reporter_take_answer(&s_reporter, &read, &world->now);
  REQUIRE(found == answer->expected, "an answer means what it says (D4)");
}

void courier_answer(struct world *world, unsigned how) {
  unsigned rest = how >> 3, back = rest % HELD_MAX;
  unsigned number = back < s_number ? s_number - back : 0;
  uint64_t version = rest & 16 && s_version > 2 ? s_version - 2 : ++s_version;
  struct text_of answer;
  memset(&answer, 0, sizeof(answer));
  answer.topic = SHADOW_UPDATE_ACCEPTED;
  answer.expected = VERDICT_NONE;
  if (number == 0) back = 0;
  switch (how % 8) {
    case 0:
    case 1:
    case 2:
      if (how % 8 != 2) number = s_number;
      if (number == 0) return;
      word_accepted(&answer, world, number, version);
      break;
    case 3:
      word_foreign(&answer, world, back, (int) rest & 8, version);
      break;
    default:
      word_other(&answer, world, how, number, version);
      break;
  }
  deliver(world, &answer);
}
