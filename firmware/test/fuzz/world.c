/*! Implements world.h. */
#include "world.h"

#include <string.h>

#include "require.h"
#include "status.h"

/* Power for one step; 0 if none is left. */
static int step(struct world_flash *flash) {
  if (flash->power == 0) return 0;
  if (flash->power > 0) flash->power--;
  return 1;
}

static int flash_read(void *context, unsigned slot, void *data, size_t length) {
  struct world_flash *flash = context;
  REQUIRE(slot < 2 && length <= WORLD_SLOT_BYTES,
          "flash is used within bounds");
  if (flash->power == 0) return CORE_EIO;
  if (!flash->sound && (flash->reads_fail >> slot & 1)) return CORE_EIO;
  memcpy(data, flash->slots[slot], length);
  return CORE_OK;
}

static int flash_write(void *context, unsigned slot, const void *data,
                       size_t length) {
  struct world_flash *flash = context;
  int fails = flash->sound ? 0 : flash->writes_fail;
  size_t i;
  REQUIRE(slot < 2 && length <= WORLD_SLOT_BYTES,
          "flash is used within bounds");
  if (fails == 1) return CORE_EIO;
  if (fails == 3) return CORE_OK;
  for (i = 0; i < length; i++) {
    if (fails == 2 && i >= flash->part) return CORE_EIO;
    if (!step(flash)) return CORE_EIO;
    REQUIRE(flash->slots[slot][i] == 0xff, "only erased flash is written");
    flash->torn_slot = (int) slot;
    flash->slots[slot][i] = ((const uint8_t *) data)[i];
    if (fails == 2) flash->part_slot = (int) slot;
  }
  flash->torn_slot = -1;
  return fails == 2 ? CORE_EIO : CORE_OK;
}

static int flash_erase(void *context, unsigned slot) {
  struct world_flash *flash = context;
  size_t i;
  REQUIRE(slot < 2, "flash is used within bounds");
  /* For a partial write, the erase before it works and the one after fails. */
  if (!flash->sound && flash->writes_fail == 2 &&
      flash->part_slot == (int) slot) {
    flash->part_slot = -1;
    return CORE_EIO;
  }
  for (i = 0; i < WORLD_SLOT_BYTES; i++) {
    if (!step(flash)) return CORE_EIO;
    flash->torn_slot = (int) slot;
    flash->slots[slot][i] = 0xff;
  }
  flash->torn_slot = -1;
  return CORE_OK;
}

void world_start(struct world *world) {
  memset(world, 0, sizeof(*world));
  memset(world->flash.slots, 0xff, sizeof(world->flash.slots));
  world->flash.power = world->flash.torn_slot = world->flash.part_slot = -1;
  world->flash.flash.read = flash_read;
  world->flash.flash.write = flash_write;
  world->flash.flash.erase = flash_erase;
  world->flash.flash.context = &world->flash;
}

static uint64_t number(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  while (bytes > 0) value = value << 8 | at[--bytes];
  return value;
}

