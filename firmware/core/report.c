/*! Implements report.h. */
#include "report.h"

#include <string.h>

#include "scan.h"
#include "text.h"

CORE_ASSERT(reporter_is_small, sizeof(struct reporter) <= 240);
CORE_ASSERT(ram_per_lock_is_bounded,
            sizeof(struct lock) + sizeof(struct reporter) <=
                (sizeof(void *) == 4 ? 512 : 560));

static const char *const latch_names[] = {"locked", "unlocked"};
static const char *const result_names[] = {"none", "executed", "expired"};
static const char *const source_names[] = {"boot", "remote", "auto", "manual"};
static const char *const door_values[] = {"null", "\"open\"", "\"closed\""};
static const char *const refusal_names[] = {"",         "malformed", "superseded",
                                            "conflict", "journal",   "clock"};

void report_collect(const struct lock *lock,
                    const struct report_context *context,
                    const struct moment *now, struct report *report) {
  const struct journal_entry *entry = &lock->journal.entry;
  memset(report, 0, sizeof(*report));
  report->latch = lock->latch;
  report->source = lock->source;
  report->door = lock->door;
  report->result = entry->result;
  report->refusal = lock->refusal;
  report->clock_is_good = lock_clock_is_good(now);
  report->rssi_dbm = context->rssi_dbm;
  report->boot_count = context->boot_count;
  report->version = entry->version;
  memcpy(report->command_id, entry->command_id, sizeof(report->command_id));
  memcpy(report->refused_id, lock->refused_id, sizeof(report->refused_id));
  strncpy(report->firmware, context->firmware, REPORT_FIRMWARE_CHARS_MAX);
}

int report_format(const struct report *report, char *out, size_t size,
                  size_t *length) {
  const char *const state[] = {
      latch_names[report->latch], report->command_id,
      result_names[report->result], source_names[report->source]};
  const char *const refused[] = {report->refused_id,
                                 refusal_names[report->refusal]};
  const char *const device[] = {report->clock_is_good ? "synced" : "unsynced",
                                report->firmware,
                                report->rssi_dbm < 0 ? "-" : "",
                                door_values[report->door]};
  const uint64_t numbers[] = {
      report->boot_count, (uint32_t) (report->rssi_dbm < 0
                                          ? 0u - (uint32_t) report->rssi_dbm
                                          : (uint32_t) report->rssi_dbm)};
  struct text text;
  text_start(&text, out, size);
  text_fill(&text,
            "{\"lock\":\"%\",\"version\":#,\"commandId\":\"%\","
            "\"result\":\"%\",\"source\":\"%\",\"refused\":",
            state, &report->version);
  text_fill(&text,
            report->refusal == REFUSAL_NONE
                ? "null"
                : "{\"commandId\":\"%\",\"reason\":\"%\"}",
            refused, numbers);
  text_fill(&text,
            ",\"bootCount\":#,\"clock\":\"%\",\"firmware\":\"%\","
            "\"rssi\":%#,\"door\":%}",
            device, numbers);
  return text_finish(&text, length);
}

int report_is_echoed(const struct report *report, const char *state,
                     size_t length) {
  char sent[REPORT_BYTES_MAX];
  size_t sent_length;
  struct scan scan;
  struct scan_value key, value;
  int more, equal = 0;
  if (report_format(report, sent, sizeof(sent), &sent_length) != CORE_OK ||
      scan_open(&scan, state, length) != CORE_OK) {
    return 0;
  }
  while ((more = scan_next(&scan, &key, &value)) > 0) {
    if (scan_is(&key, "reported")) {
      equal = value.kind == SCAN_OBJECT &&
              scan_equal(sent, sent_length, value.at, value.length);
    }
  }
  return equal && more == 0;
}

void reporter_start(struct reporter *reporter, uint32_t interval_ms) {
  memset(reporter, 0, sizeof(*reporter));
  backoff_start(&reporter->backoff, REPORT_RETRY_FIRST_MS,
                REPORT_RETRY_MOST_MS);
  reporter->interval_ms = interval_ms;
  reporter->due = 1;
}

void reporter_request(struct reporter *reporter) {
  backoff_reset(&reporter->backoff);
  reporter->due = 1;
}

void reporter_mention(struct reporter *reporter) { reporter->mention = 1; }

void reporter_connected(struct reporter *reporter, int connected) {
  reporter->connected = connected;
  if (connected) reporter_request(reporter);
}

int reporter_wants(const struct reporter *reporter, const struct moment *now) {
  return reporter->connected &&
         (reporter->due || now->uptime_ms >= reporter->next_ms ||
          (reporter->mention && now->uptime_ms >= reporter->mention_ms));
}

void reporter_sent(struct reporter *reporter, const struct report *report,
                   const struct moment *now, uint32_t random) {
  reporter->sent = *report;
  reporter->due = reporter->mention = 0;
  reporter->awaiting = 1;
  reporter->mention_ms = now->uptime_ms + REPORT_MENTION_MS;
  reporter->next_ms =
      now->uptime_ms + backoff_next(&reporter->backoff, random);
}

int reporter_accepted(struct reporter *reporter, const char *state,
                      size_t length, const struct moment *now) {
  if (!reporter->awaiting || !report_is_echoed(&reporter->sent, state, length)) {
    return 0;
  }
  reporter->awaiting = 0;
  backoff_reset(&reporter->backoff);
  reporter->next_ms = now->uptime_ms + reporter->interval_ms;
  return 1;
}

int reporter_is_settled(const struct reporter *reporter) {
  return reporter->connected && !reporter->due && !reporter->awaiting;
}
