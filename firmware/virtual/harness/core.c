/*! Implements core.h with firmware/core and the flash of its host tests. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "flash_sim.h"
#include "lock.h"
#include "report.h"
#include "status.h"

/* Bytes that the journal saves: a slot's head, its payload, its CRC. */
#define SAVED_BYTES (12 + 12 + COMMAND_ID_TAKEN_CHARS_MAX + 1 + 4)

struct harness {
  struct flash_sim sim;
  struct lock lock;
  struct clock clock;
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

static struct moment moment(const struct harness *harness, uint64_t uptime_ms) {
  struct moment now;
  clock_read(&harness->clock, uptime_ms, &now);
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
  harness->settings.settle_ms = settings->settle_ms;
  harness->settings.relock_from =
      settings->relock_from_closing ? RELOCK_FROM_CLOSING : RELOCK_FROM_UNLOCK;
  harness->context.firmware = "2.0.0";
  harness->context.settings = DECLARATION_STATED;
  harness->context.number = 1; /* No report is sent. */
  harness->context.rssi_dbm = -61;
  return harness;
}

void harness_free(struct harness *harness) { free(harness); }

int harness_boot(struct harness *harness, int unreadable_slot) {
  struct latch_port port;
  struct moment now;
  int status;
  memset(&harness->clock, 0, sizeof(harness->clock));
  now = moment(harness, 0);
  port.move = move;
  port.context = harness;
  flash_sim_power(&harness->sim);
  harness->sim.reads_fail_slot = unreadable_slot;
  harness->context.boot_count++;
  status = lock_boot(&harness->lock, &harness->settings, &port,
                     &harness->sim.flash, &now);
  harness->sim.reads_fail_slot = -1;
  return status;
}

int harness_answer(struct harness *harness, uint64_t second, uint64_t sent_ms,
                   uint64_t uptime_ms) {
  return clock_take_answer(&harness->clock, second, sent_ms, uptime_ms);
}

int harness_bounds(const struct harness *harness, uint64_t uptime_ms,
                   struct harness_bounds *bounds) {
  struct moment now = moment(harness, uptime_ms);
  bounds->earliest_ms = now.earliest_ms;
  bounds->latest_ms = now.latest_ms;
  return moment_has_time(&now);
}

int harness_command(struct harness *harness, const char *payload, size_t length,
                    uint64_t uptime_ms) {
  struct command command;
  struct moment now = moment(harness, uptime_ms);
  int status = command_parse(payload, length, &command);
  if (status != CORE_OK) {
    lock_refuse_malformed(&harness->lock);
    return status;
  }
  return (int) lock_handle_command(&harness->lock, &command, &now);
}

int harness_door(struct harness *harness, int door, uint64_t uptime_ms) {
  static const enum door doors[] = {DOOR_NO_SENSOR, DOOR_OPEN, DOOR_CLOSED};
  struct moment now = moment(harness, uptime_ms);
  if (door < 0 || door > 2) return CORE_EARG;
  return lock_set_door(&harness->lock, doors[door], &now);
}

int harness_exit(struct harness *harness, uint64_t uptime_ms) {
  struct moment now = moment(harness, uptime_ms);
  return lock_request_exit(&harness->lock, &now);
}

int harness_tick(struct harness *harness, uint64_t uptime_ms) {
  struct moment now = moment(harness, uptime_ms);
  return lock_tick(&harness->lock, &now);
}

uint64_t harness_due(const struct harness *harness) {
  return lock_due_ms(&harness->lock);
}

long harness_report(const struct harness *harness, uint64_t uptime_ms,
                    char *out, size_t size) {
  struct report report;
  struct moment now = moment(harness, uptime_ms);
  size_t length = 0;
  int status;
  report_collect(&harness->lock, &harness->context, &now, &report);
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