/* CRC-32 by half bytes, from its table. */
static uint32_t crc32_by_table(const uint8_t *data, size_t length) {
  static const uint32_t table[16] = {
      0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
      0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
      0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
  uint32_t crc = 0xffffffff;
  size_t i;
  for (i = 0; i < length; i++) {
    crc = table[(crc ^ data[i]) & 15] ^ crc >> 4;
    crc = table[(crc ^ (uint32_t) data[i] >> 4) & 15] ^ crc >> 4;
  }
  return ~crc;
}

struct world_record world_read(const struct world_flash *flash, int slot) {
  const uint8_t *at = flash->slots[slot];
  struct world_record record;
  memset(&record, 0, sizeof(record));
  if (memcmp(at, "LJN1", 4) != 0 || number(at + 8, 4) != 60) return record;
  if (number(at + 72, 4) != crc32_by_table(at, 72)) return record;
  record.generation = (uint32_t) number(at + 4, 4);
  record.version = number(at + 12, 8);
  record.action = at[20];
  record.result = at[21];
  record.after_loss = at[22];
  memcpy(record.id, at + 24, COMMAND_ID_TAKEN_CHARS_MAX);
  return record;
}

struct world_record world_newest(const struct world_flash *flash) {
  struct world_record a = world_read(flash, 0), b = world_read(flash, 1);
  return b.generation > a.generation ? b : a;
}

/* Largest error of `ms` of uptime: 100 ppm, rounded up. */
static int64_t drift(int64_t ms) { return ms / 10000 + (ms % 10000 != 0); }

static int64_t earliest(const struct world_sample *s, int64_t uptime_ms) {
  int64_t since_ms = uptime_ms - s->received_ms;
  return s->second_ms + since_ms - drift(since_ms);
}

static int64_t latest(const struct world_sample *s, int64_t uptime_ms) {
  int64_t since_ms = uptime_ms - s->sent_ms;
  return s->second_ms + 1000 + since_ms + drift(since_ms);
}

static int is_usable(const struct world_sample *s, int64_t uptime_ms) {
  return s->second_ms != 0 && uptime_ms - s->received_ms <= WORLD_DAY_MS / 2;
}

void world_take_answer(struct world *world, uint64_t second, uint64_t sent_ms) {
  struct world_sample *kept = &world->sample, sample;
  int64_t uptime_ms = (int64_t) world->now.uptime_ms;
  sample.second_ms = (int64_t) second * 1000;
  sample.sent_ms = (int64_t) sent_ms;
  sample.received_ms = uptime_ms;
  if (uptime_ms - sample.sent_ms > 10000) return;
  if (!is_usable(kept, uptime_ms) ||
      latest(&sample, uptime_ms) - earliest(&sample, uptime_ms) <
          latest(kept, uptime_ms) - earliest(kept, uptime_ms)) {
    *kept = sample;
  }
}

void world_read_clock(struct world *world) {
  const struct world_sample *sample = &world->sample;
  struct moment *now = &world->now;
  int64_t uptime_ms = (int64_t) now->uptime_ms;
  clock_read(&world->clock, now->uptime_ms, now);
  if (!is_usable(sample, uptime_ms)) {
    REQUIRE(!moment_has_time(now) && now->earliest_ms == 0,
            "no time without a sample of the last 12 hours (D3)");
    return;
  }
  REQUIRE((int64_t) now->earliest_ms == earliest(sample, uptime_ms) &&
              (int64_t) now->latest_ms == latest(sample, uptime_ms),
          "the bounds are those of the narrowest sample (D3)");
  REQUIRE((int64_t) now->earliest_ms * 1000000 <= world->true_ns &&
              world->true_ns <= (int64_t) now->latest_ms * 1000000,
          "the true time lies between the bounds (D3)");
}

int world_is_new(const struct world *world, const struct command *c) {
  int64_t uptime_ms = (int64_t) world->now.uptime_ms;
  if (!is_usable(&world->sample, uptime_ms)) return 0;
  return (int64_t) c->issued_s * 1000 - WORLD_TOLERANCE_MS >
         latest(&world->sample, uptime_ms) - uptime_ms + drift(uptime_ms);
}

uint64_t world_due_ms(const struct world *world) {
  const struct lock_settings *settings = &world->settings;
  uint64_t from_ms = world->moved_ms, due_ms;
  if (!world->relocks) return 0;
  if (settings->pulse_ms != 0) return from_ms + settings->pulse_ms;
  if (world->door == DOOR_OPEN) return 0;
  if (world->door == DOOR_NO_SENSOR) return from_ms + settings->relock_ms;
  if (settings->relock_from == RELOCK_FROM_CLOSING &&
      world->closed_ms > from_ms) {
    from_ms = world->closed_ms;
  }
  due_ms = from_ms + settings->relock_ms;
  return due_ms < world->closed_ms + settings->settle_ms
             ? world->closed_ms + settings->settle_ms
             : due_ms;
}

/* S1, S2, D1, D3: a command opens the latch. */
static void require_right_to_open(struct world *world) {
  const struct command *c = world->acting;
  struct world_record newest = world_newest(&world->flash);
  int64_t latest_ms = latest(&world->sample, (int64_t) world->now.uptime_ms);
  REQUIRE(c->action == ACTION_UNLOCK, "only an unlock opens");
  REQUIRE(world->trusted, "no unlock without a journal (D1)");
  REQUIRE(newest.version == c->version && newest.action == ACTION_UNLOCK &&
              newest.result == RESULT_EXECUTED && strcmp(newest.id, c->id) == 0,
          "the journal is in flash before the latch moves (D1)");
  REQUIRE(is_usable(&world->sample, (int64_t) world->now.uptime_ms),
          "no unlock without a clock (D3)");
  REQUIRE(latest_ms >= (int64_t) c->issued_s * 1000 - WORLD_TOLERANCE_MS,
          "no unlock from the future (D3)");
  REQUIRE(latest_ms <= (int64_t) c->expires_s * 1000,
          "no unlock that may have expired (D3)");
  REQUIRE(world->true_ns <= (int64_t) c->expires_s * 1000000000,
          "no unlock after its expiry, by the true time (S1)");
  REQUIRE(c->version > world->performed,
          "no unlock after a newer lock without a journal (S1)");
  REQUIRE(c->version > world->top, "no unlock after a newer command (S1)");
  REQUIRE(++world->opened[c - world->issued] == 1,
          "a press acts at most once (S2)");
}

void world_move(void *context, enum latch latch) {
  struct world *world = context;
  if (!step(&world->flash)) return;
  switch (world->phase) {
    case PHASE_NOTHING:
      REQUIRE(0, "nothing else moves the latch (D4)");
      break;
    case PHASE_BOOT:
      REQUIRE(latch == world->settings.power_on,
              "power-on moves to the declared state (S6)");
      break;
    case PHASE_COMMAND:
      if (latch == LATCH_UNLOCKED) require_right_to_open(world);
      break;
    case PHASE_TIME:
      REQUIRE(latch == LATCH_LOCKED, "time never opens (D5)");
      break;
    case PHASE_EXIT:
      REQUIRE(latch == LATCH_UNLOCKED, "an exit never locks (D9)");
      break;
  }
  world->latch = latch;
  world->moves++;
  world->moved_ms = world->now.uptime_ms;
  world->relocks = latch == LATCH_UNLOCKED && (world->settings.pulse_ms != 0 ||
                                               world->settings.relock_ms != 0);
}
