/*! What a device knows of the time (PROTOCOL D3).
 *
 * The only source is the answers of its own shadow, which come over the
 * authenticated connection and carry the server's second. Whoever controls the
 * network can hold an answer back but cannot change it, so one answer gives two
 * bounds and never one number: the server wrote it between the sending of the
 * update and the arrival of its answer. Knows no network and reads no clock.
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include "moment.h"

/*! An answer that took longer than this is no sample, in ms. */
#define CLOCK_ANSWER_MS_MAX 10000u

/*! A sample older than this is none, in ms: 12 h. */
#define CLOCK_SAMPLE_MS_MAX (UINT64_C(12) * 60 * 60 * 1000)

/*! By how much uptime may run wrong, in parts per million. */
#define CLOCK_DRIFT_PPM 100u

/*! The narrowest sample so far. Zeroed memory knows no time. */
struct clock {
  uint64_t server_ms;   /*!< The server's second, in ms; 0 = no sample. */
  uint64_t received_ms; /*!< Uptime at which the answer arrived. */
  uint32_t took_ms;     /*!< Since its update was sent. */
};

/*! Takes the answer to the device's own update: the server's `second` since
 * 1970 (0 = not said), the uptime at which the update was sent, and
 * `uptime_ms`, that of now. Keeps the sample if it is narrower than the one
 * before. Returns 1 when the time is known now and was not before. */
int clock_answer(struct clock *clock, uint64_t second, uint64_t sent_ms,
                 uint64_t uptime_ms);

/*! Writes the moment at `uptime_ms`, which is not before the last answer. */
void clock_read(const struct clock *clock, uint64_t uptime_ms,
                struct moment *now);

/*! Whether the time is known: a command's age may be judged. */
int moment_has_time(const struct moment *now);

/*! How far uptime may be wrong after `ms`, in ms, rounded up. */
uint64_t clock_drift_ms(uint64_t ms);

#endif
