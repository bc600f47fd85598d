/*! The report of a lock and the shadow update that carries it (PROTOCOL
 * section 2 and D4).
 *
 * A report is always the whole object: update/accepted repeats the request
 * only, so a part would hide the rest. Each update has a token of its own,
 * `<boot count>-<number>`. The report repeats it as `reportId`, with the CRC-32
 * of the report's text before it: so a reader of the shadow can tell the lock's
 * own report from one that was used before, or edited by hand. Knows no topic,
 * no network, and not when to send.
 */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include <stddef.h>

#include "declaration.h"
#include "lock.h"
#include "text.h"

/*! Longest report, NUL included. */
#define REPORT_BYTES_MAX 640

/*! Longest update, NUL included: the report in its envelope. */
#define REPORT_UPDATE_BYTES_MAX (REPORT_BYTES_MAX + 64)

/*! Longest firmware name in a report. */
#define REPORT_FIRMWARE_CHARS_MAX 15

/*! Everything one report says. */
struct report {
  enum latch latch;
  enum source source;
  enum door door;
  enum result result;
  enum refusal refusal;
  enum declaration_source settings;
  int has_time;
  uint64_t uncertainty_ms; /*!< How wide the clock's bounds are (D3). */
  uint32_t relock_ms;      /*!< In force, as pulse_ms; 0 = off (D5). */
  uint32_t pulse_ms;
  int32_t rssi_dbm;
  uint32_t boot_count;
  uint32_t number;
  uint64_t version;
  char command_id[COMMAND_ID_CHARS_MAX + 1];
  char refused_id[COMMAND_ID_CHARS_MAX + 1];
  const char *firmware; /*!< Of [A-Za-z0-9.+-], at most
                             REPORT_FIRMWARE_CHARS_MAX. */
};

/*! What the lock itself does not know and a report needs. */
struct report_context {
  uint32_t boot_count;
  uint32_t
      number; /*!< Of the update that carries the report, see reporter.h. */
  int32_t rssi_dbm;
  enum declaration_source settings; /*!< Never DECLARATION_NONE (D8). */
  const char *firmware;             /*!< Of [A-Za-z0-9.+-]. */
};

/*! Collects the lock's state as of `now`. */
void report_collect(const struct lock *lock,
                    const struct report_context *context,
                    const struct moment *now, struct report *report);

/*! Appends what every device says of itself, with a comma behind it:
 * "bootCount":7,"clock":"synced","clockUncertaintyMs":1043,"firmware":"2.0.0",
 * "rssi":-61, where NULL says that the time is not known. */
void report_write_device(struct text *text, uint32_t boot_count,
                         const uint64_t *uncertainty_ms, const char *firmware,
                         int32_t rssi_dbm);

/*! Writes the report as JSON, the value of `state.reported`.
 * Errors: CORE_ESPACE; REPORT_BYTES_MAX always suffices. */
int report_format(const struct report *report, char *out, size_t size,
                  size_t *length);

/*! Writes the whole update, report and token, to be published as it is.
 * Errors: CORE_ESPACE; REPORT_UPDATE_BYTES_MAX always suffices. */
int report_format_update(const struct report *report, char *out, size_t size,
                         size_t *length);

#endif
