/*! Tests of core/slot.h, core/journal.h and core/counter.h: power cut after
 * every byte, damaged and unreadable flash (D1). */
#include <string.h>

#include "check.h"
#include "counter.h"
#include "flash_sim.h"
#include "journal.h"
#include "status.h"

static struct journal_entry entry(uint64_t version, enum action action) {
  struct journal_entry e;
  memset(&e, 0, sizeof(e));
  e.version = version;
  e.action = action;
  e.result = RESULT_EXECUTED;
  strcpy(e.command_id, "c-");
  e.command_id[2] = (char) ('a' + version % 26);
  return e;
}

static int holds(struct flash_sim *sim, uint64_t version) {
  struct journal journal;
  struct journal_entry expected = entry(version, ACTION_LOCK);
  return journal_load(&journal, &sim->flash) == CORE_OK &&
         journal.entry.version == version &&
         strcmp(journal.entry.command_id, expected.command_id) == 0;
}

static void save(struct flash_sim *sim, uint64_t version) {
  struct journal journal;
  struct journal_entry e = entry(version, ACTION_LOCK);
  (void) journal_load(&journal, &sim->flash);
  CHECK("save", journal_write(&journal, &e) == CORE_OK);
}

static void a_blank_journal_is_recognised_and_a_written_one_read_back(void) {
  struct flash_sim sim;
  struct journal journal;
  uint64_t version;
  flash_sim_start(&sim);
  CHECK("blank", journal_load(&journal, &sim.flash) == CORE_EBLANK);
  CHECK("blank", !journal.trusted && journal.entry.version == 0);
  for (version = 1; version < 20; version++) {
    save(&sim, version);
    CHECK("read back", holds(&sim, version));
  }
}

static void a_power_cut_after_any_byte_leaves_the_old_entry_or_the_new(void) {
  long cut, whole;
  unsigned parity;
  for (parity = 0; parity < 2; parity++) {
    struct flash_sim before, sim;
    flash_sim_start(&before);
    save(&before, 5);
    if (parity) save(&before, 6);
    sim = before;
    sim.flash.context = &sim;
    sim.steps = 0;
    save(&sim, 9);
    whole = sim.steps;
    CHECK("a save takes steps", whole > 100);
    for (cut = 0; cut < whole; cut++) {
      struct journal journal;
      struct journal_entry e = entry(9, ACTION_LOCK);
      int status;
      sim = before;
      sim.flash.context = &sim;
      (void) journal_load(&journal, &sim.flash);
      sim.steps_left = cut;
      status = journal_write(&journal, &e);
      flash_sim_power(&sim);
      CHECK("a cut save fails", status == CORE_EIO);
      CHECK("old or new", holds(&sim, parity ? 6 : 5) || holds(&sim, 9));
      save(&sim, 10);
      CHECK("still works", holds(&sim, 10));
    }
  }
}

static void a_failed_save_keeps_the_old_entry_and_leaves_nothing_behind(void) {
  struct flash_sim sim;
  struct journal journal;
  struct journal_entry e = entry(7, ACTION_UNLOCK);
  int kind;
  for (kind = 0; kind < 3; kind++) {
    flash_sim_start(&sim);
    save(&sim, 5);
    save(&sim, 6);
    (void) journal_load(&journal, &sim.flash);
    /* Written, but it cannot be read back: the entry must not appear later. */
    if (kind == 2) sim.reads_fail_slot = 0;
    sim.writes_fail = kind == 0;
    sim.drops_writes = kind == 1;
    CHECK("fails", journal_write(&journal, &e) == CORE_EIO);
    CHECK("in memory", journal.entry.version == 6);
    sim.writes_fail = sim.drops_writes = 0;
    sim.reads_fail_slot = -1;
    CHECK("in flash", holds(&sim, 6));
    CHECK("works again", journal_write(&journal, &e) == CORE_OK);
  }
}

static void one_damaged_bit_anywhere_is_detected(void) {
  struct flash_sim sim, damaged;
  struct journal journal;
  size_t bit;
  flash_sim_start(&sim);
  save(&sim, 5);
  for (bit = 0; bit < SLOT_BYTES_MAX * 8; bit++) {
    damaged = sim;
    damaged.flash.context = &damaged;
    damaged.slots[0][bit / 8] ^= (uint8_t) (1u << (bit % 8));
    if (journal_load(&journal, &damaged.flash) == CORE_OK) {
      /* Only bytes after the record may change undetected. */
      CHECK("bit", bit / 8 >= 12 + 12 + COMMAND_ID_TAKEN_CHARS_MAX + 1 + 4);
    }
  }
}

