/*! Implements courier.h. */
#include "courier.h"

#include <string.h>

#include "require.h"
#include "status.h"

#define INTERVAL_MS 900000u
#define QUIET_MS 2000u
#define RETRY_LEAST_MS 1000u
#define RETRY_MOST_MS 300000u
#define ECHO_BYTES_MAX (REPORT_BYTES_MAX + 16)

static struct reporter s_reporter;
static char s_sent[2][ECHO_BYTES_MAX]; /* The last report, and the one before. */
static int s_connected, s_awaiting, s_due, s_mention;
static uint64_t s_sent_ms, s_accepted_ms;

void courier_boot(void) {
  reporter_start(&s_reporter, INTERVAL_MS);
  s_connected = s_awaiting = s_mention = 0;
  s_due = 1;
  s_sent[0][0] = s_sent[1][0] = '\0';
}

void courier_changed(void) {
  reporter_request(&s_reporter);
  s_due = 1;
}

void courier_mention(void) {
  reporter_mention(&s_reporter);
  s_mention = 1;
}

void courier_connect(int connected) {
  reporter_connected(&s_reporter, connected);
  s_connected = connected;
  s_due |= connected;
}

/* Whether a report must go, must not, or may (-1). */
static int wanted(uint64_t now_ms) {
  if (!s_connected) return 0;
  if (s_due) return 1;
  if (s_mention && now_ms >= s_sent_ms + QUIET_MS) return 1;
  if (!s_awaiting) return now_ms >= s_accepted_ms + INTERVAL_MS;
  if (now_ms < s_sent_ms + RETRY_LEAST_MS) return 0;
  return now_ms >= s_sent_ms + RETRY_MOST_MS ? 1 : -1;
}

void courier_poll(const struct world *world) {
  static const struct report_context context = {1, -61, "1.0.0"};
  struct report report;
  size_t length = 0;
  int must = wanted(world->now.uptime_ms);
  int wants = reporter_wants(&s_reporter, &world->now);
  REQUIRE(must < 0 || wants == must,
          "a report goes when it is due, and no sooner (D4, S7)");
  if (!wants) return;
  report_collect(&world->lock, &context, &world->now, &report);
  strcpy(s_sent[1], s_sent[0]);
  strcpy(s_sent[0], "{\"reported\":");
  REQUIRE(report_format(&report, s_sent[0] + 12, REPORT_BYTES_MAX, &length) ==
              CORE_OK,
          "any report fits");
  strcpy(s_sent[0] + 12 + length, "}");
  reporter_sent(&s_reporter, &report, &world->now, (uint32_t) world->true_ms);
  s_sent_ms = world->now.uptime_ms;
  s_awaiting = 1;
  s_due = s_mention = 0;
}

void courier_echo(const struct world *world, unsigned how) {
  static char state[ECHO_BYTES_MAX];
  int expected, accepted;
  strcpy(state, s_sent[how & 1]);
  if (how & 2) state[(how >> 2) % (strlen(state) + 1)] = '?';
  expected = s_awaiting && strcmp(state, s_sent[0]) == 0;
  accepted =
      reporter_accepted(&s_reporter, state, strlen(state), &world->now);
  REQUIRE(accepted == expected, "only the last report's echo is accepted (D4)");
  if (!accepted) return;
  s_awaiting = 0;
  s_accepted_ms = world->now.uptime_ms;
}
