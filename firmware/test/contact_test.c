/*! Tests of core/contact.h: how edges and readings determine the level. */
#include "contact.h"

#include <stdio.h>

#include "check.h"
#include "vectors_types.h"

#define DEBOUNCE_MS 50

/* 'N' delivers an edge, 'L' a reading; then the level, the time, and whether
 * the contact's level changes. */
struct event {
  char kind;
  int is_closed;
  uint64_t at_ms;
  int changes;
};

static void edges_count_at_once_and_readings_after_the_debounce_time(void) {
  static const struct {
    const char *row;
    int starts_closed;
    struct event events[7];
  } rows[] = {
      {"an edge", 0, {{'N', 1, 10, 1}, {'N', 1, 11, 0}, {'N', 0, 12, 1}}},
      {"any level but 0 is closed", 0, {{'N', 7, 10, 1}, {'L', 1, 90, 0}}},
      {"a lost edge",
       0,
       {{'L', 0, 80, 0},
        {'L', 1, 100, 0},
        {'L', 1, 149, 0},
        {'L', 1, 150, 1},
        {'L', 1, 170, 0}}},
      {"a lost edge back",
       1,
       {{'L', 0, 100, 0},
        {'L', 0, 160, 1},
        {'L', 1, 170, 0},
        {'L', 1, 230, 1}}},
      {"a glitch that one reading sees",
       0,
       {{'L', 1, 100, 0}, {'L', 0, 120, 0}, {'L', 0, 200, 0}}},
      {"a glitch, and then an edge that was lost",
       0,
       {{'L', 1, 100, 0},
        {'L', 0, 120, 0},
        {'L', 1, 140, 0},
        {'L', 1, 189, 0},
        {'L', 1, 190, 1}}},
      {"bounce at every reading",
       0,
       {{'L', 1, 20, 0},
        {'L', 0, 40, 0},
        {'L', 1, 60, 0},
        {'L', 0, 80, 0},
        {'L', 1, 100, 0},
        {'L', 1, 140, 0},
        {'L', 1, 150, 1}}},
      {"an edge while readings differ",
       0,
       {{'L', 1, 100, 0},
        {'N', 1, 120, 1},
        {'L', 1, 160, 0},
        {'L', 0, 170, 0},
        {'L', 0, 220, 1}}},
      {"an edge back cancels the readings",
       0,
       {{'L', 1, 100, 0},
        {'N', 0, 120, 0},
        {'L', 1, 155, 0},
        {'L', 1, 204, 0},
        {'L', 1, 205, 1}}},
      {"a reading at uptime 0", 0, {{'L', 1, 0, 0}, {'L', 1, 50, 1}}},
      {"a reading after months",
       0,
       {{'L', 1, UINT64_C(4294967290), 0},
        {'L', 1, UINT64_C(4294967339), 0},
        {'L', 1, UINT64_C(4294967340), 1}}},
      {"a busy caller reads once, then again",
       0,
       {{'L', 1, 100, 0}, {'L', 1, 900, 1}}},
  };
  size_t i, j;
  for (i = 0; i < COUNT_OF(rows); i++) {
    struct contact contact;
    int is_closed = rows[i].starts_closed;
    contact_start(&contact, DEBOUNCE_MS, is_closed);
    for (j = 0; j < COUNT_OF(rows[i].events) && rows[i].events[j].kind; j++) {
      const struct event *e = &rows[i].events[j];
      int changed = e->kind == 'N'
                        ? contact_take_edge(&contact, e->is_closed)
                        : contact_take_level(&contact, e->is_closed, e->at_ms);
      char row[80];
      (void) snprintf(row, sizeof(row), "%s, event %u", rows[i].row,
                      (unsigned) j + 1);
      if (e->changes) is_closed = !is_closed;
      CHECK(row, changed == e->changes);
      CHECK(row, contact.is_closed == is_closed);
    }
  }
}

static void without_a_debounce_time_one_reading_counts(void) {
  struct contact contact;
  contact_start(&contact, 0, 1);
  CHECK("open", contact_take_level(&contact, 0, 5) == 1);
  CHECK("closed", contact_take_level(&contact, 1, 5) == 1);
}

/* Every pattern of twelve readings, 20 ms apart, without edges: a level counts
 * at the fourth equal reading in a row, 60 ms after the first. */
static void four_equal_readings_in_a_row_make_a_level(void) {
  unsigned pattern, look;
  for (pattern = 0; pattern < 1u << 13; pattern++) {
    struct contact contact;
    int believed = (int) (pattern >> 12), in_a_row = 0;
    char row[32];
    (void) snprintf(row, sizeof(row), "pattern %x", pattern);
    contact_start(&contact, DEBOUNCE_MS, believed);
    for (look = 0; look < 12; look++) {
      int level = (int) (pattern >> look & 1), changes;
      in_a_row = level == believed ? 0 : in_a_row + 1;
      changes = in_a_row == 4;
      if (changes) {
        believed = level;
        in_a_row = 0;
      }
      CHECK(row,
            contact_take_level(&contact, level, 1000 + look * 20) == changes);
      CHECK(row, contact.is_closed == believed);
    }
  }
}

void contact_tests(void) {
  RUN(edges_count_at_once_and_readings_after_the_debounce_time);
  RUN(without_a_debounce_time_one_reading_counts);
  RUN(four_equal_readings_in_a_row_make_a_level);
}
