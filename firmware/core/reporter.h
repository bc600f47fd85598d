/*! Decides when a device reports, and what the shadow's answers mean (PROTOCOL
 * D4). A report is due at power-on, at every connection, after every change and
 * each interval. It is sent again until the shadow has accepted the update with
 * its own token. If another client writes `reported` or deletes the shadow, the
 * device reports again, but never in a loop. Knows neither topic nor network
 * nor the contents of a report. */
#ifndef CORE_REPORTER_H
#define CORE_REPORTER_H

#include "backoff.h"
#include "clock.h"
#include "shadow.h"

/*! Delay before a report that was not accepted is sent again: 2 s … 5 min. */
#define REPORTER_RETRY_FIRST_MS 2000u
#define REPORTER_RETRY_MOST_MS 300000u

/*! In this time, refusals and repeats cause at most one report, and so do
 * movements of the door (S7). */
#define REPORTER_PAUSE_MS 2000u

/*! Delay before a report that another writer has overwritten is sent again: 1
 * s, doubling to 5 min while such writes continue. */
#define REPORTER_REPEAT_FIRST_MS 1000u
#define REPORTER_REPEAT_MOST_MS 300000u

/*! After this long without a foreign write, the delay is 1 s again. Exceeds the
 * longest delay: two writers that answer each other never get back to 1 s. */
#define REPORTER_QUIET_MS 600000u

/*! What the last update waits for. */
enum reporter_wait {
  REPORTER_SETTLED,    /*!< Nothing: it was accepted, or none was sent. */
  REPORTER_UNANSWERED, /*!< An answer. */
  REPORTER_REJECTED    /*!< The next attempt: the shadow refused it. */
};

/*! What an answer meant. */
enum reporter_verdict {
  VERDICT_NONE,     /*!< Nothing: no report is concerned. */
  VERDICT_SETTLED,  /*!< The last report is in the shadow. */
  VERDICT_REJECTED, /*!< The last report was refused and will be sent again. */
  VERDICT_FOREIGN   /*!< Another writer overwrote it; it will be sent again. */
};

/*! The reports of one device. Zeroed memory is a reporter that never sends. */
struct reporter {
  struct backoff backoff;
  uint32_t interval_ms;
  uint32_t boot_count;
  uint32_t number;          /*!< Number of the last update since power-on. */
  uint32_t settled;         /*!< Number of the last update that was accepted. */
  uint32_t repeat_delay_ms; /*!< Before the next repeat; 0 = no write yet. */
  uint64_t version;         /*!< Shadow's newest on this connection. */
  uint64_t sent_ms;         /*!< Uptime of the last update. */
  uint64_t next_ms;         /*!< Uptime of the next retry or interval. */
  uint64_t repeat_ms;       /*!< Uptime of the next repeat; 0 = none. */
  uint64_t foreign_ms;      /*!< Uptime of the last foreign write. */
  uint64_t mention_ms;      /*!< Uptime before which `mention` waits. */
  uint64_t door_ms;         /*!< Uptime before which `door` waits. */
  enum reporter_wait wait;
  bool connected;
  bool due;     /*!< Something changed: send at once. */
  bool mention; /*!< Something was refused or repeated: send soon. */
  bool door;    /*!< The door moved: send at once, or soon. */
};

/*! Starts with the boot's report due. `interval_ms` is the longest time between
 * two reports, >= 1; 15 minutes in PROTOCOL D4. */
void reporter_start(struct reporter *reporter, uint32_t boot_count,
                    uint32_t interval_ms);

/*! The latch, the journal or the clock changed: the next poll sends (D4), even
 * if an update is still unanswered. */
void reporter_request(struct reporter *reporter);

/*! A command was refused or repeated and nothing changed: a report mentions the
 * last of them within REPORTER_PAUSE_MS (D1, D6, S7). */
void reporter_mention(struct reporter *reporter);

/*! The door moved: the next poll sends, or the first one REPORTER_PAUSE_MS
 * after the last movement was sent. */
void reporter_note_door(struct reporter *reporter);

/*! The connection to the shadow opened (a report becomes due, D4) or closed. */
void reporter_set_connected(struct reporter *reporter, bool connected);

/*! Whether to send a report now. Never while the connection is closed. */
bool reporter_is_due(const struct reporter *reporter, const struct moment *now);

/*! Records that a report is being sent, and returns the number of its update: 1
 * for the first since power-on, then counting up. `random` is any number, for
 * the jitter of the next attempt: 2 s, 4 s … 5 min, until one is accepted. */
uint32_t reporter_begin_update(struct reporter *reporter,
                               const struct moment *now, uint32_t random);

/*! Takes an answer of the shadow. Only the last update's own token settles it.
 * Answers to `desired` alone, late copies, and refusals of others' updates
 * change nothing. An unreadable answer to an update counts as a change of
 * `reported`. */
enum reporter_verdict reporter_take_answer(struct reporter *reporter,
                                           const struct shadow_answer *answer,
                                           const struct moment *now);

/*! Gives the clock the time of an answer (D3). Only the answer that accepts the
 * last update is a sample, because only its sending time is known. Returns true
 * if this made the time known. */
bool reporter_set_clock(const struct reporter *reporter,
                        const struct shadow_answer *answer,
                        const struct moment *now, struct clock *clock);

/*! Whether the shadow has answered every report on this connection, which is
 * then healthy. A refusal is an answer: reconnecting would not help. */
bool reporter_is_answered(const struct reporter *reporter);

#endif
