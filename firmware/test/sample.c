/*! Implements sample.h. */
#include "sample.h"

#include <stdio.h>
#include <string.h>

struct moment sample_moment(uint64_t after_s) {
  struct moment now;
  now.uptime_ms = SAMPLE_UPTIME_MS + after_s * 1000;
  now.earliest_ms = now.latest_ms = (NOW_S + after_s) * 1000;
  return now;
}

struct command sample_command(enum action action, uint64_t version) {
  struct command c;
  memset(&c, 0, sizeof(c));
  c.action = action;
  c.version = version;
  c.issued_s = NOW_S;
  c.expires_s = action == ACTION_UNLOCK ? NOW_S + 30 : 0;
  (void) snprintf(c.id, sizeof(c.id), "c-%u", (unsigned) version);
  return c;
}
