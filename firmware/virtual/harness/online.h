/*! A lock of firmware/core that exchanges reports with its shadow: the wiring
 * of lock_app.c and exchange.c as a value, so that one process can run
 * thousands. Without pins, door and exit button. Its flash outlives power-offs.
 * All times are uptimes in ms.
 *
 * Must not know: the network, and who calls. */
#ifndef HARNESS_ONLINE_H
#define HARNESS_ONLINE_H

#include <stddef.h>
#include <stdint.h>

struct online;

/*! A lock that was never powered, with the flash of an installed board: its
 * journal says locked. Returns NULL if there is no memory, or if the journal
 * cannot be written. */
struct online *online_new(uint32_t relock_ms, uint32_t report_interval_ms);

/*! Frees what online_new returned; NULL is allowed. */
void online_free(struct online *online);

/*! Powers it on, at uptime 0, without the time and without a connection. */
void online_boot(struct online *online);

/*! The connection opened, with every subscription granted, or closed. */
void online_set_connected(struct online *online, int connected);

/*! Receives a payload on the topic of its commands. Returns enum outcome, or a
 * negative enum command_error if it is not a command. */
int online_command(struct online *online, const char *payload, size_t length,
                   uint64_t uptime_ms);

/*! Receives an answer of its shadow; `topic` is enum shadow_topic. Returns enum
 * reporter_verdict. */
int online_answer(struct online *online, int topic, const char *payload,
                  size_t length, uint64_t uptime_ms);

/*! Lets time pass: auto-relock. Returns 1 if the latch moved. */
int online_tick(struct online *online, uint64_t uptime_ms);

/*! Writes the update of its shadow that is due, and counts it as sent. `random`
 * is any number. Returns its length; 0 if none is due. */
long online_update(struct online *online, uint64_t uptime_ms, uint32_t random,
                   char *out, size_t size);

/*! Uptime at which online_tick or online_update has something to do next; 0 =
 * never. */
uint64_t online_due(const struct online *online);

/*! Last state that the port was asked for: 0 locked, 1 unlocked. */
int online_latch(const struct online *online);

/*! Whether the time is known. */
int online_has_time(const struct online *online, uint64_t uptime_ms);

/*! Number of movements that the port was asked for, in its whole life. */
unsigned online_moves(const struct online *online);

/*! The rest of a shadow's topic, after the thing's name; NULL after the last.
 */
const char *online_suffix(int topic);

#endif
