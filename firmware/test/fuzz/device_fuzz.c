/*! Fuzzes the whole lock: any sequence of boots, commands (new, late, repeated,
 * older, with a taken or implausible version), malformed text, answers that an
 * attacker delays, uptime that runs fast or slow, doors, exits, power cuts,
 * torn, erased and failing flash, and reports. After every step the lock must
 * obey the rules (PROTOCOL D1 to D6, D9, S1, S2, S3, S6).
 *
 * The world omits what the rules do not promise:
 * - flash that could not be read at power-on works until a command has been
 *   written, which may overwrite the newer record;
 * - if the cloud's clock leads by more than the tolerance, flash does not fail:
 *   the lock judges by the time of issue whether a command preceded the loss of
 *   the journal (D1).
 * A power cut forgets a lock that could not be journalled (D1). */
#include <string.h>

#include "courier.h"
#include "judge.h"
#include "require.h"
#include "status.h"
#include "world.h"

#define EPOCH_NS INT64_C(1763779520000000000)

/* The next input byte, zero after its end. */
struct input {
  const uint8_t *at, *end;
};

static struct world s_world;

/* The cloud's clock runs ahead by up to this, in seconds. */
static unsigned s_ahead_s;

/* Versions are the milliseconds of its clock (C5), or counted from 1. */
static int s_counts_ms;

static unsigned take(struct input *in) {
  return in->at < in->end ? *in->at++ : 0;
}

static unsigned take_two(struct input *in) {
  unsigned high = take(in);
  return high << 8 | take(in);
}

/* What the lock knows after reading its journal. */
static void note_boot(struct world_record found, int reads_fail) {
  s_world.trusted = found.generation != 0 && reads_fail == 0;
  if (reads_fail & 1) found = world_read(&s_world.flash, 1);
  if (reads_fail & 2) found = world_read(&s_world.flash, 0);
  if (reads_fail == 3) memset(&found, 0, sizeof(found));
  s_world.lost = !s_world.trusted || found.after_loss;
  if (reads_fail == 0) {
    s_world.kept = found;
    s_world.maybe_count = 0;
    s_world.unsure = 0;
  }
  s_world.entry = found;
  if (found.version > s_world.top) s_world.top = found.version;
  s_world.performed = 0;
  s_world.refusal = REFUSAL_NONE;
  s_world.source = SOURCE_BOOT;
  s_world.door = DOOR_NO_SENSOR;
  s_world.closed_ms = 0;
  s_world.flash.sound = reads_fail != 0;
  s_world.flash.reads_fail = 0;
}

static void boot(void) {
  struct latch_port port = {world_move, &s_world};
  struct world_record found = world_newest(&s_world.flash);
  int status, moves, reads_fail = s_world.flash.reads_fail;
  s_world.flash.power = -1;
  s_world.flash.sound = 0;
  s_world.now.uptime_ms = 0;
  memset(&s_world.clock, 0, sizeof(s_world.clock));
  memset(&s_world.sample, 0, sizeof(s_world.sample));
  world_read_clock(&s_world);
  s_world.phase = PHASE_BOOT;
  moves = s_world.moves;
  status = lock_boot(&s_world.lock, &s_world.settings, &port,
                     &s_world.flash.flash, &s_world.now);
  s_world.phase = PHASE_NOTHING;
  REQUIRE(
      s_world.moves == moves + 1 && s_world.latch == s_world.settings.power_on,
      "after power-on the latch is in its declared state (S6)");
  require_journal_kept(&s_world, &found);
  note_boot(found, reads_fail);
  REQUIRE(status == (reads_fail        ? CORE_EIO
                     : s_world.trusted ? CORE_OK
                                       : CORE_EBLANK),
          "the journal's state is returned");
  courier_boot();
}

/* Power fails: the record being written is torn, the rest is whole. */
static void cut(struct input *in) {
  unsigned at = take(in) % WORLD_SLOT_BYTES, garbage = take(in);
  if (s_world.flash.torn_slot >= 0 && (garbage & 1)) {
    uint8_t *slot = s_world.flash.slots[s_world.flash.torn_slot];
    for (; at < WORLD_SLOT_BYTES; at++) slot[at] = (uint8_t) (garbage + at);
  }
  boot();
}

