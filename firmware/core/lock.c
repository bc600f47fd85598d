/*! Implements lock.h. */
#include "lock.h"

#include <string.h>

#include "clock.h"
#include "status.h"

CORE_ASSERT(lock_is_small, sizeof(struct lock) <= 320);

static uint32_t relock_delay_ms(const struct lock *lock) {
  return lock->settings.pulse_ms != 0 ? lock->settings.pulse_ms
                                      : lock->settings.relock_ms;
}

static void move_latch(struct lock *lock, enum latch latch, enum source source,
                       const struct moment *now) {
  lock->port.move(lock->port.context, latch);
  lock->latch = latch;
  lock->source = source;
  lock->relocks = latch == LATCH_UNLOCKED && relock_delay_ms(lock) != 0;
  lock->unlocked_ms = now->uptime_ms;
}

static enum outcome refuse(struct lock *lock, enum refusal refusal,
                           const char *id) {
  lock->refusal = refusal;
  lock->refusals++;
  memset(lock->refused_id, 0, sizeof(lock->refused_id));
  memcpy(lock->refused_id, id, strlen(id));
  return OUTCOME_REFUSED;
}

/* Whether a command was certainly issued after this power-on, by a cloud whose
 * clock leads by no more than the tolerance. */
static bool is_issued_since_power_on(const struct lock *lock,
                                     const struct command *command,
                                     const struct moment *now) {
  uint64_t latest_ms = now->latest_ms + clock_drift_ms(now->uptime_ms);
  uint64_t powered_ms =
      latest_ms > now->uptime_ms ? latest_ms - now->uptime_ms : 0;
  return moment_has_time(now) &&
         command->issued_s * 1000 >
             powered_ms + lock->settings.clock_tolerance_ms;
}

/* D1: the journal comes first. `is_new`: the command was certainly issued after
 * this power-on. */
static int write_journal(struct lock *lock, const struct command *command,
                         enum result result, bool is_new) {
  struct journal_entry entry;
  int status;
  memset(&entry, 0, sizeof(entry));
  entry.version = command->version;
  entry.action = command->action;
  entry.result = result;
  entry.after_loss = lock->journal.lost && !is_new;
  memcpy(entry.command_id, command->id, sizeof(entry.command_id));
  status = journal_write(&lock->journal, &entry);
  if (status == CORE_OK) {
    lock->floor_version = command->version;
    lock->refusal = REFUSAL_NONE;
  }
  return status;
}

int lock_boot(struct lock *lock, const struct lock_settings *settings,
              const struct latch_port *port, const struct flash *flash,
              const struct moment *now) {
  int status;
  memset(lock, 0, sizeof(*lock));
  lock->settings = *settings;
  lock->port = *port;
  lock->door = DOOR_NO_SENSOR;
  move_latch(lock, settings->power_on, SOURCE_BOOT, now);
  status = journal_load(&lock->journal, flash);
  lock->floor_version = lock->journal.entry.version;
  return status;
}

static enum outcome do_lock(struct lock *lock, const struct command *command,
                            bool is_new, const struct moment *now) {
  int status = write_journal(lock, command, RESULT_EXECUTED, is_new);
  move_latch(lock, LATCH_LOCKED, SOURCE_REMOTE, now);
  if (status != CORE_OK) {
    /* Executed but not journalled: older commands must still not follow it. */
    lock->floor_version = command->version;
    return refuse(lock, REFUSAL_JOURNAL, command->id);
  }
  return OUTCOME_EXECUTED;
}

