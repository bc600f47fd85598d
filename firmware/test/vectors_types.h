/*! Shape of the generated vectors.h. */
#ifndef VECTORS_TYPES_H
#define VECTORS_TYPES_H

#include "command.h"
#include "report.h"

struct command_vector {
  const char *name;
  const char *payload;
  size_t length;
  const char *expect;
  struct command command;
};

struct report_vector {
  const char *name;
  const char *text;
  struct report report;
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
