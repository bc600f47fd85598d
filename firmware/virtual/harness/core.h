/*! A lock of firmware/core with flash that can fail and a latch that is watched:
 * a flat interface for another language to hold the core to its own account of
 * the rules. Knows nothing of the application side. */
#ifndef HARNESS_CORE_H
#define HARNESS_CORE_H

#include <stddef.h>
#include <stdint.h>

/*! A point in time, in numbers of one width. */
struct harness_moment {
  uint64_t uptime_ms;
  uint64_t wall_ms;
  uint64_t synced_at_ms;
  uint32_t synced;
};

/*! How the lock is declared to behave. */
struct harness_settings {
  uint32_t power_on_unlocked;
  uint32_t relock_ms;
  uint32_t pulse_ms;
  uint32_t clock_tolerance_ms;
};

struct harness;

/*! A lock that was never powered, with blank flash; NULL without memory. */
struct harness *harness_new(const struct harness_settings *settings);

/*! Ends it. */
void harness_free(struct harness *harness);

/*! Power-on. `unreadable_slot` is 0 or 1, or -1 for none. Returns lock_boot's
 * code. */
int harness_boot(struct harness *harness, int unreadable_slot,
                 const struct harness_moment *now);

/*! A payload arrives. Returns enum outcome, or a negative enum command_error
 * for what is no command. */
int harness_command(struct harness *harness, const char *payload, size_t length,
                    const struct harness_moment *now);

/*! The door: 0 no sensor, 1 open, 2 closed. Returns 1 when the latch moved. */
int harness_door(struct harness *harness, int door,
                 const struct harness_moment *now);

/*! Time passes. Returns 1 when the latch moved. */
int harness_tick(struct harness *harness, const struct harness_moment *now);

/*! Writes the report as JSON. Returns its length, or a negative code. */
long harness_report(const struct harness *harness,
                    const struct harness_moment *now, char *out, size_t size);

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
