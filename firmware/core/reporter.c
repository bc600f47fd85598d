/*! Implements reporter.h. */
#include "reporter.h"

#include <string.h>

#include "status.h"

CORE_ASSERT(reporter_is_small, sizeof(struct reporter) <= 120);
CORE_ASSERT(quiet_outlasts_every_repeat,
            REPORTER_QUIET_MS > REPORTER_REPEAT_MOST_MS);

void reporter_start(struct reporter *reporter, uint32_t boot_count,
                    uint32_t interval_ms) {
  memset(reporter, 0, sizeof(*reporter));
  backoff_start(&reporter->backoff, REPORTER_RETRY_FIRST_MS,
                REPORTER_RETRY_MOST_MS);
  reporter->boot_count = boot_count;
  reporter->interval_ms = interval_ms;
  reporter->due = true;
}

void reporter_request(struct reporter *reporter) {
  backoff_reset(&reporter->backoff);
  reporter->due = true;
}

void reporter_mention(struct reporter *reporter) { reporter->mention = true; }

void reporter_note_door(struct reporter *reporter) {
  backoff_reset(&reporter->backoff);
  reporter->door = true;
}

void reporter_set_connected(struct reporter *reporter, bool connected) {
  reporter->connected = connected;
  if (!connected) return;
  /* The shadow may have been deleted meanwhile and restart at version 1. */
  reporter->version = 0;
  reporter_request(reporter);
}

bool reporter_is_due(const struct reporter *reporter,
                     const struct moment *now) {
  uint64_t now_ms = now->uptime_ms;
  return reporter->connected &&
         (reporter->due || now_ms >= reporter->next_ms ||
          (reporter->mention && now_ms >= reporter->mention_ms) ||
          (reporter->door && now_ms >= reporter->door_ms) ||
          (reporter->repeat_ms != 0 && now_ms >= reporter->repeat_ms));
}

uint32_t reporter_begin_update(struct reporter *reporter,
                               const struct moment *now, uint32_t random) {
  uint64_t now_ms = now->uptime_ms;
  if (reporter->door) reporter->door_ms = now_ms + REPORTER_PAUSE_MS;
  reporter->mention_ms = now_ms + REPORTER_PAUSE_MS;
  reporter->due = reporter->mention = reporter->door = false;
  reporter->repeat_ms = 0;
  reporter->wait = REPORTER_UNANSWERED;
  reporter->sent_ms = now_ms;
  reporter->next_ms = now_ms + backoff_next(&reporter->backoff, random);
  return ++reporter->number;
}

/* Another writer, or an unknown one, changed `reported`. */
static enum reporter_verdict note_foreign(struct reporter *reporter,
                                          const struct moment *now) {
  uint64_t now_ms = now->uptime_ms;
  uint32_t *delay_ms = &reporter->repeat_delay_ms;
  if (*delay_ms == 0 || now_ms - reporter->foreign_ms >= REPORTER_QUIET_MS) {
    *delay_ms = REPORTER_REPEAT_FIRST_MS;
  }
  reporter->foreign_ms = now_ms;
  if (reporter->repeat_ms != 0) return VERDICT_FOREIGN;
  reporter->repeat_ms = now_ms + *delay_ms;
  *delay_ms = *delay_ms > REPORTER_REPEAT_MOST_MS / 2 ? REPORTER_REPEAT_MOST_MS
                                                      : *delay_ms * 2;
  return VERDICT_FOREIGN;
}

/* `is_newest`: no later version of the shadow has been seen. */
static enum reporter_verdict settle(struct reporter *reporter, bool is_newest,
                                    const struct moment *now) {
  reporter->settled = reporter->number;
  reporter->wait = REPORTER_SETTLED;
  backoff_reset(&reporter->backoff);
  reporter->next_ms = now->uptime_ms + reporter->interval_ms;
  if (!is_newest) return note_foreign(reporter, now);
  reporter->repeat_ms = 0;
  return VERDICT_SETTLED;
}

static enum reporter_verdict take_accepted(struct reporter *reporter,
                                           const struct shadow_answer *answer,
                                           bool is_own,
                                           const struct moment *now) {
  bool is_newest = answer->version == 0 || answer->version > reporter->version;
  if (!answer->is_readable) return note_foreign(reporter, now);
  if (!answer->changes_reported) return VERDICT_NONE;
  if (is_own && answer->number == reporter->number) {
    reporter->version = answer->version;
    return settle(reporter, is_newest, now);
  }
  if (!is_newest) return VERDICT_NONE;
  if (answer->version != 0) reporter->version = answer->version;
  return is_own ? VERDICT_NONE : note_foreign(reporter, now);
}

enum reporter_verdict reporter_take_answer(struct reporter *reporter,
                                           const struct shadow_answer *answer,
                                           const struct moment *now) {
  /* Of an update that still waits; a late answer may be to the last one. */
  bool is_own = answer->boot_count == reporter->boot_count &&
                answer->number > reporter->settled &&
                answer->number <= reporter->number;
  switch (answer->topic) {
    case SHADOW_UPDATE_ACCEPTED:
      return take_accepted(reporter, answer, is_own, now);
    case SHADOW_UPDATE_REJECTED:
      if (!is_own || answer->number != reporter->number) return VERDICT_NONE;
      reporter->wait = REPORTER_REJECTED;
      return VERDICT_REJECTED;
    case SHADOW_DELETE_ACCEPTED:
      reporter->version = 0;
      return note_foreign(reporter, now);
    case SHADOW_TOPIC_COUNT:
      break;
  }
  return VERDICT_NONE;
}

bool reporter_set_clock(const struct reporter *reporter,
                        const struct shadow_answer *answer,
                        const struct moment *now, struct clock *clock) {
  if (answer->topic != SHADOW_UPDATE_ACCEPTED || answer->number == 0 ||
      answer->number != reporter->number ||
      answer->boot_count != reporter->boot_count) {
    return false;
  }
  return clock_take_answer(clock, answer->second, reporter->sent_ms,
                           now->uptime_ms);
}

bool reporter_is_answered(const struct reporter *reporter) {
  return reporter->connected && !reporter->due &&
         reporter->wait != REPORTER_UNANSWERED;
}
