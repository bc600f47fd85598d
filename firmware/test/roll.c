/*! Implements roll.h. */
#include "roll.h"

uint32_t roll(uint32_t *seed, uint32_t sides) {
  *seed = *seed * 1664525u + 1013904223u;
  return (*seed >> 8) % sides;
}
