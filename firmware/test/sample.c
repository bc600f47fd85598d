/*! Implements sample.h. */
#include "sample.h"

#include <stdio.h>
#include <string.h>

struct moment sample_moment(uint64_t uptime_s) {
  struct moment now;
  now.uptime_ms = uptime_s * 1000;
  now.wall_ms = (NOW_S + uptime_s) * 1000;
  now.synced = 1;
  now.synced_at_ms = 1;
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
