/*! Fuzzes the whole lock: any sequence of boots, commands (new, late, repeated,
 * older, of a version that is taken), malformed text, clocks, time, doors, power
 * cuts, torn, erased and failing flash, and reports. After every step the lock
 * must be as the rules say (PROTOCOL D1 to D6, S1, S2, S3, S6).
 *
 * Exempt are known losses of the journal, and nothing else:
 * - the gap of PROTOCOL section 7: flash lost, an older lock, and then an unlock
 *   that was forgotten (world.c; counted, and told in the closing line). Flash
 *   that could not be read at power-on is lost in this sense until a command has
 *   been written; power may be cut in that very writing.
 * - a lock that could not be journalled is forgotten by a power cut (D1: flash
 *   that cannot be written holds nothing). */
#include <string.h>

#include "courier.h"
#include "judge.h"
#include "require.h"
#include "status.h"
#include "world.h"

#define EPOCH_MS UINT64_C(1763779520000)

/* What comes next of the input, zeros behind its end. */
struct input {
  const uint8_t *at, *end;
};

static struct world s_world;

static unsigned take(struct input *in) {
  return in->at < in->end ? *in->at++ : 0;
}

static unsigned take_two(struct input *in) {
  unsigned high = take(in);
  return high << 8 | take(in);
}

static void set_wall(void) {
  s_world.now.wall_ms =
      (uint64_t) ((int64_t) s_world.true_ms + s_world.skew_ms);
}

static void boot(void) {
  struct latch_port port = {world_move, &s_world};
  struct world_record found = world_newest(&s_world.flash);
  int status, moves;
  s_world.flash.power = -1;
  s_world.now.uptime_ms = 0;
  s_world.now.synced = 0;
  s_world.now.synced_at_ms = 0;
  s_world.phase = PHASE_BOOT;
  moves = s_world.moves;
  status = lock_boot(&s_world.lock, &s_world.settings, &port,
                     &s_world.flash.flash, &s_world.now);
  s_world.phase = PHASE_NOTHING;
  REQUIRE(s_world.moves == moves + 1 &&
              s_world.latch == s_world.settings.power_on,
          "after power-on the latch is in its declared state (S6)");
  require_journal_kept(&s_world, &found);
  s_world.trusted = found.generation != 0 && s_world.flash.reads_fail == 0;
  REQUIRE(status == (s_world.flash.reads_fail ? CORE_EIO
                     : s_world.trusted        ? CORE_OK
                                              : CORE_EBLANK),
          "the journal's state is told");
  if (s_world.flash.reads_fail & 1) found = world_read(&s_world.flash, 1);
  if (s_world.flash.reads_fail & 2) found = world_read(&s_world.flash, 0);
  if (s_world.flash.reads_fail == 3) memset(&found, 0, sizeof(found));
  s_world.unsure |= s_world.flash.reads_fail != 0;
  if (s_world.flash.reads_fail == 0) {
    s_world.kept = found;
    s_world.maybe_count = 0;
    s_world.unsure = 0;
  }
  s_world.entry = found;
  if (found.version > s_world.top) s_world.top = found.version;
  if (!s_world.trusted || found.version < s_world.top) {
    s_world.gap_top = s_world.top;
  }
  s_world.performed = 0;
  s_world.refusal = REFUSAL_NONE;
  s_world.source = SOURCE_BOOT;
  s_world.door = DOOR_NO_SENSOR;
  courier_boot();
}

/* Power fails: what was being written is torn in any way, the rest is whole. */
static void cut(struct input *in) {
  unsigned at = take(in) % WORLD_SLOT_BYTES, garbage = take(in);
  if (s_world.flash.torn_slot >= 0 && (garbage & 1)) {
    uint8_t *slot = s_world.flash.slots[s_world.flash.torn_slot];
    for (; at < WORLD_SLOT_BYTES; at++) slot[at] = (uint8_t) (garbage + at);
  }
  boot();
}

/* ---- Commands ---- */

