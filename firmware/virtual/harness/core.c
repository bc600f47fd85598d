/*! Implements core.h over firmware/core and the flash of its host tests. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#include "flash_sim.h"
#include "lock.h"
#include "report.h"
#include "status.h"

/* Bytes that the journal saves: a slot's head, its payload, its CRC. */
#define SAVED_BYTES (12 + 12 + COMMAND_ID_CHARS_MAX + 1 + 4)

struct harness {
  struct flash_sim sim;
  struct lock lock;
  struct lock_settings settings;
  struct report_context context;
  enum latch latch;
  unsigned moves;
};

static void move(void *context, enum latch latch) {
  struct harness *harness = context;
  harness->latch = latch;
  harness->moves++;
}

static struct moment moment(const struct harness_moment *from) {
  struct moment now;
  now.uptime_ms = from->uptime_ms;
  now.wall_ms = from->wall_ms;
  now.synced_at_ms = from->synced_at_ms;
  now.synced = from->synced != 0;
  return now;
}

struct harness *harness_new(const struct harness_settings *settings) {
  struct harness *harness = calloc(1, sizeof(*harness));
  if (harness == NULL) return NULL;
  flash_sim_start(&harness->sim);
  harness->settings.power_on =
      settings->power_on_unlocked ? LATCH_UNLOCKED : LATCH_LOCKED;
  harness->settings.relock_ms = settings->relock_ms;
  harness->settings.pulse_ms = settings->pulse_ms;
  harness->settings.clock_tolerance_ms = settings->clock_tolerance_ms;
  harness->context.firmware = "1.0.0";
  harness->context.number = 1; /* None is sent. */
  harness->context.rssi_dbm = -61;
  return harness;
}

void harness_free(struct harness *harness) { free(harness); }

int harness_boot(struct harness *harness, int unreadable_slot,
                 const struct harness_moment *now) {
  struct latch_port port;
  struct moment at = moment(now);
  int status;
  port.move = move;
  port.context = harness;
  flash_sim_power(&harness->sim);
  harness->sim.reads_fail_slot = unreadable_slot;
  harness->context.boot_count++;
  status = lock_boot(&harness->lock, &harness->settings, &port,
                     &harness->sim.flash, &at);
  harness->sim.reads_fail_slot = -1;
  return status;
}

int harness_command(struct harness *harness, const char *payload, size_t length,
                    const struct harness_moment *now) {
  struct command command;
  struct moment at = moment(now);
  int status = command_parse(payload, length, &command);
  if (status != CORE_OK) {
    lock_malformed(&harness->lock);
    return status;
  }
  return (int) lock_command(&harness->lock, &command, &at);
}

int harness_door(struct harness *harness, int door,
                 const struct harness_moment *now) {
  static const enum door doors[] = {DOOR_NO_SENSOR, DOOR_OPEN, DOOR_CLOSED};
  struct moment at = moment(now);
  if (door < 0 || door > 2) return CORE_EARG;
  return lock_door(&harness->lock, doors[door], &at);
}

int harness_tick(struct harness *harness, const struct harness_moment *now) {
  struct moment at = moment(now);
  return lock_tick(&harness->lock, &at);
}

long harness_report(const struct harness *harness,
                    const struct harness_moment *now, char *out, size_t size) {
  struct report report;
  struct moment at = moment(now);
  size_t length = 0;
  int status;
  report_collect(&harness->lock, &harness->context, &at, &report);
  status = report_format(&report, out, size, &length);
  return status == CORE_OK ? (long) length : (long) status;
}

int harness_latch(const struct harness *harness) {
  return harness->latch == LATCH_UNLOCKED;
}

unsigned harness_moves(const struct harness *harness) { return harness->moves; }

void harness_erase(struct harness *harness) {
  memset(harness->sim.slots, 0xff, sizeof(harness->sim.slots));
}

void harness_break_flash(struct harness *harness, int broken) {
  harness->sim.writes_fail = broken;
}

void harness_fail_power(struct harness *harness, int when) {
  static const long steps[] = {0, FLASH_SIM_BYTES + SAVED_BYTES / 2,
                               FLASH_SIM_BYTES + SAVED_BYTES};
  harness->sim.steps_left =
      when < 0 || when > 2 ? FLASH_SIM_UNLIMITED : steps[when];
}
