/*! A lock of firmware/core with its clock, flash that can fail and a latch that
 * is watched: a flat interface for another language to hold the core to its own
 * account of the rules. Every time is an uptime in ms; the true time comes in
 * as answers of the shadow alone. Knows nothing of the application side. */
#ifndef HARNESS_CORE_H
#define HARNESS_CORE_H

#include <stddef.h>
#include <stdint.h>

/*! What the time may be, in ms since 1970. */
struct harness_bounds {
  uint64_t earliest_ms;
  uint64_t latest_ms;
};

/*! How the lock is declared to behave. */
struct harness_settings {
  uint32_t power_on_unlocked;
  uint32_t relock_ms;
  uint32_t pulse_ms;
  uint32_t clock_tolerance_ms;
  uint32_t settle_ms;
  uint32_t relock_from_closing;
};

struct harness;

/*! A lock that was never powered, with blank flash; NULL without memory. */
struct harness *harness_new(const struct harness_settings *settings);

/*! Ends it. */
void harness_free(struct harness *harness);

/*! Power-on, at uptime 0: the time is not known. `unreadable_slot` is 0 or 1,
 * or -1 for none. Returns lock_boot's code. */
int harness_boot(struct harness *harness, int unreadable_slot);

/*! The answer to an update that was sent at `sent_ms` arrives. Returns 1 when
 * the time is known now and was not before. */
int harness_answer(struct harness *harness, uint64_t second, uint64_t sent_ms,
                   uint64_t uptime_ms);

/*! Writes what the time may be. Returns 0 when it is not known. */
int harness_bounds(const struct harness *harness, uint64_t uptime_ms,
                   struct harness_bounds *bounds);

/*! A payload arrives. Returns enum outcome, or a negative enum command_error
 * for what is no command. */
int harness_command(struct harness *harness, const char *payload, size_t length,
                    uint64_t uptime_ms);

/*! The door: 0 no sensor, 1 open, 2 closed. Returns 1 when the latch moved. */
int harness_door(struct harness *harness, int door, uint64_t uptime_ms);

/*! A hand at the exit. Returns 1 when it unlocked. */
int harness_exit(struct harness *harness, uint64_t uptime_ms);

/*! Time passes. Returns 1 when the latch moved. */
int harness_tick(struct harness *harness, uint64_t uptime_ms);

/*! The uptime at which harness_tick has something to do, 0 for never. */
uint64_t harness_due(const struct harness *harness);

/*! Writes the report as JSON. Returns its length, or a negative code. */
long harness_report(const struct harness *harness, uint64_t uptime_ms,
                    char *out, size_t size);

/*! The latch as the port was last told: 0 locked, 1 unlocked. */
int harness_latch(const struct harness *harness);

/*! How often the port was told to move. */
unsigned harness_moves(const struct harness *harness);

/*! Erases the flash under the running lock. */
void harness_erase(struct harness *harness);

/*! Makes writes fail, or work again. */
void harness_break_flash(struct harness *harness, int broken);

/*! Power fails at a save: 0 before it, 1 within it, 2 when all is written and
 * nothing was read back, -1 never. Lasts until the next boot. */
void harness_fail_power(struct harness *harness, int when);

#endif
