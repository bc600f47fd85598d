/*! Reads a word across a word boundary: the ESP8266 traps there, and so must
 * the emulated machine, or the tests would not detect such a read. */
#include <stdint.h>

int main(void) {
  static const uint32_t words[] = {1, 2};
  const char *volatile at = (const char *) words + 1;
  return (int) *(const volatile uint32_t *) (const volatile void *) at;
}