/* ---- Commands ---- */

/* Delivers the command as text, like the broker. */
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
          "a command is accepted");
  e = judge(&s_world, &parsed);
  s_world.acting = c;
  s_world.phase = PHASE_COMMAND;
  outcome = lock_handle_command(&s_world.lock, &parsed, &s_world.now);
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
  uint64_t ahead;
  if (s_world.issued_count == WORLD_COMMANDS_MAX) return;
  c = &s_world.issued[s_world.issued_count];
  memset(c, 0, sizeof(*c));
  s_world.opened[s_world.issued_count++] = 0;
  c->action = how & 1 ? ACTION_UNLOCK : ACTION_LOCK;
  c->issued_s = (uint64_t) (s_world.true_ns / 1000000000);
  if ((how & 2) != 0) c->issued_s += (how >> 3) % (s_ahead_s + 1);
  if (how & 1) c->expires_s = c->issued_s + 30;
  c->version = s_world.version + 1;
  if (s_counts_ms && c->version < c->issued_s * 1000) {
    c->version = c->issued_s * 1000;
  }
  /* Occasionally one with a version about a day ahead. If the lock refuses it,
   * the cloud uses a smaller one next. */
  ahead = c->issued_s * 1000 + WORLD_DAY_MS - 2000 + (how >> 5) * 2000u;
  if ((how & 0x1c) == 0x1c && c->version < ahead) c->version = ahead;
  (void) snprintf(c->id, sizeof(c->id), "c-%d", s_world.issued_count);
  deliver(c);
  if (s_world.refusal == REFUSAL_IMPLAUSIBLE) {
    s_world.issued_count--;
  } else {
    s_world.version = c->version;
  }
}

static void deliver_some(struct input *in, int conflict) {
  unsigned which = take(in);
  struct command other;
  if (s_world.issued_count == 0) return;
  /* Counted from the newest, which networks repeat most. */
  which = (unsigned) s_world.issued_count - 1 -
          which % (unsigned) s_world.issued_count;
  if (!conflict) {
    deliver(&s_world.issued[which]);
    return;
  }
  /* Another command with a journalled version is refused. */
  other = s_world.issued[which];
  if (!s_world.trusted || other.version != s_world.entry.version) return;
  strcpy(other.id, "other");
  other.action = ACTION_UNLOCK;
  other.expires_s = other.issued_s + 30;
  deliver(&other);
}

static void malformed(struct input *in) {
  struct command command;
  char text[] =
      "{\"v\":1,\"action\":\"unlock\",\"version\":9,\"commandId\":"
      "\"c\",\"issuedAt\":1,\"expiresAt\":2}";
  REQUIRE(command_parse(text, take(in) % (sizeof(text) - 1), &command) < 0,
          "a truncated command is refused (D6)");
  lock_refuse_malformed(&s_world.lock);
  s_world.refusal = REFUSAL_MALFORMED;
  courier_mention();
}

/* ---- Time ---- */

/* D5. */
static void let_time_act(int by_door, enum door door) {
  int moves = s_world.moves, moved, due;
  int door_moved = by_door && s_world.door != door;
  uint64_t due_ms;
  if (door_moved && door == DOOR_CLOSED) {
    s_world.closed_ms = s_world.now.uptime_ms;
  }
  if (by_door) s_world.door = door;
  due_ms = world_due_ms(&s_world);
  due = due_ms != 0 && s_world.now.uptime_ms >= due_ms;
  s_world.phase = PHASE_TIME;
  moved = by_door ? lock_set_door(&s_world.lock, door, &s_world.now)
                  : lock_tick(&s_world.lock, &s_world.now);
  s_world.phase = PHASE_NOTHING;
  REQUIRE(moved == due && s_world.moves - moves == due,
          "it relocks when it is due, and only then (D5)");
  if (door_moved) courier_door();
  if (!moved) return;
  s_world.source = SOURCE_AUTO;
  courier_changed();
}

