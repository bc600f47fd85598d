/*! Tests of core/declaration.h: which declaration is in force, and that the
 * kept one survives flash failures (D8). */
#include "declaration.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "flash_sim.h"
#include "status.h"
#include "vectors_types.h"

enum { NO_ROLE = 0, LOCK_ROLE = 1, BUTTON_ROLE = 2 };

static struct declaration declaration_of(uint8_t role, uint8_t has_file,
                                         uint32_t relock_ms) {
  struct declaration declaration;
  memset(&declaration, 0, sizeof(declaration));
  declaration.role = role;
  declaration.has_file = has_file;
  declaration.unlocked_level = 1;
  declaration.relay_pin = 4;
  declaration.door_pin = declaration.exit_pin = declaration.bolt_pin = -1;
  declaration.debounce_ms = 50;
  declaration.relock_ms = relock_ms;
  return declaration;
}

/* A column for what the settings state: the kept role (a lock if nothing is
 * kept) or another one, complete; the same two incomplete; or no role. S: as
 * stated, K: as kept, -: neither. */
static void a_file_wins_only_if_it_is_whole_and_complete(void) {
  static const struct {
    const char *row;
    enum declaration_file file;
    uint8_t kept_role, kept_has_file;
    const char *columns;
  } rows[] = {
      {"a new board without a file", FILE_ABSENT, NO_ROLE, 0, "SS---"},
      {"a new board", FILE_WHOLE, NO_ROLE, 0, "SS---"},
      {"a new board, file damaged", FILE_DAMAGED, NO_ROLE, 0, "-----"},
      {"never had a file", FILE_ABSENT, LOCK_ROLE, 0, "SSKKK"},
      {"a first file", FILE_WHOLE, LOCK_ROLE, 0, "SSK-K"},
      {"a first file, damaged", FILE_DAMAGED, LOCK_ROLE, 0, "KKKKK"},
      {"the file is gone", FILE_ABSENT, LOCK_ROLE, 1, "KKKKK"},
      {"the file is there", FILE_WHOLE, LOCK_ROLE, 1, "SSK-K"},
      {"the file is damaged", FILE_DAMAGED, LOCK_ROLE, 1, "KKKKK"},
  };
  static const struct {
    uint8_t role;
    int is_stated;
  } columns[] = {{LOCK_ROLE, 1},
                 {BUTTON_ROLE, 1},
                 {LOCK_ROLE, 0},
                 {BUTTON_ROLE, 0},
                 {NO_ROLE, 0}};
  size_t i, j;
  for (i = 0; i < COUNT_OF(rows); i++) {
    for (j = 0; j < COUNT_OF(columns); j++) {
      struct declaration stated = declaration_of(columns[j].role, 0, 5000);
      struct declaration_store store;
      enum declaration_source source;
      char row[80];
      memset(&store, 0, sizeof(store));
      if (rows[i].kept_role != NO_ROLE) {
        store.kept =
            declaration_of(rows[i].kept_role, rows[i].kept_has_file, 0);
      }
      (void) snprintf(row, sizeof(row), "%s, column %u", rows[i].row,
                      (unsigned) j + 1);
      source = declaration_choose(&store, &stated, columns[j].is_stated,
                                  rows[i].file);
      CHECK(row, "-SK"[source] == rows[i].columns[j]);
    }
  }
}

static int same(const struct declaration *a, const struct declaration *b) {
  return memcmp(a, b, sizeof(*a)) == 0;
}

static int load(struct declaration_store *store, struct flash_sim *sim) {
  flash_sim_power(sim);
  return declaration_load(store, &sim->flash);
}

static void a_new_board_has_kept_nothing(void) {
  static const struct declaration nothing;
  struct flash_sim sim;
  struct declaration_store store;
  flash_sim_start(&sim);
  CHECK("blank", load(&store, &sim) == CORE_EBLANK);
  CHECK("nothing", same(&store.kept, &nothing));
  CHECK("not written", sim.steps == 0);
}

/* A change in any byte is kept, and written once. */
static void every_member_is_kept_and_an_unchanged_declaration_not_written(
    void) {
  struct flash_sim sim;
  struct declaration_store store, again;
  size_t i;
  long steps;
  flash_sim_start(&sim);
  (void) load(&store, &sim);
  for (i = 0; i < sizeof(struct declaration); i++) {
    struct declaration declaration = declaration_of(LOCK_ROLE, 1, 5000);
    char row[32];
    (void) snprintf(row, sizeof(row), "byte %u", (unsigned) i);
    ((uint8_t *) &declaration)[i] ^= 0x81;
    steps = sim.steps;
    CHECK(row, declaration_keep(&store, &declaration) == CORE_OK);
    CHECK(row, sim.steps > steps);
    CHECK(row, same(&store.kept, &declaration));
    steps = sim.steps;
    CHECK(row, declaration_keep(&store, &declaration) == CORE_OK);
    CHECK(row, load(&again, &sim) == CORE_OK);
    CHECK(row, same(&again.kept, &declaration));
    CHECK(row, declaration_keep(&again, &declaration) == CORE_OK);
    CHECK(row, sim.steps == steps);
  }
}

