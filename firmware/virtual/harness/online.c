/*! Implements online.h with firmware/core and the flash of its host tests. */
#include "online.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "flash_sim.h"
#include "lock.h"
#include "report.h"
#include "reporter.h"
#include "shadow.h"
#include "status.h"

/* `lock.clock_tolerance_ms` of mos.yml. */
#define CLOCK_TOLERANCE_MS 2000u
/* `lock.settle_ms` of mos.yml; without a sensor it has no effect. */
#define SETTLE_MS 1000u

struct online {
  struct flash_sim sim;
  struct lock lock;
  struct clock clock;
  struct reporter reporter;
  struct lock_settings settings;
  struct report_context context;
  uint32_t report_interval_ms;
  enum latch latch;
  unsigned moves;
  bool had_time;
};

static void move(void *context, enum latch latch) {
  struct online *online = context;
  online->latch = latch;
  online->moves++;
}

static struct moment moment(const struct online *online, uint64_t uptime_ms) {
  struct moment now;
  clock_read(&online->clock, uptime_ms, &now);
  return now;
}

static int install(struct online *online) {
  struct journal journal;
  struct journal_entry entry;
  (void) journal_load(&journal, &online->sim.flash);
  memset(&entry, 0, sizeof(entry));
  entry.action = ACTION_LOCK;
  entry.result = RESULT_EXECUTED;
  return journal_write(&journal, &entry);
}

struct online *online_new(uint32_t relock_ms, uint32_t report_interval_ms) {
  struct online *online = calloc(1, sizeof(*online));
  if (online == NULL) return NULL;
  flash_sim_start(&online->sim);
  online->settings.power_on = LATCH_LOCKED;
  online->settings.relock_ms = relock_ms;
  online->settings.clock_tolerance_ms = CLOCK_TOLERANCE_MS;
  online->settings.settle_ms = SETTLE_MS;
  online->report_interval_ms = report_interval_ms;
  online->context.firmware = "2.0.0";
  online->context.settings = DECLARATION_STATED;
  online->context.rssi_dbm = -61;
  if (install(online) == CORE_OK) return online;
  free(online);
  return NULL;
}

void online_free(struct online *online) { free(online); }

void online_boot(struct online *online) {
  struct latch_port port;
  struct moment now;
  memset(&online->clock, 0, sizeof(online->clock));
  now = moment(online, 0);
  port.move = move;
  port.context = online;
  flash_sim_power(&online->sim);
  online->had_time = false;
  online->context.boot_count++;
  /* Whatever the code is, the lock works; its reports show the journal. */
  (void) lock_boot(&online->lock, &online->settings, &port, &online->sim.flash,
                   &now);
  reporter_start(&online->reporter, online->context.boot_count,
                 online->report_interval_ms);
}

void online_set_connected(struct online *online, int connected) {
  reporter_set_connected(&online->reporter, connected != 0);
}

int online_command(struct online *online, const char *payload, size_t length,
                   uint64_t uptime_ms) {
  const enum latch latch = online->lock.latch;
  const uint64_t version = online->lock.journal.entry.version;
  const struct moment now = moment(online, uptime_ms);
  struct command command;
  enum outcome outcome;
  const int status = command_parse(payload, length, &command);
  if (status != CORE_OK) {
    lock_refuse_malformed(&online->lock);
    reporter_mention(&online->reporter);
    return status;
  }
  outcome = lock_handle_command(&online->lock, &command, &now);
  if (online->lock.journal.entry.version != version ||
      online->lock.latch != latch) {
    reporter_request(&online->reporter);
  } else {
    reporter_mention(&online->reporter);
  }
  return (int) outcome;
}

int online_answer(struct online *online, int topic, const char *payload,
                  size_t length, uint64_t uptime_ms) {
  const struct moment now = moment(online, uptime_ms);
  struct shadow_answer answer;
  shadow_read_answer((enum shadow_topic) topic, payload, length, &answer);
  (void) reporter_set_clock(&online->reporter, &answer, &now, &online->clock);
  return (int) reporter_take_answer(&online->reporter, &answer, &now);
}

int online_tick(struct online *online, uint64_t uptime_ms) {
  const struct moment now = moment(online, uptime_ms);
  if (!lock_tick(&online->lock, &now)) return 0;
  reporter_request(&online->reporter);
  return 1;
}

long online_update(struct online *online, uint64_t uptime_ms, uint32_t random,
                   char *out, size_t size) {
  const struct moment now = moment(online, uptime_ms);
  struct report report;
  size_t length = 0;
  int status;
  if (moment_has_time(&now) != online->had_time) {
    online->had_time = !online->had_time;
    reporter_request(&online->reporter);
  }
  if (!reporter_is_due(&online->reporter, &now)) return 0;
  online->context.number =
      reporter_begin_update(&online->reporter, &now, random);
  report_collect(&online->lock, &online->context, &now, &report);
  status = report_format_update(&report, out, size, &length);
  return status == CORE_OK ? (long) length : (long) status;
}

/* The earlier of two times, of which 0 is never. */
static uint64_t earlier(uint64_t a, uint64_t b) {
  return a == 0 || (b != 0 && b < a) ? b : a;
}

uint64_t online_due(const struct online *online) {
  const struct reporter *reporter = &online->reporter;
  uint64_t due = lock_due_ms(&online->lock);
  if (!reporter->connected) return due;
  if (reporter->due) return 1;
  due = earlier(due, reporter->next_ms);
  due = earlier(due, reporter->repeat_ms);
  if (reporter->mention) due = earlier(due, reporter->mention_ms);
  if (reporter->door) due = earlier(due, reporter->door_ms);
  return due;
}

int online_latch(const struct online *online) {
  return online->latch == LATCH_UNLOCKED;
}

int online_has_time(const struct online *online, uint64_t uptime_ms) {
  const struct moment now = moment(online, uptime_ms);
  return moment_has_time(&now);
}

unsigned online_moves(const struct online *online) { return online->moves; }

const char *online_suffix(int topic) {
  return topic < 0 || topic >= SHADOW_TOPIC_COUNT
             ? NULL
             : shadow_suffix((enum shadow_topic) topic);
}