/* Delivers as text, as the broker does. */
static void deliver(const struct command *c) {
  struct command parsed;
  struct expected e;
  enum outcome outcome;
  enum latch before = s_world.latch;
  int moves = s_world.moves, length;
  char text[256];
  length = snprintf(
      text, sizeof(text),
      "{\"v\":1,\"action\":\"%s\",\"version\":%llu,\"commandId\":\"%s\","
      "\"issuedAt\":%llu,\"expiresAt\":%llu}",
      c->action == ACTION_LOCK ? "lock" : "unlock",
      (unsigned long long) c->version, c->id, (unsigned long long) c->issued_s,
      (unsigned long long) c->expires_s);
  REQUIRE(command_parse(text, (size_t) length, &parsed) == CORE_OK,
          "a command is one");
  e = judge(&s_world, &parsed);
  if (!s_world.trusted && c->action == ACTION_LOCK && e.writes &&
      s_world.top > 0) {
    s_world.gap_open = c->version <= s_world.gap_top || s_world.unsure;
  }
  s_world.acting = c;
  s_world.phase = PHASE_COMMAND;
  outcome = lock_command(&s_world.lock, &parsed, &s_world.now);
  s_world.phase = PHASE_NOTHING;
  require_outcome(&s_world, &parsed, &e, outcome, moves, before);
  if (e.writes) {
    courier_changed();
  } else {
    courier_mention();
  }
}

static void issue(struct input *in) {
  struct command *c;
  unsigned how = take(in);
  if (s_world.issued_count == WORLD_COMMANDS_MAX) return;
  c = &s_world.issued[s_world.issued_count];
  memset(c, 0, sizeof(*c));
  c->version = s_world.first_version + (uint64_t) s_world.issued_count++;
  c->action = how & 1 ? ACTION_UNLOCK : ACTION_LOCK;
  /* Now and then from a cloud whose clock is not that of the world. */
  c->issued_s = s_world.true_ms / 1000;
  if ((how & 6) == 6) c->issued_s += how >> 3;
  if (how & 1) c->expires_s = c->issued_s + 30;
  (void) snprintf(c->id, sizeof(c->id), "c-%d", s_world.issued_count);
  deliver(c);
}

static void deliver_some(struct input *in, int conflict) {
  unsigned which = take(in);
  struct command other;
  if (s_world.issued_count == 0) return;
  /* Counted from the newest, which is what a network mostly repeats. */
  which = (unsigned) s_world.issued_count - 1 -
          which % (unsigned) s_world.issued_count;
  if (!conflict) {
    deliver(&s_world.issued[which]);
    return;
  }
  /* Another command of a version that is in the journal is refused. */
  other = s_world.issued[which];
  if (!s_world.trusted || other.version != s_world.entry.version) return;
  strcpy(other.id, "other");
  other.action = ACTION_UNLOCK;
  other.expires_s = other.issued_s + 30;
  deliver(&other);
}

static void malformed(struct input *in) {
  struct command command;
  char text[] = "{\"v\":1,\"action\":\"unlock\",\"version\":9,\"commandId\":"
                "\"c\",\"issuedAt\":1,\"expiresAt\":2}";
  REQUIRE(command_parse(text, take(in) % (sizeof(text) - 1), &command) < 0,
          "a command cut short is none (D6)");
  lock_malformed(&s_world.lock);
  s_world.refusal = REFUSAL_MALFORMED;
  courier_mention();
}

/* ---- Time ---- */

/* D5, by what time it is. */
static void let_time_act(int by_door, enum door door) {
  int moves = s_world.moves, moved, due;
  int door_moved = by_door && s_world.door != door;
  if (by_door) s_world.door = door;
  due = s_world.due_ms != 0 && s_world.now.uptime_ms >= s_world.due_ms &&
        (s_world.settings.pulse_ms != 0 || s_world.door != DOOR_OPEN);
  s_world.phase = PHASE_TIME;
  moved = by_door ? lock_door(&s_world.lock, door, &s_world.now)
                  : lock_tick(&s_world.lock, &s_world.now);
  s_world.phase = PHASE_NOTHING;
  REQUIRE(moved == due && s_world.moves - moves == due,
          "it relocks when it is due, and only then (D5)");
  if (door_moved) courier_door();
  if (!moved) return;
  s_world.source = SOURCE_AUTO;
  courier_changed();
}

static void pass(struct input *in) {
  static const uint64_t units_ms[] = {1, 40, 1000, 200000};
  unsigned how = take(in);
  uint64_t ms = (how >> 2) * units_ms[how & 3];
  s_world.now.uptime_ms += ms;
  s_world.true_ms += ms;
  set_wall();
  let_time_act(0, DOOR_NO_SENSOR);
}

static void sync_clock(struct input *in) {
  s_world.skew_ms = (int) (take(in) * 4000 / 255) - WORLD_TOLERANCE_MS;
  s_world.now.synced = 1;
  s_world.now.synced_at_ms = s_world.now.uptime_ms;
  set_wall();
}