/* `keeps`: how many were kept before, which determines the slots. */
static int cut_everywhere(int keeps) {
  struct declaration old = declaration_of(LOCK_ROLE, 1, 5000), nothing;
  struct declaration next = declaration_of(LOCK_ROLE, 1, 60000);
  long cut;
  int done = 0, was_next = 0, i;
  memset(&nothing, 0, sizeof(nothing));
  for (cut = 0; !done; cut++) {
    struct flash_sim sim;
    struct declaration_store store;
    char row[48];
    int is_next;
    (void) snprintf(row, sizeof(row), "%d kept, cut %ld", keeps, cut);
    flash_sim_start(&sim);
    (void) load(&store, &sim);
    for (i = 1; i <= keeps; i++) {
      old.pulse_ms = (uint32_t) i;
      CHECK(row, declaration_keep(&store, &old) == CORE_OK);
    }
    sim.steps_left = cut;
    done = declaration_keep(&store, &next) == CORE_OK;
    CHECK(row, same(&store.kept, done ? &next : keeps ? &old : &nothing));
    CHECK(row, load(&store, &sim) ==
                   (store.kept.role == NO_ROLE ? CORE_EBLANK : CORE_OK));
    is_next = same(&store.kept, &next);
    CHECK(row, is_next || same(&store.kept, keeps ? &old : &nothing));
    /* Once a cut is late enough for the new one, every later cut is. */
    CHECK(row, is_next || !was_next);
    CHECK(row, is_next || !done);
    was_next = is_next;
    CHECK(row, declaration_keep(&store, &next) == CORE_OK);
    CHECK(row, load(&store, &sim) == CORE_OK && same(&store.kept, &next));
  }
  return (int) cut;
}

static void a_power_cut_leaves_the_old_declaration_or_the_new(void) {
  int keeps, cuts = 0;
  for (keeps = 0; keeps <= 3; keeps++) cuts += cut_everywhere(keeps);
  /* An erase, a write of 44 bytes and a read back; without a record also a
   * second erase. */
  CHECK("no cut is missing", cuts == 128 + 44 + 128 + 1 + 3 * (128 + 44 + 2));
}

static void damaged_bytes_are_never_a_declaration(void) {
  struct declaration old = declaration_of(LOCK_ROLE, 1, 5000);
  struct declaration newest = declaration_of(LOCK_ROLE, 1, 60000);
  unsigned bit;
  int keeps;
  for (keeps = 1; keeps <= 2; keeps++) {
    for (bit = 0; bit < 40 * 8; bit++) {
      struct flash_sim sim;
      struct declaration_store store;
      char row[32];
      (void) snprintf(row, sizeof(row), "%d kept, bit %u", keeps, bit);
      flash_sim_start(&sim);
      (void) load(&store, &sim);
      if (keeps == 2) (void) declaration_keep(&store, &old);
      CHECK(row, declaration_keep(&store, &newest) == CORE_OK);
      sim.slots[keeps - 1][bit / 8] ^= (uint8_t) (1u << bit % 8);
      CHECK(row, load(&store, &sim) == (keeps == 2 ? CORE_OK : CORE_EBLANK));
      CHECK(row,
            keeps == 2 ? same(&store.kept, &old) : store.kept.role == NO_ROLE);
      CHECK(row, declaration_choose(&store, &newest, 0, FILE_DAMAGED) ==
                     (keeps == 2 ? DECLARATION_KEPT : DECLARATION_NONE));
    }
  }
}

static void failing_flash_is_not_trusted(void) {
  static const struct declaration nothing;
  struct declaration old = declaration_of(LOCK_ROLE, 1, 5000);
  struct declaration next = declaration_of(LOCK_ROLE, 1, 60000);
  struct flash_sim sim;
  struct declaration_store store;
  flash_sim_start(&sim);
  (void) load(&store, &sim);
  CHECK("old", declaration_keep(&store, &old) == CORE_OK);
  sim.writes_fail = 1;
  CHECK("fails", declaration_keep(&store, &next) == CORE_EIO);
  CHECK("the old one is kept", same(&store.kept, &old));
  sim.writes_fail = 0;
  sim.drops_writes = 1;
  CHECK("nothing lands", declaration_keep(&store, &next) == CORE_EIO);
  CHECK("the old one is kept", same(&store.kept, &old));
  sim.drops_writes = 0;
  CHECK("loads", load(&store, &sim) == CORE_OK && same(&store.kept, &old));
  CHECK("tried again", declaration_keep(&store, &next) == CORE_OK);
  sim.reads_fail_slot = 1;
  CHECK("half is read", load(&store, &sim) == CORE_EIO);
  CHECK("the best known one", same(&store.kept, &old));
  sim.reads_fail_slot = FLASH_SIM_BOTH;
  CHECK("unreadable", load(&store, &sim) == CORE_EIO);
  CHECK("nothing is known", same(&store.kept, &nothing));
}

void declaration_tests(void) {
  RUN(a_file_wins_only_if_it_is_whole_and_complete);
  RUN(a_new_board_has_kept_nothing);
  RUN(every_member_is_kept_and_an_unchanged_declaration_not_written);
  RUN(a_power_cut_leaves_the_old_declaration_or_the_new);
  RUN(damaged_bytes_are_never_a_declaration);
  RUN(failing_flash_is_not_trusted);
}
