/*! Shows what the emulated machine checks: it allows a read across a word
 * boundary, and traps an instruction of the A extension, which the ESP32-C3
 * lacks. Ends in that trap; 2 if the read failed, 0 if nothing was trapped. */
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