static void skew_or_lose_clock(struct input *in, int skews) {
  if (!skews) {
    s_world.now.synced = 0;
    return;
  }
  /* Far beyond what is tolerated, both ways: up to nine hours. */
  s_world.skew_ms = ((int) take_two(in) - 32768) * 1000;
  set_wall();
}

/* ---- Reports ---- */

static void connect(int connected) {
  int moves = s_world.moves;
  courier_connect(connected);
  REQUIRE(s_world.moves == moves, "no movement on reconnect (D4)");
}

/* What the lock says of itself is what is so. */
static void require_truth(void) {
  static const struct report_context context = {1, 1, -61, "1.0.0"};
  struct report report;
  report_collect(&s_world.lock, &context, &s_world.now, &report);
  REQUIRE(report.latch == s_world.latch, "the latch is reported");
  REQUIRE(report.source == s_world.source, "its source is reported");
  REQUIRE(report.door == s_world.door, "the door is reported");
  REQUIRE(report.version == s_world.entry.version &&
              (int) report.result == s_world.entry.result &&
              strcmp(report.command_id, s_world.entry.id) == 0,
          "the journal's entry is reported");
  REQUIRE(report.refusal == s_world.refusal, "the refusal is reported");
  REQUIRE(report.clock_is_good == world_clock_is_good(&s_world),
          "the clock is reported (D3)");
  REQUIRE(lock_due_ms(&s_world.lock) == s_world.due_ms,
          "the relock is due when it should be (D5)");
}

static void erase(void) {
  memset(s_world.flash.slots, 0xff, sizeof(s_world.flash.slots));
  memset(&s_world.kept, 0, sizeof(s_world.kept));
  s_world.maybe_count = 0;
}

/* A command, new or not, in which power may fail. */
static void deliver_cut(struct input *in, int is_new) {
  s_world.flash.power = (long) take_two(in) % 300;
  s_world.flash.torn_slot = -1;
  if (is_new) {
    issue(in);
  } else {
    deliver_some(in, 0);
  }
  if (s_world.flash.power == 0) cut(in);
  s_world.flash.power = -1;
}

static void take_step(struct input *in) {
  unsigned what = take(in);
  switch (what % 20) {
    case 0:
    case 1:
    case 2:
      issue(in);
      break;
    case 3:
    case 4:
      deliver_some(in, 0);
      break;
    case 5:
      deliver_some(in, 1);
      break;
    case 6:
      malformed(in);
      break;
    case 7:
      boot();
      break;
    case 8:
      deliver_cut(in, what & 0x80);
      break;
    case 9:
    case 10:
      sync_clock(in);
      break;
    case 11:
      skew_or_lose_clock(in, what & 0x80);
      break;
    case 12:
    case 13:
      pass(in);
      break;
    case 14:
      let_time_act(1, (enum door) (take(in) % 3));
      break;
    case 15:
      erase();
      break;
    case 16:
      s_world.flash.writes_fail = (int) take(in) % 4;
      s_world.flash.part = take(in) % 100;
      break;
    case 17:
      s_world.flash.reads_fail = (int) take(in) % 4;
      break;
    case 18:
      connect(what >= 128);
      break;
    default:
      courier_poll(&s_world);
      courier_answer(&s_world, take(in));
      break;
  }
}

static void tell_gaps(void) {
  (void) fprintf(stderr, "known gap (PROTOCOL section 7) met %lu times\n",
                 world_gaps);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void) argc;
  (void) argv;
  return atexit(tell_gaps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint32_t relocks_ms[] = {0, 5000, 60000, 3600000};
  struct input in = {data, data + size};
  unsigned how;
  if (size > 1000) return 0;
  world_start(&s_world);
  courier_start();
  how = take(&in);
  s_world.settings.power_on = (enum latch) (how & 1);
  s_world.settings.relock_ms = relocks_ms[how >> 1 & 3];
  s_world.settings.pulse_ms = how >> 3 & 1 ? 700 : 0;
  s_world.settings.clock_tolerance_ms = WORLD_TOLERANCE_MS;
  s_world.first_version = how >> 4 & 1 ? 1 : (UINT64_C(1) << 53) - 49;
  s_world.true_ms = EPOCH_MS;
  set_wall();
  boot();
  while (in.at < in.end) {
    take_step(&in);
    require_truth();
  }
  return 0;
}