static void an_unreadable_slot_makes_the_journal_untrusted(void) {
  struct flash_sim sim;
  struct journal journal;
  int slot;
  for (slot = 0; slot < 2; slot++) {
    flash_sim_start(&sim);
    save(&sim, 5);
    save(&sim, 6);
    sim.reads_fail_slot = slot;
    CHECK("unreadable", journal_load(&journal, &sim.flash) == CORE_EIO);
    CHECK("untrusted", !journal.trusted);
    CHECK("best known", journal.entry.version == (slot == 0 ? 6u : 5u));
  }
}

/* Flash that could not be read at boot is written and becomes readable later:
 * its old contents must not return as the newest record. */
static void a_record_that_could_not_be_read_never_returns(void) {
  static const struct {
    const char *row;
    int reads_fail_slot, torn_slot;
  } rows[] = {
      {"slot 0 unreadable", 0, -1},
      {"slot 1 unreadable", 1, -1},
      {"slot 0 unreadable, slot 1 torn", 0, 1},
      {"slot 1 unreadable, slot 0 torn", 1, 0},
      {"both unreadable", FLASH_SIM_BOTH, -1},
  };
  struct flash_sim sim;
  struct journal journal;
  struct journal_entry e = entry(20, ACTION_LOCK);
  size_t i;
  int newest;
  for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    for (newest = 0; newest < 2; newest++) {
      flash_sim_start(&sim);
      save(&sim, 5);
      save(&sim, 6);
      if (newest == 0) save(&sim, 7);
      if (rows[i].torn_slot >= 0) sim.slots[rows[i].torn_slot][20] ^= 1;
      sim.reads_fail_slot = rows[i].reads_fail_slot;
      CHECK(rows[i].row, journal_load(&journal, &sim.flash) == CORE_EIO);
      sim.reads_fail_slot = -1;
      CHECK(rows[i].row, journal_write(&journal, &e) == CORE_OK);
      CHECK(rows[i].row, holds(&sim, 20));
      save(&sim, 21);
      CHECK(rows[i].row, holds(&sim, 21));
    }
  }
}

static void records_of_another_kind_are_not_mistaken(void) {
  struct flash_sim sim;
  struct journal journal;
  struct counter counter;
  uint64_t value = 0;
  flash_sim_start(&sim);
  CHECK("blank", counter_load(&counter, &sim.flash, 0x1234) == CORE_EBLANK);
  CHECK("next", counter_next(&counter, 0, &value) == CORE_OK && value == 1);
  CHECK("magic", counter_load(&counter, &sim.flash, 0x1235) == CORE_EBLANK);
  CHECK("journal", journal_load(&journal, &sim.flash) == CORE_EBLANK);
}

static void a_counter_only_grows_whenever_power_fails(void) {
  struct flash_sim sim;
  struct counter counter;
  uint64_t value = 0, last = 0;
  long cut;
  flash_sim_start(&sim);
  for (cut = 0; cut < 400; cut++) {
    flash_sim_power(&sim);
    (void) counter_load(&counter, &sim.flash, 1);
    sim.steps_left = cut;
    if (counter_next(&counter, 0, &value) == CORE_OK) {
      CHECK("grows", value > last);
      last = value;
    }
  }
  CHECK("numbers were issued", last > 100);
}

static void a_lost_counter_starts_above_the_given_limit(void) {
  struct flash_sim sim;
  struct counter counter;
  uint64_t value = 0;
  flash_sim_start(&sim);
  (void) counter_load(&counter, &sim.flash, 1);
  CHECK("first", counter_next(&counter, 1763779512, &value) == CORE_OK);
  CHECK("above", value == 1763779513);
  CHECK("second", counter_next(&counter, 5, &value) == CORE_OK);
  CHECK("grows", value == 1763779514);
}

void slot_tests(void) {
  RUN(a_blank_journal_is_recognised_and_a_written_one_read_back);
  RUN(a_power_cut_after_any_byte_leaves_the_old_entry_or_the_new);
  RUN(a_failed_save_keeps_the_old_entry_and_leaves_nothing_behind);
  RUN(one_damaged_bit_anywhere_is_detected);
  RUN(an_unreadable_slot_makes_the_journal_untrusted);
  RUN(a_record_that_could_not_be_read_never_returns);
  RUN(records_of_another_kind_are_not_mistaken);
  RUN(a_counter_only_grows_whenever_power_fails);
  RUN(a_lost_counter_starts_above_the_given_limit);
}
