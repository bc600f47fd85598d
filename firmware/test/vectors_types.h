/*! Shape of the generated vectors.h. */
#ifndef VECTORS_TYPES_H
#define VECTORS_TYPES_H

#include "command.h"
#include "report.h"
#include "reporter.h"

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

struct answer_vector {
  const char *name;
  enum shadow_topic topic;
  const char *payload;
  size_t length;
  enum reporter_verdict expect;
  uint64_t code;
};

/*! What a step of a device case does. */
enum device_step {
  DO_BOOT,
  DO_SYNC,
  DO_COMMAND,
  DO_DOOR,
  DO_EXIT,
  DO_TICK,
  DO_MALFORMED,
  DO_ERASE,
  DO_BREAK_FLASH,
  DO_MEND_FLASH
};

/*! One step of a device case, and what the lock then reports. */
struct device_vector {
  const char *name;
  enum device_step what;
  int last; /*!< The case ends here. */
  uint64_t at_s;
  uint64_t sent_at_s; /*!< DO_SYNC: when the update was sent. */
  int synced;
  enum door door;
  struct lock_settings settings;
  struct command command; /*!< Its times count from the first boot. */
  enum outcome outcome;
  enum latch latch;
  uint64_t version;
  enum result result;
  enum source source;
  enum refusal refusal;
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
