/*! When a device reports, and what the shadow's answers mean for that (PROTOCOL
 * D4).
 *
 * A report is due at power-on, at every connection, after every change and each
 * interval. It is sent again until the shadow has accepted the update with its
 * own token. Whoever else writes `reported`, or deletes the shadow, is answered
 * with another report, but never in a loop. Knows no topic, no network and not
 * what a report says.
 */
#ifndef CORE_REPORTER_H
#define CORE_REPORTER_H

#include "backoff.h"
#include "clock.h"
#include "moment.h"
#include "shadow.h"

/*! Delay before a report that was not accepted is sent again: 2 s … 5 min. */
#define REPORTER_RETRY_FIRST_MS 2000u
#define REPORTER_RETRY_MOST_MS 300000u

/*! Refusals and repeats alone make no more than one report in this time, nor do
 * movements of the door: a flood of either must not become a flood of reports
 * (S7). */
#define REPORTER_PAUSE_MS 2000u

/*! Delay before a report that another's write has covered is sent again: 1 s,
 * doubling to 5 min while such writes go on. */
#define REPORTER_REPEAT_FIRST_MS 1000u
#define REPORTER_REPEAT_MOST_MS 300000u

/*! Without another's write for this long, the next one is answered after 1 s
 * again. Longer than the longest delay, so that two writers that answer each
 * other do not start over. */
#define REPORTER_QUIET_MS 600000u

/*! What the last update waits for. */
enum reporter_wait {
  REPORTER_SETTLED,    /*!< Nothing: it was accepted, or none was sent. */
  REPORTER_UNANSWERED, /*!< An answer. */
  REPORTER_REJECTED    /*!< The next try: the shadow refused it. */
};

/*! What an answer meant. */
enum reporter_verdict {
  VERDICT_NONE,     /*!< Nothing to this device. */
  VERDICT_SETTLED,  /*!< The last report is in the shadow. */
  VERDICT_REJECTED, /*!< The last report was refused; it is sent again. */
  VERDICT_FOREIGN   /*!< Another wrote over it; it is sent again. */
};

/*! The reports of one device. Zeroed memory is a reporter that never sends. */
struct reporter {
  struct backoff backoff;
  uint32_t interval_ms;
  uint32_t boot_count;
  uint32_t number;  /*!< Of the last update sent since power-on. */
  uint32_t settled; /*!< Of the last one accepted; those between wait. */
  uint32_t repeat_delay_ms; /*!< Before the next repeat; 0 = no write yet. */
  uint64_t version;         /*!< Newest of the shadow on this connection. */
  uint64_t sent_ms;         /*!< Uptime of the last update. */
  uint64_t next_ms;    /*!< Uptime of the next retry, or end of interval. */
  uint64_t repeat_ms;  /*!< Uptime of the next repeat; 0 = none is due. */
  uint64_t foreign_ms; /*!< Uptime of another's last write. */
  uint64_t mention_ms; /*!< Uptime before which no mention is sent. */
  uint64_t door_ms;    /*!< Uptime before which no movement of the door is. */
  enum reporter_wait wait;
  uint8_t connected;
  uint8_t due;     /*!< Something changed: send at once. */
  uint8_t mention; /*!< Something was refused or repeated: send soon. */
  uint8_t door;    /*!< The door moved: send at once, or soon. */
};

/*! Starts with a report due: that of the boot. `interval_ms` is the longest
 * time between two reports, >= 1; PROTOCOL D4 wants 15 minutes. */
void reporter_start(struct reporter *reporter, uint32_t boot_count,
                    uint32_t interval_ms);

/*! The latch, the journal or the clock changed: the next poll sends (D4),
 * whatever is still unanswered. */
void reporter_request(struct reporter *reporter);

/*! A command was refused or repeated and nothing changed: a report says the
 * last of them within REPORTER_PAUSE_MS (D1, D6, S7). */
void reporter_mention(struct reporter *reporter);

/*! The door moved: the next poll sends, unless a movement was sent less than
 * REPORTER_PAUSE_MS ago; then the poll after that time does. */
void reporter_door(struct reporter *reporter);

/*! The way to the shadow opened (a report becomes due, D4) or closed. */
void reporter_connected(struct reporter *reporter, int connected);

/*! Whether to send a report now. Never while the way is closed. */
int reporter_wants(const struct reporter *reporter, const struct moment *now);

/*! Notes that a report is being sent, and returns the number of its update: 1
 * for the first since power-on, one more for each. `random` is any number, for
 * the jitter of the next try: 2 s, 4 s … 5 min, until one is accepted. */
uint32_t reporter_send(struct reporter *reporter, const struct moment *now,
                       uint32_t random);

/*! Takes an answer of the shadow. Only the last update's own token settles it.
 * Answers to `desired` alone, late copies, and refusals of others' updates
 * change nothing. An answer to an update that nobody can read may have changed
 * `reported`, and counts as that. */
enum reporter_verdict reporter_answer(struct reporter *reporter,
                                      const struct shadow_answer *answer,
                                      const struct moment *now);

/*! Gives the clock what an answer says of the time (D3): only the answer that
 * accepts the last update sent is a sample, as only its sending is known.
 * Returns 1 when the time is known now and was not before. */
int reporter_set_clock(const struct reporter *reporter,
                       const struct shadow_answer *answer,
                       const struct moment *now, struct clock *clock);

/*! Whether the shadow has answered all there is to say, over this connection:
 * what makes a connection of use. A refusal is an answer: another connection
 * would not mend it. */
int reporter_is_answered(const struct reporter *reporter);

#endif
