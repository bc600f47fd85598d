/*! The parts of the Mongoose OS shim that need C: variadic calls, which Rust
 * cannot define, and structs that C owns. */
#include <stdarg.h>

#include "mgos.h"
#include "mgos_mqtt.h"

/* Defined by the virtual device. */
int shim_log_enabled(int level);
void shim_log(int level, const char *text);
bool shim_mqtt_has_connection(void);
unsigned long shim_mqtt_take_flags(void);
bool shim_mqtt_offer(const struct mgos_config_mqtt *section);
bool shim_mqtt_take_offer(bool is_system);

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

struct mg_str mg_mk_str(const char *s) {
  struct mg_str str;
  str.p = s;
  str.len = s == NULL ? 0 : strlen(s);
  return str;
}

bool mgos_mqtt_set_config(const struct mgos_config_mqtt *cfg) {
  return shim_mqtt_take_offer(shim_mqtt_offer(cfg));
}

static struct mg_connection s_connection;

struct mg_connection *mgos_mqtt_get_global_conn(void) {
  return shim_mqtt_has_connection() ? &s_connection : NULL;
}

/* Flags that the app set on its connection since the last poll. */
unsigned long shim_mqtt_take_flags(void) {
  unsigned long flags = s_connection.flags;
  s_connection.flags = 0;
  return flags;
}
