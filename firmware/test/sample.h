/*! A moment and commands for most tests of the lock: the time is known exactly,
 * and an unlock expires after 30 s. Must not know: the tests. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "command.h"
#include "moment.h"

/*! Time of day at which commands are issued, in seconds since 1970. */
#define NOW_S UINT64_C(1763779520)

/*! Uptime at NOW_S: such commands are issued well after power-on. */
#define SAMPLE_UPTIME_MS UINT64_C(100000)

/*! `after_s` seconds after NOW_S. */
struct moment sample_moment(uint64_t after_s);

/*! A command issued at NOW_S, named after its version. */
struct command sample_command(enum action action, uint64_t version);

#endif
