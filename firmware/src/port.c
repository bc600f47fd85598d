/*! Implements port.h on Mongoose OS. */
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "counter.h"
#include "mgos.h"
#include "mgos_mqtt.h"
#include "status.h"
#include "text.h"
#ifdef MGOS_HAVE_WIFI
#include "mgos_wifi.h"
#endif

#define PATH_BYTES_MAX 24
/* One for each role. */
#define SOON_MAX 2

#define BOOTS_MAGIC 0x31544f42u /* "BOT1" */

static struct clock s_clock;

struct clock *port_clock(void) {
  return &s_clock;
}

void port_now(struct moment *now) {
  clock_read(&s_clock, (uint64_t) (mgos_uptime() * 1000.0), now);
}

static void (*s_soon[SOON_MAX])(void);

static void run_soon(void *arg) {
  void (**entry)(void) = (void (**)(void)) arg;
  void (*callback)(void) = *entry;
  *entry = NULL;
  callback();
}

void port_call_soon(void (*callback)(void)) {
  int i;
  for (i = 0; i < SOON_MAX; i++) {
    if (s_soon[i] == callback) return;
    if (s_soon[i] == NULL) break;
  }
  PORT_ASSERT(i < SOON_MAX);
  s_soon[i] = callback;
  /* Without memory for a timer, the role's next tick does the work. */
  if (mgos_set_timer(0, 0, run_soon, &s_soon[i]) == 0) s_soon[i] = NULL;
}

static int path_of(const struct port_record *record, unsigned slot,
                   char path[PATH_BYTES_MAX]) {
  struct text text;
  size_t length;
  text_start(&text, path, PATH_BYTES_MAX);
  text_format(&text, "%s.%lu", record->name, (unsigned long) slot);
  return text_finish(&text, &length);
}

static int read_slot(void *context, unsigned slot, void *data, size_t length) {
  char path[PATH_BYTES_MAX];
  FILE *file;
  int status = path_of((const struct port_record *) context, slot, path);
  if (status != CORE_OK) return status;
  memset(data, 0xff, length);
  file = fopen(path, "rb");
  /* Never written; after any other error (no memory, no descriptor) the file
   * may hold the newest record. */
  if (file == NULL) return errno == ENOENT ? CORE_OK : CORE_EIO;
  (void) fread(data, 1, length, file);
  status = ferror(file) ? CORE_EIO : CORE_OK;
  (void) fclose(file);
  return status;
}

static uint32_t s_saves;

uint32_t port_saves(void) { return s_saves; }

static int write_slot(void *context, unsigned slot, const void *data,
                      size_t length) {
  char path[PATH_BYTES_MAX];
  FILE *file;
  int status = path_of((const struct port_record *) context, slot, path);
  if (status != CORE_OK) return status;
  s_saves++;
  file = fopen(path, "wb");
  if (file == NULL) return CORE_EIO;
  if (fwrite(data, 1, length, file) != length) status = CORE_EIO;
  /* Closing commits the file to flash. */
  if (fclose(file) != 0) status = CORE_EIO;
  return status;
}

static int erase_slot(void *context, unsigned slot) {
  char path[PATH_BYTES_MAX];
  FILE *file;
  int status = path_of((const struct port_record *) context, slot, path);
  if (status != CORE_OK) return status;
  (void) remove(path);
  file = fopen(path, "rb");
  if (file == NULL) return CORE_OK;
  (void) fclose(file);
  return CORE_EIO;
}

void port_record_start(struct port_record *record, const char *name) {
  record->name = name;
  record->flash.read = read_slot;
  record->flash.write = write_slot;
  record->flash.erase = erase_slot;
  record->flash.context = record;
}

const char *port_thing(void) {
  const char *thing = mgos_sys_config_get_aws_thing_name();
  if (thing == NULL) thing = mgos_sys_config_get_device_id();
  return thing == NULL ? "" : thing;
}

int port_format_topic(const char *prefix, const char *middle,
                      const char *suffix, char *out, size_t size) {
  struct text text;
  size_t length;
  text_start(&text, out, size);
  text_format(&text, "%s%s%s%s", prefix == NULL ? "" : prefix, port_thing(),
              middle, suffix);
  return text_finish(&text, &length);
}

int32_t port_rssi(void) {
#ifdef MGOS_HAVE_WIFI
  return (int32_t) mgos_wifi_sta_get_rssi();
#else
  return 0;
#endif
}

uint32_t port_random(void) {
  return (uint32_t) mgos_rand_range(0.0f, 16777216.0f);
}

void port_close_connection(void) {
  struct mg_connection *connection = mgos_mqtt_get_global_conn();
  if (connection != NULL) connection->flags |= MG_F_CLOSE_IMMEDIATELY;
}

static bool s_boot_is_counted;

uint32_t port_boots(void) {
  static struct port_record record;
  static uint64_t count;
  struct counter boots;
  if (count != 0) return (uint32_t) count;
  port_record_start(&record, "boots");
  (void) counter_load(&boots, &record.flash, BOOTS_MAGIC);
  s_boot_is_counted = counter_next(&boots, 0, &count) == CORE_OK;
  if (!s_boot_is_counted) {
    LOG(LL_ERROR, ("port: boot not counted: flash failed; the time stays "
                   "unknown, so unlocks are refused"));
    count = boots.value + 1;
  }
  return (uint32_t) count;
}

bool port_boot_is_counted(void) { return s_boot_is_counted; }

static void (*s_make_safe)(void);

void port_set_panic_handler(void (*make_safe)(void)) {
  s_make_safe = make_safe;
}

void port_panic(const char *what) {
  if (s_make_safe != NULL) s_make_safe();
  LOG(LL_ERROR, ("panic: assertion failed: %s", what));
  mgos_system_restart();
}