static void elapse(uint64_t ms) {
  s_world.now.uptime_ms += ms;
  s_world.true_ns += (int64_t) ms * (1000000 + s_world.rate_ppm);
  world_read_clock(&s_world);
  let_time_act(0, DOOR_NO_SENSOR);
}

static void pass(struct input *in) {
  static const uint64_t units_ms[] = {1, 40, 1000, 200000};
  unsigned how = take(in);
  elapse((how >> 2) * units_ms[how & 3]);
}

/* D9: the exit button. */
static void leave(void) {
  int moves = s_world.moves, moved;
  int opens = s_world.settings.pulse_ms != 0 || s_world.settings.relock_ms != 0;
  s_world.phase = PHASE_EXIT;
  moved = lock_request_exit(&s_world.lock, &s_world.now);
  s_world.phase = PHASE_NOTHING;
  REQUIRE(moved == opens && s_world.moves - moves == opens,
          "an exit unlocks only what will relock (D9)");
  if (!moved) return;
  s_world.source = SOURCE_MANUAL;
  courier_changed();
}

/* ---- Reports ---- */

static void connect(int connected) {
  int moves = s_world.moves;
  courier_connect(connected);
  REQUIRE(s_world.moves == moves, "no movement on reconnect (D4)");
}

/* The report must be true. */
static void require_truth(void) {
  static const struct report_context context = {1, 1, -61, DECLARATION_STATED,
                                                "2.0.0"};
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
  REQUIRE(report.has_time == (s_world.now.latest_ms != 0) &&
              report.uncertainty_ms ==
                  s_world.now.latest_ms - s_world.now.earliest_ms,
          "the clock is reported (D3)");
  REQUIRE(lock_due_ms(&s_world.lock) == world_due_ms(&s_world),
          "the relock is due when it should be (D5)");
}

static void erase(void) {
  if (s_ahead_s > 2) return;
  memset(s_world.flash.slots, 0xff, sizeof(s_world.flash.slots));
  memset(&s_world.kept, 0, sizeof(s_world.kept));
  s_world.maybe_count = 0;
}

/* A command, new or not, during which power may fail. */
static void deliver_cut(struct input *in, int is_new) {
  long power = (long) take_two(in) % 300;
  if (!s_world.flash.sound) s_world.flash.power = power;
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
  switch (what % 22) {
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
      courier_hold(&s_world, take(in));
      break;
    case 10:
      s_world.rate_ppm = (int64_t) (take(in) % 201) - 100;
      break;
    case 11:
      elapse(take(in) % 14 * UINT64_C(3600000));
      break;
    case 12:
    case 13:
      pass(in);
      break;
    case 14:
      let_time_act(1, (enum door)(take(in) % 3));
      break;
    case 15:
      erase();
      break;
    case 16:
      s_world.flash.writes_fail = (int) take(in) % 4;
      s_world.flash.part = take(in) % 100;
      break;
    case 17:
      if (s_ahead_s <= 2) s_world.flash.reads_fail = (int) take(in) % 4;
      break;
    case 18:
      connect(what >= 128);
      break;
    case 19:
      leave();
      break;
    default:
      courier_poll(&s_world);
      courier_answer(&s_world, take(in));
      break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint32_t relocks_ms[] = {0, 5000, 60000, 3600000};
  struct input in = {data, data + size};
  unsigned how;
  if (size > 1000) return 0;
  world_start(&s_world);
  courier_start();
  how = take(&in);
  s_world.settings.power_on = (enum latch)(how & 1);
  s_world.settings.relock_ms = relocks_ms[how >> 1 & 3];
  s_world.settings.pulse_ms = how >> 3 & 1 ? 700 : 0;
  s_world.settings.clock_tolerance_ms = WORLD_TOLERANCE_MS;
  s_world.settings.settle_ms = how >> 4 & 1 ? 1000 : 0;
  s_world.settings.relock_from = (enum relock_from)(how >> 5 & 1);
  s_counts_ms = how >> 6 & 1;
  s_ahead_s = how >> 7 & 1 ? 31 : 2;
  s_world.true_ns = EPOCH_NS + take(&in) * INT64_C(3921568);
  boot();
  while (in.at < in.end) {
    take_step(&in);
    require_truth();
  }
  return 0;
}
