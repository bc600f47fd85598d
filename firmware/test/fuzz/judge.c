/*! Implements judge.h. */
#include "judge.h"

#include <string.h>

#include "require.h"

static int same(const struct world_record *a, const struct world_record *b) {
  return a->version == b->version && a->action == b->action &&
         a->result == b->result && a->after_loss == b->after_loss &&
         strcmp(a->id, b->id) == 0;
}

void require_journal_kept(const struct world *world,
                          const struct world_record *found) {
  int i, known = same(found, &world->kept);
  for (i = 0; i < world->maybe_count; i++) {
    known |= same(found, &world->maybe[i]);
  }
  REQUIRE(known || world->unsure, "the old or the new record is whole (D1)");
}

struct expected judge(const struct world *world, const struct command *c) {
  struct expected refused = {OUTCOME_REFUSED, REFUSAL_NONE, 0, 0, 0,
                             RESULT_NONE};
  struct expected done = {OUTCOME_EXECUTED, REFUSAL_NONE, 1, 0, 0,
                          RESULT_EXECUTED};
  const struct moment *now = &world->now;
  uint64_t floor = world->entry.version > world->performed
                       ? world->entry.version
                       : world->performed;
  if (c->version < floor) {
    refused.refusal = REFUSAL_SUPERSEDED;
    return refused;
  }
  if (world->trusted && c->version == world->entry.version) {
    refused.outcome = OUTCOME_REPEATED;
    if (strcmp(c->id, world->entry.id) != 0) {
      refused.outcome = OUTCOME_REFUSED;
      refused.refusal = REFUSAL_CONFLICT;
    }
    return refused;
  }
  if (now->latest_ms != 0 && c->version > now->latest_ms + WORLD_DAY_MS) {
    refused.refusal = REFUSAL_IMPLAUSIBLE;
    return refused;
  }
  if (c->action == ACTION_LOCK) {
    done.locks = 1;
    return done;
  }
  if (!world->trusted) {
    refused.refusal = REFUSAL_JOURNAL;
  } else if (c->version == floor) {
    refused.refusal = REFUSAL_CONFLICT;
  } else if (now->latest_ms == 0 ||
             now->latest_ms + WORLD_TOLERANCE_MS < c->issued_s * 1000) {
    refused.refusal = REFUSAL_CLOCK;
  } else if (world->lost && !world_is_new(world, c)) {
    refused.refusal = REFUSAL_JOURNAL;
  } else if (now->latest_ms > c->expires_s * 1000) {
    done.outcome = OUTCOME_EXPIRED;
    done.result = RESULT_EXPIRED;
    done.locks = 1;
    return done;
  } else {
    done.opens = 1;
    return done;
  }
  return refused;
}

static struct world_record record_of(const struct world *world,
                                     const struct command *c,
                                     enum result result) {
  struct world_record record;
  memset(&record, 0, sizeof(record));
  record.generation = 1;
  record.version = c->version;
  record.action = c->action;
  record.result = result;
  record.after_loss = world->lost && !world_is_new(world, c);
  strcpy(record.id, c->id);
  return record;
}

/* The command is in the journal. */
static void note_success(struct world *world, const struct command *c,
                         enum result result) {
  REQUIRE(c->version > world->top || (world->lost && c->action == ACTION_LOCK),
          "versions only grow (S3)");
  world->entry = world->kept = record_of(world, c, result);
  world->maybe_count = world->unsure = 0;
  world->flash.sound = 0;
  if (!world->entry.after_loss) world->lost = 0;
  if (c->action == ACTION_LOCK) world->trusted = 1;
  if (c->version > world->top) world->top = c->version;
  world->performed = 0;
  world->refusal = REFUSAL_NONE;
}

static void note_failure(struct world *world, const struct command *c,
                         const struct expected *e) {
  if (world->maybe_count < WORLD_COMMANDS_MAX) {
    world->maybe[world->maybe_count++] = record_of(world, c, e->result);
  } else {
    world->unsure = 1;
  }
  if (c->action == ACTION_LOCK) world->performed = c->version;
  world->refusal = REFUSAL_JOURNAL;
}

void require_outcome(struct world *world, const struct command *c,
                     const struct expected *e, enum outcome outcome, int moves,
                     enum latch before) {
  int failed = e->writes && outcome == OUTCOME_REFUSED;
  int may_fail = world->flash.writes_fail || world->flash.reads_fail ||
                 world->flash.power >= 0;
  int moved = e->locks || (e->opens && !failed);
  REQUIRE(outcome == e->outcome || (failed && may_fail),
          "a command obeys the rules (D1 to D3)");
  if (world->flash.power != 0) {
    REQUIRE(world->moves - moves == moved, "it moves once or not at all");
    REQUIRE(moved || world->latch == before, "a refusal moves nothing");
    REQUIRE(
        !moved || world->latch == (e->opens ? LATCH_UNLOCKED : LATCH_LOCKED),
        "it moves to the right position");
  }
  if (moved) world->source = SOURCE_REMOTE;
  if (failed) {
    note_failure(world, c, e);
  } else if (e->writes) {
    note_success(world, c, e->result);
  } else if (outcome == OUTCOME_REFUSED) {
    world->refusal = e->refusal;
  }
}
