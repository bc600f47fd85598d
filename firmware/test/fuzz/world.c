/*! Implements world.h. */
#include "world.h"

#include <string.h>

#include "require.h"
#include "status.h"

unsigned long world_gaps;

/* One step of power; 0 when there is none. */
static int step(struct world_flash *flash) {
  if (flash->power == 0) return 0;
  if (flash->power > 0) flash->power--;
  return 1;
}

static int flash_read(void *context, unsigned slot, void *data, size_t length) {
  struct world_flash *flash = context;
  REQUIRE(slot < 2 && length <= WORLD_SLOT_BYTES, "flash is used within bounds");
  if (flash->power == 0 || (flash->reads_fail >> slot & 1)) return CORE_EIO;
  memcpy(data, flash->slots[slot], length);
  return CORE_OK;
}

static int flash_write(void *context, unsigned slot, const void *data,
                       size_t length) {
  struct world_flash *flash = context;
  size_t i;
  REQUIRE(slot < 2 && length <= WORLD_SLOT_BYTES, "flash is used within bounds");
  if (flash->writes_fail == 1) return CORE_EIO;
  if (flash->writes_fail == 3) return CORE_OK;
  for (i = 0; i < length; i++) {
    if (flash->writes_fail == 2 && i >= flash->part) return CORE_EIO;
    if (!step(flash)) return CORE_EIO;
    REQUIRE(flash->slots[slot][i] == 0xff, "only erased flash is written");
    flash->torn_slot = (int) slot;
    flash->slots[slot][i] = ((const uint8_t *) data)[i];
    if (flash->writes_fail == 2) flash->part_slot = (int) slot;
  }
  flash->torn_slot = -1;
  return flash->writes_fail == 2 ? CORE_EIO : CORE_OK;
}

static int flash_erase(void *context, unsigned slot) {
  struct world_flash *flash = context;
  size_t i;
  REQUIRE(slot < 2, "flash is used within bounds");
  /* Where a part lands, the erase before it works and the one after fails. */
  if (flash->writes_fail == 2 && flash->part_slot == (int) slot) {
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
  memcpy(record.id, at + 24, COMMAND_ID_CHARS_MAX);
  return record;
}

struct world_record world_newest(const struct world_flash *flash) {
  struct world_record a = world_read(flash, 0), b = world_read(flash, 1);
  return b.generation > a.generation ? b : a;
}

int world_clock_is_good(const struct world *world) {
  return world->now.synced &&
         world->now.uptime_ms <=
             world->now.synced_at_ms + UINT64_C(12) * 3600 * 1000;
}

/* S1, S2, D1, D3: a command opens the latch. */
static void require_right_to_open(struct world *world) {
  const struct command *c = world->acting;
  struct world_record newest = world_newest(&world->flash);
  int index = (int) (c - world->issued);
  int64_t wall_ms = (int64_t) world->now.wall_ms;
  REQUIRE(c->action == ACTION_UNLOCK, "only an unlock opens");
  REQUIRE(world->trusted, "no unlock without a journal (D1)");
  REQUIRE(newest.version == c->version && newest.action == ACTION_UNLOCK &&
              newest.result == RESULT_EXECUTED && strcmp(newest.id, c->id) == 0,
          "the journal is in flash before the latch moves (D1)");
  REQUIRE(world_clock_is_good(world), "no unlock without a clock (D3)");
  REQUIRE(wall_ms >= (int64_t) c->issued_s * 1000 - WORLD_TOLERANCE_MS,
          "no unlock from the future (D3)");
  REQUIRE(wall_ms <= (int64_t) c->expires_s * 1000 - WORLD_TOLERANCE_MS,
          "no unlock too near its end (D3)");
  if (world->skew_ms >= -WORLD_TOLERANCE_MS &&
      world->skew_ms <= WORLD_TOLERANCE_MS) {
    REQUIRE(world->true_ms <= c->expires_s * 1000,
            "no unlock after its expiry, by the true time (S1)");
  }
  REQUIRE(c->version > world->performed,
          "no unlock after a newer lock without a journal (S1)");
  /* PROTOCOL section 7, the known gap: the journal was lost, an older lock made
   * it trusted again, and this unlock is one that it forgot. Nothing else is
   * exempt. */
  if (world->gap_open && c->version <= world->gap_top) {
    world_gaps++;
    world->opened[index] = 0;
  } else {
    REQUIRE(c->version > world->top, "no unlock after a newer command (S1)");
  }
  REQUIRE(++world->opened[index] == 1, "a press acts at most once (S2)");
}

void world_move(void *context, enum latch latch) {
  struct world *world = context;
  uint32_t delay_ms = world->settings.pulse_ms != 0 ? world->settings.pulse_ms
                                                    : world->settings.relock_ms;
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
  }
  world->latch = latch;
  world->moves++;
  world->due_ms = latch == LATCH_UNLOCKED && delay_ms != 0
                      ? world->now.uptime_ms + delay_ms
                      : 0;
}
