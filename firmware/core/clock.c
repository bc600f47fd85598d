/*! Implements clock.h. */
#include "clock.h"

#include "status.h"

CORE_ASSERT(clock_is_small, sizeof(struct clock) <= 24);

uint64_t clock_drift_ms(uint64_t ms) {
  return (ms * CLOCK_DRIFT_PPM + 999999u) / 1000000u;
}

/* The same for short times: 64-bit division is slow on a 32-bit chip. */
static uint32_t drift_ms(uint32_t ms) { return (ms + 9999u) / 10000u; }

CORE_ASSERT(drift_is_the_same, 1000000u / CLOCK_DRIFT_PPM == 10000u);
CORE_ASSERT(sample_age_is_short,
            CLOCK_SAMPLE_MS_MAX + CLOCK_ANSWER_MS_MAX < UINT32_MAX / 2);

bool moment_has_time(const struct moment *now) { return now->latest_ms != 0; }

void clock_read(const struct clock *clock, uint64_t uptime_ms,
                struct moment *now) {
  uint64_t since_ms = uptime_ms - clock->received_ms;
  uint32_t age_ms = (uint32_t) since_ms;
  now->uptime_ms = uptime_ms;
  now->earliest_ms = now->latest_ms = 0;
  if (clock->server_ms == 0 || since_ms > CLOCK_SAMPLE_MS_MAX) return;
  now->earliest_ms = clock->server_ms + (age_ms - drift_ms(age_ms));
  age_ms += clock->took_ms;
  now->latest_ms = clock->server_ms + (1000 + age_ms + drift_ms(age_ms));
}

bool clock_take_answer(struct clock *clock, uint64_t second, uint64_t sent_ms,
                       uint64_t uptime_ms) {
  uint64_t took_ms = uptime_ms - sent_ms;
  struct moment before;
  if (second == 0 || took_ms > CLOCK_ANSWER_MS_MAX) return false;
  clock_read(clock, uptime_ms, &before);
  if (!moment_has_time(&before) ||
      1000 + (uint32_t) took_ms + drift_ms((uint32_t) took_ms) <
          (uint32_t) (before.latest_ms - before.earliest_ms)) {
    clock->server_ms = second * 1000;
    clock->received_ms = uptime_ms;
    clock->took_ms = (uint32_t) took_ms;
  }
  return !moment_has_time(&before);
}
