/*! The report of a lock, and when to send it (PROTOCOL section 2 and D4).
 *
 * A report is always the whole object: update/accepted repeats the request
 * only, so a part would hide the rest. Knows no topic and no network.
 */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include <stddef.h>

#include "backoff.h"
#include "lock.h"

/*! Longest report, NUL included. */
#define REPORT_BYTES_MAX 512

/*! Longest firmware name in a report. */
#define REPORT_FIRMWARE_CHARS_MAX 15

/*! Delay before a report that was not accepted is sent again: 2 s … 5 min. */
#define REPORT_RETRY_FIRST_MS 2000u
#define REPORT_RETRY_MOST_MS 300000u

/*! Refusals and repeats alone make no more than one report in this time: a
 * flood of commands must not become a flood of reports (S7). */
#define REPORT_MENTION_MS 2000u

/*! Everything one report says. */
struct report {
  enum latch latch;
  enum source source;
  enum door door;
  enum result result;
  enum refusal refusal;
  int clock_is_good;
  int32_t rssi_dbm;
  uint32_t boot_count;
  uint64_t version;
  char command_id[COMMAND_ID_CHARS_MAX + 1];
  char refused_id[COMMAND_ID_CHARS_MAX + 1];
  char firmware[REPORT_FIRMWARE_CHARS_MAX + 1];
};

/*! What the lock itself does not know and a report needs. */
struct report_context {
  uint32_t boot_count;
  int32_t rssi_dbm;
  const char *firmware; /*!< Of [A-Za-z0-9.+-]. */
};

/*! Collects the lock's state as of `now`. */
void report_collect(const struct lock *lock,
                    const struct report_context *context,
                    const struct moment *now, struct report *report);

/*! Writes the report as JSON, the value of `state.reported`.
 * Errors: CORE_ESPACE; REPORT_BYTES_MAX always suffices. */
int report_format(const struct report *report, char *out, size_t size,
                  size_t *length);

/*! Whether `state` — the `state` object of update/accepted, in any key order,
 * null members present or not — reports exactly this report. */
int report_is_echoed(const struct report *report, const char *state,
                     size_t length);

/*! Sends reports until the last one is accepted, and again each interval
 * (D4). Zeroed memory is a reporter that never sends. */
struct reporter {
  struct report sent;
  struct backoff backoff;
  uint32_t interval_ms;
  uint64_t next_ms;    /*!< Uptime of the next send; meaningless while due. */
  uint64_t mention_ms; /*!< Uptime before which no mention is sent. */
  int connected;
  int due;      /*!< Something changed: send at once. */
  int mention;  /*!< Something was refused or repeated: send soon. */
  int awaiting; /*!< Sent, not yet accepted. */
};

/*! Starts with a report due: that of the boot. `interval_ms` is the longest
 * time between two reports, >= 1; PROTOCOL D4 wants 15 minutes. */
void reporter_start(struct reporter *reporter, uint32_t interval_ms);

/*! The latch, the journal, the door or the clock changed: the next poll sends
 * (D4), whatever is still unanswered. */
void reporter_request(struct reporter *reporter);

/*! A command was refused or repeated and nothing changed: a report tells the
 * last of them within REPORT_MENTION_MS (D1, D6, S7). */
void reporter_mention(struct reporter *reporter);

/*! The way to the shadow opened (a report becomes due, D4) or closed. */
void reporter_connected(struct reporter *reporter, int connected);

/*! Whether to send a report now. Never while the way is closed. */
int reporter_wants(const struct reporter *reporter, const struct moment *now);

/*! Notes that `report` was sent. `random` is any number, for the jitter of the
 * next try: 2 s, 4 s … 5 min, until one is accepted. */
void reporter_sent(struct reporter *reporter, const struct report *report,
                   const struct moment *now, uint32_t random);

/*! Takes the `state` of an update/accepted. Returns 1 when it equals the
 * report last sent, which ends the retries; anything else changes nothing. */
int reporter_accepted(struct reporter *reporter, const char *state,
                      size_t length, const struct moment *now);

/*! Whether the cloud has accepted all there is to tell, over this connection:
 * what makes a connection of use. */
int reporter_is_settled(const struct reporter *reporter);

#endif
