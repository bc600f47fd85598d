/*! Implements report.h. */
#include "report.h"

#include <string.h>

#include "clock.h"
#include "crc.h"

static const char *const latch_names[] = {"locked", "unlocked"};
static const char *const result_names[] = {"none", "executed", "expired"};
static const char *const source_names[] = {"boot", "remote", "auto", "manual"};
static const char *const door_values[] = {"null", "\"open\"", "\"closed\""};
static const char *const refusal_names[] = {
    "",        "malformed", "superseded", "conflict",
    "journal", "clock",     "implausible"};
static const char *const settings_names[] = {"", "stated", "kept"};

void report_collect(const struct lock *lock,
                    const struct report_context *context,
                    const struct moment *now, struct report *report) {
  const struct journal_entry *entry = &lock->journal.entry;
  report->latch = lock->latch;
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

void report_write_device(struct text *text, uint32_t boot_count,
                         const uint64_t *uncertainty_ms, const char *firmware,
                         int32_t rssi_dbm) {
  const char *const strings[] = {uncertainty_ms != NULL ? "synced" : "unsynced",
                                 firmware};
  const uint64_t numbers[] = {boot_count, (uint64_t) (int64_t) rssi_dbm};
  text_fill(text,
            "\"bootCount\":#,\"clock\":\"%\",\"clockUncertaintyMs\":", strings,
            numbers);
  text_fill(text, uncertainty_ms != NULL ? "#" : "null", NULL, uncertainty_ms);
  text_fill(text, ",\"firmware\":\"%\",\"rssi\":~,", strings + 1, numbers + 1);
}

static void write_report(struct text *text, const struct report *report) {
  const char *const state[] = {latch_names[report->latch], report->command_id,
                               result_names[report->result],
                               source_names[report->source]};
  const char *const refused[] = {report->refused_id,
                                 refusal_names[report->refusal]};
  const char *const door[] = {door_values[report->door],
                              settings_names[report->settings]};
  const uint64_t times[] = {report->relock_ms, report->pulse_ms};
  uint64_t id[] = {report->boot_count, report->number, 0};
  size_t start = text->length;
  text_fill(text,
            "{\"lock\":\"%\",\"version\":#,\"commandId\":\"%\","
            "\"result\":\"%\",\"source\":\"%\",\"refused\":",
            state, &report->version);
  text_fill(text,
            report->refusal == REFUSAL_NONE
                ? "null,"
                : "{\"commandId\":\"%\",\"reason\":\"%\"},",
            refused, NULL);
  report_write_device(text, report->boot_count,
                      report->has_time ? &report->uncertainty_ms : NULL,
                      report->firmware, report->rssi_dbm);
  text_fill(text, "\"door\":%,\"settings\":\"%\",\"relockMs\":#,\"pulseMs\":#",
            door, times);
  id[2] = crc_of(text->at + start, text->length - start);
  text_fill(text, ",\"reportId\":\"#-#-#\"}", NULL, id);
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
  const uint64_t token[] = {report->boot_count, report->number};
  struct text text;
  text_start(&text, out, size);
  text_string(&text, "{\"state\":{\"reported\":");
  write_report(&text, report);
  text_fill(&text, "},\"clientToken\":\"#-#\"}", NULL, token);
  return text_finish(&text, length);
}
