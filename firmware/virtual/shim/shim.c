/*! The variadic calls of the Mongoose OS shim, which Rust cannot define; each
 * formats its text and hands it on. */
#include <stdarg.h>

#include "mgos.h"
#include "mgos_mqtt.h"
#include "mgos_shadow.h"

/* Defined by the virtual device. */
int shim_log_enabled(int level);
void shim_log(int level, const char *text);
bool shim_shadow_update(uint64_t version, const char *reported, size_t length);
void shim_fatal(const char *text);
bool shim_mqtt_has_connection(void);
unsigned long shim_mqtt_take_flags(void);

static enum cs_log_level s_level;

int cs_log_print_prefix(enum cs_log_level level, const char *file, int line) {
  (void) file;
  (void) line;
  s_level = level;
  return shim_log_enabled((int) level);
}

void cs_log_printf(const char *format, ...) {
  char text[512];
  va_list ap;
  va_start(ap, format);
  (void) vsnprintf(text, sizeof(text), format, ap);
  va_end(ap);
  shim_log((int) s_level, text);
}

/* The library formats with its own JSON printf, of which "%s" inserts a string
 * as it is. The app uses nothing else, and anything else stops here. */
bool mgos_shadow_updatef(uint64_t version, const char *state_jsonf, ...) {
  const char *reported;
  va_list ap;
  if (strcmp(state_jsonf, "%s") != 0) {
    shim_fatal("mgos_shadow_updatef: the shim knows only \"%s\"");
    return false;
  }
  va_start(ap, state_jsonf);
  reported = va_arg(ap, const char *);
  va_end(ap);
  return shim_shadow_update(version, reported, strlen(reported));
}

static struct mg_connection s_connection;

struct mg_connection *mgos_mqtt_get_global_conn(void) {
  return shim_mqtt_has_connection() ? &s_connection : NULL;
}

/* What the app wished of its connection since the last poll. */
unsigned long shim_mqtt_take_flags(void) {
  unsigned long flags = s_connection.flags;
  s_connection.flags = 0;
  return flags;
}
