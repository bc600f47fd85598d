/*! Implements lock.h. */
#include "lock.h"

#include <string.h>

#include "status.h"

CORE_ASSERT(lock_is_small, sizeof(struct lock) <= 320);

static void move(struct lock *lock, enum latch latch, enum source source,
                 const struct moment *now) {
  uint32_t delay_ms = lock->settings.pulse_ms != 0 ? lock->settings.pulse_ms
                                                   : lock->settings.relock_ms;
  lock->port.move(lock->port.context, latch);
  lock->latch = latch;
  lock->source = source;
  lock->relock_at_ms = 0;
  if (latch == LATCH_UNLOCKED && delay_ms != 0) {
    lock->relock_at_ms = now->uptime_ms + delay_ms;
  }
}

static enum outcome refuse(struct lock *lock, enum refusal refusal,
                           const char id[COMMAND_ID_CHARS_MAX + 1]) {
  lock->refusal = refusal;
  lock->refusals++;
  memcpy(lock->refused_id, id, sizeof(lock->refused_id));
  return OUTCOME_REFUSED;
}

/* D1: the journal first. On success the command is this lock's command. */
static int journal(struct lock *lock, const struct command *command,
                   enum result result) {
  struct journal_entry entry;
  int status;
  memset(&entry, 0, sizeof(entry));
  entry.version = command->version;
  entry.action = command->action;
  entry.result = result;
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
  move(lock, settings->power_on, SOURCE_BOOT, now);
  status = journal_load(&lock->journal, flash);
  lock->floor_version = lock->journal.entry.version;
  return status;
}

static enum outcome do_lock(struct lock *lock, const struct command *command,
                            const struct moment *now) {
  int status = journal(lock, command, RESULT_EXECUTED);
  move(lock, LATCH_LOCKED, SOURCE_REMOTE, now);
  if (status != CORE_OK) {
    /* Performed but not journalled: older commands must still not pass it. */
    lock->floor_version = command->version;
    return refuse(lock, REFUSAL_JOURNAL, command->id);
  }
  return OUTCOME_EXECUTED;
}

static enum outcome do_unlock(struct lock *lock, const struct command *command,
                              const struct moment *now) {
  uint64_t tolerance_ms = lock->settings.clock_tolerance_ms;
  uint64_t issued_ms = command->issued_s * 1000;
  uint64_t expires_ms = command->expires_s * 1000;
  if (!lock->journal.trusted) {
    return refuse(lock, REFUSAL_JOURNAL, command->id);
  }
  if (command->version == lock->floor_version) {
    /* That version belongs to a lock that could not be journalled. */
    return refuse(lock, REFUSAL_CONFLICT, command->id);
  }
  if (!lock_clock_is_good(now) || now->wall_ms + tolerance_ms < issued_ms) {
    return refuse(lock, REFUSAL_CLOCK, command->id);
  }
  if (now->wall_ms + tolerance_ms > expires_ms) {
    int status = journal(lock, command, RESULT_EXPIRED);
    move(lock, LATCH_LOCKED, SOURCE_REMOTE, now);
    if (status != CORE_OK) return refuse(lock, REFUSAL_JOURNAL, command->id);
    return OUTCOME_EXPIRED;
  }
  if (journal(lock, command, RESULT_EXECUTED) != CORE_OK) {
    return refuse(lock, REFUSAL_JOURNAL, command->id);
  }
  move(lock, LATCH_UNLOCKED, SOURCE_REMOTE, now);
  return OUTCOME_EXECUTED;
}

enum outcome lock_command(struct lock *lock, const struct command *command,
                          const struct moment *now) {
  const struct journal_entry *entry = &lock->journal.entry;
  if (command->version < lock->floor_version) {
    return refuse(lock, REFUSAL_SUPERSEDED, command->id);
  }
  if (lock->journal.trusted && command->version == entry->version) {
    if (strcmp(command->id, entry->command_id) != 0) {
      return refuse(lock, REFUSAL_CONFLICT, command->id);
    }
    return OUTCOME_REPEATED;
  }
  if (command->action == ACTION_LOCK) return do_lock(lock, command, now);
  return do_unlock(lock, command, now);
}

void lock_malformed(struct lock *lock) {
  static const char no_id[COMMAND_ID_CHARS_MAX + 1] = "";
  (void) refuse(lock, REFUSAL_MALFORMED, no_id);
}

int lock_door(struct lock *lock, enum door door, const struct moment *now) {
  lock->door = door;
  return lock_tick(lock, now);
}

int lock_tick(struct lock *lock, const struct moment *now) {
  if (lock->relock_at_ms == 0 || now->uptime_ms < lock->relock_at_ms) return 0;
  if (lock->settings.pulse_ms == 0 && lock->door == DOOR_OPEN) return 0;
  move(lock, LATCH_LOCKED, SOURCE_AUTO, now);
  return 1;
}

uint64_t lock_due_ms(const struct lock *lock) { return lock->relock_at_ms; }

int lock_clock_is_good(const struct moment *now) {
  return now->synced &&
         now->uptime_ms - now->synced_at_ms <= LOCK_CLOCK_STALE_MS;
}
