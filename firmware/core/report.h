/*! A lock's report and the shadow update that carries it (PROTOCOL section 2
 * and D4). A report is always the whole object: update/accepted repeats only
 * the request, so a partial one would hide the rest. Each update has its own
 * token, `<boot count>-<number>`. The report repeats it as `reportId`, with the
 * CRC-32 of the preceding text, so that a reader of the shadow can tell the
 * lock's own report from a replayed or edited one. Knows neither topic nor
 * network nor when to send. */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include "declaration.h"
#include "lock.h"
#include "text.h"

/*! Longest report, NUL included. */
#define REPORT_BYTES_MAX 640

/*! Longest update, NUL included: the report in its envelope. */
#define REPORT_UPDATE_BYTES_MAX (REPORT_BYTES_MAX + 64)

/*! Longest firmware name in a report. */
#define REPORT_FIRMWARE_CHARS_MAX 15

/*! The contents of one report. */
struct report {
  enum latch latch;
  enum source source;
  enum door door;
  enum result result;
  enum refusal refusal;
  enum declaration_source settings;
  bool has_time;
  uint64_t uncertainty_ms; /*!< Width of the clock's bounds (D3). */
  uint32_t relock_ms;      /*!< In force, like pulse_ms; 0 = off (D5). */
  uint32_t pulse_ms;
  int32_t rssi_dbm;
  uint32_t boot_count;
  uint32_t number;
  uint64_t version;
  char command_id[COMMAND_ID_TAKEN_CHARS_MAX + 1];
  char refused_id[COMMAND_ID_TAKEN_CHARS_MAX + 1];
  const char *firmware; /*!< Like report_context.firmware. */
};

/*! What a report needs and the lock itself does not know. */
struct report_context {
  uint32_t boot_count;
  uint32_t number; /*!< Of the update, see reporter.h. */
  int32_t rssi_dbm;
  enum declaration_source settings; /*!< Never DECLARATION_NONE (D8). */
  const char *firmware;             /*!< Of [A-Za-z0-9.+-], length as above. */
};

/*! Collects the lock's state as of `now`. */
void report_collect(const struct lock *lock,
                    const struct report_context *context,
                    const struct moment *now, struct report *report);

/*! The report's word for a refusal, e.g. "journal"; empty for REFUSAL_NONE. */
const char *report_refusal_name(enum refusal refusal);

/*! Appends the members that every device reports, with a comma at the end:
 * "bootCount":7,"clock":"synced","clockUncertaintyMs":1043,"firmware":"2.0.0",
 * "rssi":-61. A NULL `uncertainty_ms` means that the time is unknown. */
void report_write_device(struct text *text, uint32_t boot_count,
                         const uint64_t *uncertainty_ms, const char *firmware,
                         int32_t rssi_dbm);

/*! Writes the report as JSON, the value of `state.reported`.
 * Errors: CORE_ESPACE; never with REPORT_BYTES_MAX. */
int report_format(const struct report *report, char *out, size_t size,
                  size_t *length);

/*! Writes the whole update, report and token, ready to publish.
 * Errors: CORE_ESPACE; never with REPORT_UPDATE_BYTES_MAX. */
int report_format_update(const struct report *report, char *out, size_t size,
                         size_t *length);

#endif