static enum outcome do_unlock(struct lock *lock, const struct command *command,
                              bool is_new, const struct moment *now) {
  uint64_t tolerance_ms = lock->settings.clock_tolerance_ms;
  uint64_t issued_ms = command->issued_s * 1000;
  uint64_t expires_ms = command->expires_s * 1000;
  if (!lock->journal.trusted) {
    return refuse(lock, REFUSAL_JOURNAL, command->id);
  }
  if (command->version == lock->floor_version) {
    /* The version of a lock command that could not be journalled. */
    return refuse(lock, REFUSAL_CONFLICT, command->id);
  }
  if (!moment_has_time(now) || now->latest_ms + tolerance_ms < issued_ms) {
    return refuse(lock, REFUSAL_CLOCK, command->id);
  }
  if (lock->journal.lost && !is_new) {
    return refuse(lock, REFUSAL_JOURNAL, command->id);
  }
  if (now->latest_ms > expires_ms) {
    int status = write_journal(lock, command, RESULT_EXPIRED, is_new);
    move_latch(lock, LATCH_LOCKED, SOURCE_REMOTE, now);
    if (status != CORE_OK) return refuse(lock, REFUSAL_JOURNAL, command->id);
    return OUTCOME_EXPIRED;
  }
  if (write_journal(lock, command, RESULT_EXECUTED, is_new) != CORE_OK) {
    return refuse(lock, REFUSAL_JOURNAL, command->id);
  }
  move_latch(lock, LATCH_UNLOCKED, SOURCE_REMOTE, now);
  return OUTCOME_EXECUTED;
}

enum outcome lock_handle_command(struct lock *lock,
                                 const struct command *command,
                                 const struct moment *now) {
  const struct journal_entry *entry = &lock->journal.entry;
  bool is_new;
  if (command->version < lock->floor_version) {
    return refuse(lock, REFUSAL_SUPERSEDED, command->id);
  }
  if (lock->journal.trusted && command->version == entry->version) {
    if (strcmp(command->id, entry->command_id) != 0) {
      return refuse(lock, REFUSAL_CONFLICT, command->id);
    }
    return OUTCOME_REPEATED;
  }
  if (moment_has_time(now) &&
      command->version > now->latest_ms + LOCK_VERSION_AHEAD_MS) {
    return refuse(lock, REFUSAL_IMPLAUSIBLE, command->id);
  }
  is_new = is_issued_since_power_on(lock, command, now);
  return command->action == ACTION_LOCK ? do_lock(lock, command, is_new, now)
                                        : do_unlock(lock, command, is_new, now);
}

void lock_refuse_malformed(struct lock *lock) {
  (void) refuse(lock, REFUSAL_MALFORMED, "");
}

bool lock_set_door(struct lock *lock, enum door door,
                   const struct moment *now) {
  if (door == DOOR_CLOSED && lock->door != DOOR_CLOSED) {
    lock->closed_ms = now->uptime_ms;
  }
  lock->door = door;
  return lock_tick(lock, now);
}

bool lock_request_exit(struct lock *lock, const struct moment *now) {
  if (relock_delay_ms(lock) == 0) return false;
  move_latch(lock, LATCH_UNLOCKED, SOURCE_MANUAL, now);
  return true;
}

uint64_t lock_due_ms(const struct lock *lock) {
  uint64_t due_ms = lock->unlocked_ms + relock_delay_ms(lock);
  uint64_t settled_ms = lock->closed_ms + lock->settings.settle_ms;
  if (!lock->relocks) return 0;
  if (lock->settings.pulse_ms != 0 || lock->door == DOOR_NO_SENSOR) {
    return due_ms;
  }
  if (lock->door == DOOR_OPEN) return 0;
  if (lock->settings.relock_from == RELOCK_FROM_CLOSING &&
      lock->closed_ms > lock->unlocked_ms) {
    due_ms = lock->closed_ms + relock_delay_ms(lock);
  }
  return due_ms > settled_ms ? due_ms : settled_ms;
}

bool lock_tick(struct lock *lock, const struct moment *now) {
  uint64_t due_ms = lock_due_ms(lock);
  if (due_ms == 0 || now->uptime_ms < due_ms) return false;
  move_latch(lock, LATCH_LOCKED, SOURCE_AUTO, now);
  return true;
}
