/*! Numbers for random walks: equal seeds give equal numbers, on every compiler.
 * Does not know the tests. */
#ifndef ROLL_H
#define ROLL_H

#include <stdint.h>

/*! Returns the next number below `sides` (1 … 2^24), and advances `seed`. */
uint32_t roll(uint32_t *seed, uint32_t sides);

#endif
