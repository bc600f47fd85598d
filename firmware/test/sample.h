/*! A moment and commands as most tests of the lock want them: clock good, an
 * unlock alive for 30 s. Knows nothing of what a test does with them. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "command.h"
#include "moment.h"

/*! Time of day at power-on, in seconds since 1970. */
#define NOW_S UINT64_C(1763779520)

/*! `uptime_s` seconds after power-on, the clock synced at once. */
struct moment sample_moment(uint64_t uptime_s);

/*! A command issued at NOW_S, named after its version. */
struct command sample_command(enum action action, uint64_t version);

#endif
