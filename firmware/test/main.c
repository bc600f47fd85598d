/*! Runs every test of the core; the last line counts them. */
#include <stdio.h>

#include "check.h"

static int s_failed_checks, s_passed, s_failed;

void check_that(int holds, const char *row, const char *condition,
                const char *file, int line) {
  if (holds) return;
  s_failed_checks++;
  printf("  %s:%d: %s: not %s\n", file, line, row, condition);
}

void check_run(const char *name, void (*test)(void)) {
  const char *c;
  s_failed_checks = 0;
  test();
  printf("%s ", s_failed_checks == 0 ? "ok  " : "FAIL");
  for (c = name; *c != '\0'; c++) putchar(*c == '_' ? ' ' : *c);
  putchar('\n');
  if (s_failed_checks == 0) {
    s_passed++;
  } else {
    s_failed++;
  }
}

int main(void) {
  scan_tests();
  command_tests();
  slot_tests();
  lock_tests();
  relock_tests();
  device_tests();
  report_tests();
  reporter_tests();
  shadow_tests();
  press_tests();
  walk_tests();
  powercut_tests();
  time_tests();
  link_tests();
  indicator_tests();
  clock_tests();
  clock_walk_tests();
  contact_tests();
  press_lost_tests();
  declaration_tests();
  layer_tests();
  health_tests();
  sequence_tests();
  printf("%d passed, %d failed\n", s_passed, s_failed);
  return s_failed == 0 ? 0 : 1;
}
