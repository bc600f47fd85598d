/*! Numbers for random walks: equal seeds give equal numbers, on every compiler.
 * Must not know: the tests. */
#ifndef ROLL_H
#define ROLL_H

#include <stdint.h>

/*! The next number below `sides`, which is at most 2^24. */
uint32_t roll(uint32_t *seed, uint32_t sides);

#endif
