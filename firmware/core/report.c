/*! Implements report.h. */
#include "report.h"

#include <string.h>

#include "scan.h"
#include "text.h"

CORE_ASSERT(reporter_is_small, sizeof(struct reporter) <= 240);

static const char *latch_name(enum latch latch) {
  return latch == LATCH_UNLOCKED ? "unlocked" : "locked";
}

static const char *result_name(enum result result) {
  if (result == RESULT_NONE) return "none";
  return result == RESULT_EXPIRED ? "expired" : "executed";
}

static const char *source_name(enum source source) {
  static const char *const names[] = {"boot", "remote", "auto", "manual"};
  return names[source];
}

static const char *refusal_name(enum refusal refusal) {
  static const char *const names[] = {"none",     "malformed", "superseded",
                                      "conflict", "journal",   "clock"};
  return names[refusal];
}

static const char *door_value(enum door door) {
  if (door == DOOR_NO_SENSOR) return "null";
  return door == DOOR_OPEN ? "\"open\"" : "\"closed\"";
}

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
  struct text text;
  text_start(&text, out, size);
  text_string(&text, "{\"lock\":\"");
  text_string(&text, latch_name(report->latch));
  text_string(&text, "\",\"version\":");
  text_unsigned(&text, report->version);
  text_string(&text, ",\"commandId\":\"");
  text_string(&text, report->command_id);
  text_string(&text, "\",\"result\":\"");
  text_string(&text, result_name(report->result));
  text_string(&text, "\",\"source\":\"");
  text_string(&text, source_name(report->source));
  text_string(&text, "\",\"refused\":");
  if (report->refusal == REFUSAL_NONE) {
    text_string(&text, "null");
  } else {
    text_string(&text, "{\"commandId\":\"");
    text_string(&text, report->refused_id);
    text_string(&text, "\",\"reason\":\"");
    text_string(&text, refusal_name(report->refusal));
    text_string(&text, "\"}");
  }
  text_string(&text, ",\"bootCount\":");
  text_unsigned(&text, report->boot_count);
  text_string(&text, ",\"clock\":\"");
  text_string(&text, report->clock_is_good ? "synced" : "unsynced");
  text_string(&text, "\",\"firmware\":\"");
  text_string(&text, report->firmware);
  text_string(&text, "\",\"rssi\":");
  text_signed(&text, report->rssi_dbm);
  text_string(&text, ",\"door\":");
  text_string(&text, door_value(report->door));
  text_string(&text, "}");
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

void reporter_connected(struct reporter *reporter, int connected) {
  reporter->connected = connected;
  if (connected) reporter_request(reporter);
}

int reporter_wants(const struct reporter *reporter, const struct moment *now) {
  return reporter->connected &&
         (reporter->due || now->uptime_ms >= reporter->next_ms);
}

void reporter_sent(struct reporter *reporter, const struct report *report,
                   const struct moment *now, uint32_t random) {
  reporter->sent = *report;
  reporter->due = 0;
  reporter->awaiting = 1;
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
