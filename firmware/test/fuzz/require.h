/*! Checks of the fuzz targets: a broken rule ends the process, and the fuzzer
 * keeps the input. */
#ifndef REQUIRE_H
#define REQUIRE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/*! Ends the process, naming the rule, when `condition` is false. */
#define REQUIRE(condition, rule)                                               \
  do {                                                                         \
    if (!(condition)) {                                                        \
      (void) fprintf(stderr, "broken: %s (%s:%d: not %s)\n", (rule), __FILE__, \
                     __LINE__, #condition);                                    \
      abort();                                                                 \
    }                                                                          \
  } while (0)

/*! The fuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
