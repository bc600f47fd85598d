/*! Implements report.h. */
#include "report.h"

#include <string.h>

#include "clock.h"
#include "crc.h"
#include "status.h"

static const char *const latch_names[] = {"locked", "unlocked", "jammed"};
static const char *const result_names[] = {"none", "executed", "expired"};
static const char *const source_names[] = {"boot", "remote", "auto", "manual"};
static const char *const door_values[] = {"null", "\"open\"", "\"closed\""};
static const char *const settings_names[] = {"", "stated", "kept"};
static const char *const refusal_names[] = {
    "",        "malformed", "superseded", "conflict",
    "journal", "clock",     "implausible"};

CORE_ASSERT_COUNT(latch_names, LATCH_COUNT);
CORE_ASSERT_COUNT(result_names, RESULT_COUNT);
CORE_ASSERT_COUNT(source_names, SOURCE_COUNT);
CORE_ASSERT_COUNT(door_values, DOOR_COUNT);
CORE_ASSERT_COUNT(settings_names, DECLARATION_SOURCE_COUNT);
CORE_ASSERT_COUNT(refusal_names, REFUSAL_COUNT);

void report_collect(const struct lock *lock,
                    const struct report_context *context,
                    const struct moment *now, struct report *report) {
  const struct journal_entry *entry = &lock->journal.entry;
  report->latch = lock->jammed ? LATCH_JAMMED : lock->latch;
  report->source = lock->source;
  report->door = lock->door;
  report->result = entry->result;
  report->refusal = lock->refusal;
  report->settings = context->settings;
  report->firmware = context->firmware;
  report->has_time = moment_has_time(now);
  report->uncertainty_ms = now->latest_ms - now->earliest_ms;
  report->relock_ms = lock->settings.relock_ms;
  report->pulse_ms = lock->settings.pulse_ms;
  report->rssi_dbm = context->rssi_dbm;
  report->boot_count = context->boot_count;
  report->number = context->number;
  report->version = entry->version;
  memcpy(report->command_id, entry->command_id, sizeof(report->command_id));
  memcpy(report->refused_id, lock->refused_id, sizeof(report->refused_id));
}

const char *report_refusal_name(enum refusal refusal) {
  return refusal_names[refusal];
}

void report_write_device(struct text *text, uint32_t boot_count,
                         const uint64_t *uncertainty_ms, const char *firmware,
                         int32_t rssi_dbm) {
  text_format(text,
              "\"bootCount\":%lu,\"clock\":\"%s\",\"clockUncertaintyMs\":",
              (unsigned long) boot_count,
              uncertainty_ms != NULL ? "synced" : "unsynced");
  text_add_nullable(text, uncertainty_ms);
  text_format(text, ",\"firmware\":\"%s\",\"rssi\":%s%lu,", firmware,
              rssi_dbm < 0 ? "-" : "",
              (unsigned long) (rssi_dbm < 0 ? 0u - (uint32_t) rssi_dbm
                                            : (uint32_t) rssi_dbm));
}

static void write_report(struct text *text, const struct report *report) {
  size_t start = text->length;
  text_format(text,
              "{\"lock\":\"%s\",\"version\":", latch_names[report->latch]);
  text_add_nullable(text, &report->version);
  text_format(
      text,
      ",\"commandId\":\"%s\",\"result\":\"%s\",\"source\":\"%s\",\"refused\":",
      report->command_id, result_names[report->result],
      source_names[report->source]);
  if (report->refusal == REFUSAL_NONE) {
    text_add_string(text, "null");
  } else {
    text_format(text, "{\"commandId\":\"%s\",\"reason\":\"%s\"}",
                report->refused_id, refusal_names[report->refusal]);
  }
  text_add_string(text, ",");
  report_write_device(text, report->boot_count,
                      report->has_time ? &report->uncertainty_ms : NULL,
                      report->firmware, report->rssi_dbm);
  text_format(
      text, "\"door\":%s,\"settings\":\"%s\",\"relockMs\":%lu,\"pulseMs\":%lu",
      door_values[report->door], settings_names[report->settings],
      (unsigned long) report->relock_ms, (unsigned long) report->pulse_ms);
  text_format(
      text, ",\"reportId\":\"%lu-%lu-%lu\"}",
      (unsigned long) report->boot_count, (unsigned long) report->number,
      (unsigned long) crc_compute(text->at + start, text->length - start));
}

int report_format(const struct report *report, char *out, size_t size,
                  size_t *length) {
  struct text text;
  text_start(&text, out, size);
  write_report(&text, report);
  return text_finish(&text, length);
}

int report_format_update(const struct report *report, char *out, size_t size,
                         size_t *length) {
  struct text text;
  text_start(&text, out, size);
  text_add_string(&text, "{\"state\":{\"reported\":");
  write_report(&text, report);
  text_format(&text, "},\"clientToken\":\"%lu-%lu\"}",
              (unsigned long) report->boot_count,
              (unsigned long) report->number);
  return text_finish(&text, length);
}
