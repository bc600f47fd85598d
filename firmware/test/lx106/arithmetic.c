/*! The arithmetic that the ESP8266 has in ROM and its compiler's library
 * therefore leaves out: 64-bit product, and division by shift and subtract.
 * Must not know: the tests. */
#include <stdint.h>

uint64_t __muldi3(uint64_t a, uint64_t b);
uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
int32_t __modsi3(int32_t a, int32_t b);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);
int64_t __moddi3(int64_t a, int64_t b);

/*! A product of 32-bit numbers, by 16-bit halves: the CPU gives no high word.
 */
static uint64_t product(uint32_t a, uint32_t b) {
  uint32_t low = (a & 0xffff) * (b & 0xffff);
  uint32_t cross = (a >> 16) * (b & 0xffff) + (low >> 16);
  uint32_t other = (a & 0xffff) * (b >> 16) + (cross & 0xffff);
  uint32_t high = (a >> 16) * (b >> 16) + (cross >> 16) + (other >> 16);
  return ((uint64_t) high << 32) | (other << 16) | (low & 0xffff);
}

uint64_t __muldi3(uint64_t a, uint64_t b) {
  uint32_t a_low = (uint32_t) a, b_low = (uint32_t) b;
  uint32_t cross = (uint32_t) (a >> 32) * b_low + a_low * (uint32_t) (b >> 32);
  return product(a_low, b_low) + ((uint64_t) cross << 32);
}

static uint64_t divide(uint64_t a, uint64_t b, uint64_t *rest) {
  uint64_t quotient = 0, bit = 1;
  if (b == 0) __builtin_trap();
  while (b < a && (b >> 63) == 0) {
    b <<= 1;
    bit <<= 1;
  }
  for (; bit != 0; bit >>= 1, b >>= 1) {
    if (a >= b) {
      a -= b;
      quotient |= bit;
    }
  }
  *rest = a;
  return quotient;
}

uint64_t __udivdi3(uint64_t a, uint64_t b) {
  uint64_t rest;
  return divide(a, b, &rest);
}

uint64_t __umoddi3(uint64_t a, uint64_t b) {
  uint64_t rest;
  (void) divide(a, b, &rest);
  return rest;
}

static uint64_t magnitude(int64_t a) {
  return a < 0 ? 0 - (uint64_t) a : (uint64_t) a;
}

int64_t __divdi3(int64_t a, int64_t b) {
  uint64_t quotient = __udivdi3(magnitude(a), magnitude(b));
  return (int64_t) ((a < 0) != (b < 0) ? 0 - quotient : quotient);
}

int64_t __moddi3(int64_t a, int64_t b) {
  uint64_t rest = __umoddi3(magnitude(a), magnitude(b));
  return (int64_t) (a < 0 ? 0 - rest : rest);
}

uint32_t __udivsi3(uint32_t a, uint32_t b) {
  return (uint32_t) __udivdi3(a, b);
}

uint32_t __umodsi3(uint32_t a, uint32_t b) {
  return (uint32_t) __umoddi3(a, b);
}

int32_t __divsi3(int32_t a, int32_t b) { return (int32_t) __divdi3(a, b); }

int32_t __modsi3(int32_t a, int32_t b) { return (int32_t) __moddi3(a, b); }
