/*! What a device knows of the time (PROTOCOL D3). The only source is its own
 * shadow, whose answers come over the authenticated connection and carry the
 * server's second. Whoever controls the network can delay an answer but not
 * change it. So an answer gives two bounds, never one number: the server wrote
 * it after the update was sent and before the answer arrived. Uses no network
 * and reads no clock. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include "moment.h"

/*! An answer that took longer than this is ignored, in ms. */
#define CLOCK_ANSWER_MS_MAX 10000u

/*! A sample older than this is ignored, in ms: 12 h. */
#define CLOCK_SAMPLE_MS_MAX (UINT64_C(12) * 60 * 60 * 1000)

/*! Largest error of the uptime's rate, in parts per million. */
#define CLOCK_DRIFT_PPM 100u

/*! The narrowest sample so far. Zeroed memory knows no time. */
struct clock {
  uint64_t server_ms;   /*!< The server's second, in ms; 0 = no sample. */
  uint64_t received_ms; /*!< Uptime at which the answer arrived. */
  uint32_t took_ms;     /*!< From sending the update to its answer. */
};

/*! Takes the answer to the device's own update: the server's `second` since
 * 1970 (0 = missing), the uptime at which the update was sent, and the uptime
 * now. Keeps the sample if it is narrower than the one before. Returns true if
 * this made the time known. */
bool clock_take_answer(struct clock *clock, uint64_t second, uint64_t sent_ms,
                       uint64_t uptime_ms);

/*! Writes the moment at `uptime_ms`, which is not before the last answer. */
void clock_read(const struct clock *clock, uint64_t uptime_ms,
                struct moment *now);

/*! Largest error of the uptime after `ms`, in ms, rounded up. */
uint64_t clock_drift_ms(uint64_t ms);

#endif
