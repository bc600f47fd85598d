/*! QEMU's `sim` machine for a C program: standard output, exit, and a message
 * for a trap. Must not know: the tests. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIMCALL_EXIT 1
#define SIMCALL_WRITE 4
#define TRAP_STATUS 70

void trap(uint32_t cause, uint32_t at, uint32_t address);

static int simcall(int call, int first, const void *second, size_t third) {
  register int a2 __asm__("a2") = call;
  register int a3 __asm__("a3") = first;
  register const void *a4 __asm__("a4") = second;
  register size_t a5 __asm__("a5") = third;
  __asm__ volatile("simcall"
                   : "+r"(a2), "+r"(a3)
                   : "r"(a4), "r"(a5)
                   : "memory");
  return a2;
}

static char s_line[256];
static size_t s_length;

static void flush(void) {
  if (s_length != 0) (void) simcall(SIMCALL_WRITE, 1, s_line, s_length);
  s_length = 0;
}

static int put(char c, FILE *file) {
  (void) file;
  s_line[s_length++] = c;
  if (c == '\n' || s_length == sizeof(s_line)) flush();
  return (unsigned char) c;
}

static FILE s_stdout = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdout = &s_stdout;
FILE *const stderr = &s_stdout;

void _exit(int status) {
  flush();
  for (;;) (void) simcall(SIMCALL_EXIT, status, NULL, 0);
}

static void put_text(const char *text) {
  while (*text != '\0') (void) put(*text++, NULL);
}

static void put_hex(const char *name, uint32_t value) {
  int shift;
  put_text(name);
  for (shift = 28; shift >= 0; shift -= 4) {
    (void) put("0123456789abcdef"[(value >> shift) & 15], NULL);
  }
}

/*! Names the trap and ends the program. */
void trap(uint32_t cause, uint32_t at, uint32_t address) {
  put_hex("\ntrap: cause 0x", cause);
  put_hex(", at 0x", at);
  put_hex(", address 0x", address);
  (void) put('\n', NULL);
  _exit(TRAP_STATUS);
}
