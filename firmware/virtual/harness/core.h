/*! A lock of firmware/core with its clock, a flash that can fail and an
 * observed latch: a flat interface through which another language checks the
 * core. All times are uptimes in ms; only answers of the shadow bring the true
 * time.
 *
 * Must not know: the application side. */
#ifndef HARNESS_CORE_H
#define HARNESS_CORE_H

#include <stddef.h>
#include <stdint.h>

/*! Bounds of the true time, in ms since 1970. */
struct harness_bounds {
  uint64_t earliest_ms;
  uint64_t latest_ms;
};

/*! Declared behaviour of the lock. */
struct harness_settings {
  uint32_t power_on_unlocked;
  uint32_t relock_ms;
  uint32_t pulse_ms;
  uint32_t clock_tolerance_ms;
  uint32_t settle_ms;
  uint32_t relock_from_closing;
};

struct harness;

/*! A lock that was never powered, with blank flash. Returns NULL if there is no
 * memory. */
struct harness *harness_new(const struct harness_settings *settings);

/*! Frees what harness_new returned; NULL is allowed. */
void harness_free(struct harness *harness);

/*! Powers it on, at uptime 0 and without the time. `unreadable_slot` is 0 or 1,
 * or -1 for none. Returns the code of lock_boot. */
int harness_boot(struct harness *harness, int unreadable_slot);

/*! Receives the answer to an update that was sent at `sent_ms`. Returns 1 if
 * that made the time known. */
int harness_answer(struct harness *harness, uint64_t second, uint64_t sent_ms,
                   uint64_t uptime_ms);

/*! Writes the bounds of the true time. Returns 0 if it is unknown. */
int harness_bounds(const struct harness *harness, uint64_t uptime_ms,
                   struct harness_bounds *bounds);

/*! Receives a payload. Returns enum outcome, or a negative enum command_error
 * if it is not a command. */
int harness_command(struct harness *harness, const char *payload, size_t length,
                    uint64_t uptime_ms);

/*! Sets the door: 0 no sensor, 1 open, 2 closed. Returns 1 if the latch moved.
 */
int harness_door(struct harness *harness, int door, uint64_t uptime_ms);

/*! Presses the exit button. Returns 1 if that unlocked. */
int harness_exit(struct harness *harness, uint64_t uptime_ms);

/*! Lets time pass. Returns 1 if the latch moved. */
int harness_tick(struct harness *harness, uint64_t uptime_ms);

/*! Uptime at which harness_tick has something to do; 0 is never. */
uint64_t harness_due(const struct harness *harness);

/*! Writes the report as JSON. Returns its length, or a negative code. */
long harness_report(const struct harness *harness, uint64_t uptime_ms,
                    char *out, size_t size);

/*! Last state that the port was asked for: 0 locked, 1 unlocked. */
int harness_latch(const struct harness *harness);

/*! Number of movements that the port was asked for. */
unsigned harness_moves(const struct harness *harness);

/*! Erases the flash while the lock runs. */
void harness_erase(struct harness *harness);

/*! Makes writes fail, or succeed again. */
void harness_break_flash(struct harness *harness, int broken);

/*! Makes the power fail at a save, until the next boot: 0 before it, 1 within
 * it, 2 after the last byte and before it is read back, -1 never. */
void harness_fail_power(struct harness *harness, int when);

#endif
