/*! Reads a word across a word boundary, which the emulated machine allows, then
 * executes an instruction of the A extension, which the ESP32-C3 lacks: the
 * machine traps it, as it would any other that the chip lacks. */
#include <stdint.h>

#define UNALIGNED_FAILED 2

int main(void) {
  static const uint32_t words[] = {1, 2};
  static uint32_t counter;
  const char *volatile at = (const char *) words + 1;
  if (*(const volatile uint32_t *) (const volatile void *) at != 0x02000000) {
    return UNALIGNED_FAILED;
  }
  __asm__ volatile(
      ".option push\n.option arch, +a\namoadd.w zero, zero, (%0)\n.option pop"
      :
      : "r"(&counter)
      : "memory");
  return 0;
}
