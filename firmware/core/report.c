/*! Implements report.h. */
#include "report.h"

#include <string.h>

#include "crc.h"
#include "text.h"

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
  size_t length = strlen(context->firmware);
  memset(report, 0, sizeof(*report));
  report->latch = lock->latch;
  report->source = lock->source;
  report->door = lock->door;
  report->result = entry->result;
  report->refusal = lock->refusal;
  report->clock_is_good = lock_clock_is_good(now);
  report->rssi_dbm = context->rssi_dbm;
  report->boot_count = context->boot_count;
  report->number = context->number;
  report->version = entry->version;
  memcpy(report->command_id, entry->command_id, sizeof(report->command_id));
  memcpy(report->refused_id, lock->refused_id, sizeof(report->refused_id));
  if (length > REPORT_FIRMWARE_CHARS_MAX) length = REPORT_FIRMWARE_CHARS_MAX;
  memcpy(report->firmware, context->firmware, length);
}

static void write_report(struct text *text, const struct report *report) {
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
      report->boot_count,
      (uint32_t) (report->rssi_dbm < 0 ? 0u - (uint32_t) report->rssi_dbm
                                       : (uint32_t) report->rssi_dbm)};
  uint64_t id[] = {report->boot_count, report->number, 0};
  size_t start = text->length;
  text_fill(text,
            "{\"lock\":\"%\",\"version\":#,\"commandId\":\"%\","
            "\"result\":\"%\",\"source\":\"%\",\"refused\":",
            state, &report->version);
  text_fill(text,
            report->refusal == REFUSAL_NONE
                ? "null"
                : "{\"commandId\":\"%\",\"reason\":\"%\"}",
            refused, numbers);
  text_fill(text,
            ",\"bootCount\":#,\"clock\":\"%\",\"firmware\":\"%\","
            "\"rssi\":%#,\"door\":%",
            device, numbers);
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
