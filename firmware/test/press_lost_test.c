/*! Tests of core/press.h as the app uses it: edges are lost while a press is
 * saved to flash. A press is never longer than the finger's, and no later press
 * is lost (S1, L2). */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "press.h"
#include "roll.h"
#include "vectors_types.h"

#define QUIET_MS 400
#define LONG_MS 1500
#define DEBOUNCE_MS 50
#define TICK_MS 20
#define FLIPS_MAX 40
#define PRESSES_MAX 24

/* How a button is pressed, and how busy the app is with it. */
struct play {
  uint32_t flips[FLIPS_MAX + 1]; /* Times at which the level changes, then 0. */
  uint32_t save_ms;              /* Time to send one press. */
  uint32_t edge_ms;              /* From an edge to its handler. */
  uint32_t phase_ms;             /* Of the tick. */
  int handlers_are_dead;         /* Only ticks read the pin. */
};

/* The outcome. */
struct played {
  char presses[PRESSES_MAX + 1]; /* A letter each. */
  int longest_lie_ms; /* Excess of a LONG over the finger's hold, or 0. */
};

/* A press waits for the next tick. */
static void note(struct played *result, enum press press, uint32_t now_ms,
                 uint32_t flipped_ms, int down) {
  static const char letters[] = "-SDL";
  size_t count = strlen(result->presses);
  int held_ms = down ? (int) (now_ms - flipped_ms) : 0;
  if (press == PRESS_NONE || count == PRESSES_MAX) return;
  result->presses[count] = letters[press];
  if (press == PRESS_LONG && LONG_MS - held_ms > result->longest_lie_ms) {
    result->longest_lie_ms = LONG_MS - held_ms;
  }
}

static struct played run(const struct play *play) {
  static const struct press_settings settings = {QUIET_MS, LONG_MS,
                                                 DEBOUNCE_MS};
  const uint32_t *flip = play->flips;
  struct press_classifier classifier;
  struct played result;
  uint32_t now_ms, flipped_ms = 0, handler_ms = 0, busy_to_ms = 0;
  size_t sent = 0;
  int down = 0;
  memset(&result, 0, sizeof(result));
  press_start(&classifier, &settings, 0, 0);
  for (now_ms = 1; *flip != 0 || now_ms < flipped_ms + 2500; now_ms++) {
    int busy = now_ms < busy_to_ms;
    if (*flip == now_ms) {
      flip++;
      down = !down;
      flipped_ms = now_ms;
      handler_ms = busy || play->handlers_are_dead ? 0 : now_ms + play->edge_ms;
    }
    if (busy) {
      if (handler_ms == now_ms) handler_ms = 0;
      continue;
    }
    if (now_ms == busy_to_ms) press_restart_hold(&classifier, now_ms);
    if (now_ms == handler_ms) {
      note(&result, press_take_edge(&classifier, down, now_ms), now_ms,
           flipped_ms, down);
    }
    if (now_ms % TICK_MS != play->phase_ms) continue;
    note(&result, press_tick(&classifier, down, now_ms), now_ms, flipped_ms,
         down);
    if (strlen(result.presses) > sent) {
      sent = strlen(result.presses);
      busy_to_ms = now_ms + play->save_ms;
    }
  }
  return result;
}

static void name(const struct play *play, char row[120]) {
  size_t i;
  int at =
      snprintf(row, 120, "save %u edge %u phase %u:", (unsigned) play->save_ms,
               (unsigned) play->edge_ms, (unsigned) play->phase_ms);
  for (i = 0; play->flips[i] != 0 && at < 110; i++) {
    at += snprintf(row + at, (size_t) (120 - at), " %u",
                   (unsigned) play->flips[i]);
  }
}

static const uint32_t saves_ms[] = {0, 30, 60, 100, 200};

/* Appends a press that begins `gap_ms` after the previous event. */
static void add(struct play *play, uint32_t gap_ms, uint32_t hold_ms) {
  size_t i = 0;
  uint32_t last_ms = 0;
  while (play->flips[i] != 0) last_ms = play->flips[i++];
  if (i + 2 > FLIPS_MAX) return;
  play->flips[i] = last_ms + gap_ms;
  play->flips[i + 1] = last_ms + gap_ms + hold_ms;
}

static struct play play_of(uint32_t save_ms, uint32_t edge_ms,
                           uint32_t phase_ms) {
  struct play play;
  memset(&play, 0, sizeof(play));
  play.save_ms = save_ms;
  play.edge_ms = edge_ms;
  play.phase_ms = phase_ms;
  return play;
}

/* Two taps; the second begins when the first one's quiet time ends, and
 * overlaps its save in part or as a whole. */
static void two_taps_are_never_one_long_press(void) {
  uint32_t hold_ms, gap_ms, phase_ms;
  size_t save, edge;
  for (save = 0; save < COUNT_OF(saves_ms); save++) {
    for (gap_ms = 380; gap_ms <= 440; gap_ms += 3) {
      for (hold_ms = 25; hold_ms <= 265; hold_ms += 30) {
        for (edge = 0; edge < 2; edge++) {
          for (phase_ms = 0; phase_ms < TICK_MS; phase_ms += 9) {
            struct play play =
                play_of(saves_ms[save], edge * DEBOUNCE_MS, phase_ms);
            struct played result;
            char row[120];
            add(&play, 500, 100);
            add(&play, gap_ms, hold_ms);
            name(&play, row);
            result = run(&play);
            CHECK(row, strchr(result.presses, 'L') == NULL);
            CHECK(row, strcmp(result.presses, "SS") == 0 ||
                           strcmp(result.presses, "D") == 0 ||
                           (strcmp(result.presses, "S") == 0 &&
                            hold_ms < play.save_ms + DEBOUNCE_MS + TICK_MS));
          }
        }
      }
    }
  }
}

/* The second release and the third press both occur during the save of the
 * first tap: after it the button is down, as before. */
static void a_press_that_was_missed_is_not_part_of_the_one_before(void) {
  uint32_t gap_ms, hold_ms, phase_ms;
  unsigned longs = 0;
  for (gap_ms = QUIET_MS; gap_ms <= QUIET_MS + TICK_MS; gap_ms++) {
    for (hold_ms = LONG_MS - 200; hold_ms <= LONG_MS + 400; hold_ms += 40) {
      for (phase_ms = 0; phase_ms < TICK_MS; phase_ms += 3) {
        struct play play = play_of(300, 0, phase_ms);
        struct played result;
        char row[120];
        add(&play, 500, 100);
        add(&play, gap_ms, 90);
        add(&play, 110, hold_ms);
        name(&play, row);
        result = run(&play);
        CHECK(row, result.longest_lie_ms == 0);
        longs += strchr(result.presses, 'L') != NULL;
      }
    }
  }
  CHECK("long holds are recognised", longs > 500);
}

/* The release occurs during the save of the first tap, and the finger is back
 * before readings confirm it. */
static void a_release_that_no_reading_confirmed_ends_the_hold(void) {
  static const struct press_settings settings = {QUIET_MS, LONG_MS,
                                                 DEBOUNCE_MS};
  struct press_classifier classifier;
  press_start(&classifier, &settings, 0, 0);
  CHECK("down", press_take_edge(&classifier, 1, 100) == PRESS_NONE);
  press_restart_hold(&classifier, 300);
  CHECK("up", press_tick(&classifier, 0, 300) == PRESS_NONE);
  CHECK("up", press_tick(&classifier, 0, 340) == PRESS_NONE);
  CHECK("down", press_take_edge(&classifier, 1, 345) == PRESS_NONE);
  CHECK("not yet", press_tick(&classifier, 1, 344 + LONG_MS) == PRESS_NONE);
  CHECK("held", press_tick(&classifier, 1, 345 + LONG_MS) == PRESS_LONG);
}

static void the_press_after_each_double_is_delivered(void) {
  uint32_t phase_ms;
  size_t save, edge;
  int i;
  for (save = 0; save < COUNT_OF(saves_ms); save++) {
    for (edge = 0; edge < 2; edge++) {
      for (phase_ms = 0; phase_ms < TICK_MS; phase_ms++) {
        struct play play =
            play_of(saves_ms[save], edge * DEBOUNCE_MS, phase_ms);
        char row[120];
        for (i = 0; i < 3; i++) {
          add(&play, 1500, 80);
          add(&play, 150, 80);
          add(&play, 1500, 120);
        }
        name(&play, row);
        CHECK(row, strcmp(run(&play).presses, "DSDSDS") == 0);
      }
    }
  }
}

/* Pressed during the save of the previous tap, and held for long enough. */
static void a_finger_that_holds_still_makes_a_long_press(void) {
  uint32_t gap_ms;
  size_t save;
  for (save = 0; save < COUNT_OF(saves_ms); save++) {
    for (gap_ms = QUIET_MS + TICK_MS; gap_ms <= 600; gap_ms += 7) {
      struct play play = play_of(saves_ms[save], 0, 3);
      struct played result;
      char row[120];
      add(&play, 500, 100);
      add(&play, gap_ms, LONG_MS + play.save_ms + DEBOUNCE_MS + 2 * TICK_MS);
      name(&play, row);
      result = run(&play);
      CHECK(row, strcmp(result.presses, "SL") == 0);
      CHECK(row, result.longest_lie_ms == 0);
    }
  }
}

static void no_press_is_longer_than_the_finger(void) {
  static const uint32_t saves_at_most_ms[] = {1, 60, 250, 900};
  uint32_t seed, i;
  unsigned longs = 0, doubles = 0;
  for (seed = 1; seed <= 1200; seed++) {
    uint32_t rolls = seed * 2654435761u;
    uint32_t save_ms = roll(&rolls, saves_at_most_ms[seed % 4]);
    uint32_t edge_ms = roll(&rolls, DEBOUNCE_MS + 1);
    struct play play = play_of(save_ms, edge_ms, roll(&rolls, TICK_MS));
    struct played result;
    char row[120];
    play.handlers_are_dead = seed % 16 == 0;
    for (i = 0; i < 8; i++) {
      /* Readings alone detect levels longer than debounce time and tick. */
      uint32_t gap_ms = DEBOUNCE_MS + 2 * TICK_MS +
                        roll(&rolls, roll(&rolls, 2) ? 500 : 1500);
      add(&play, gap_ms, 20 + roll(&rolls, roll(&rolls, 3) ? 300 : 2600));
    }
    name(&play, row);
    result = run(&play);
    CHECK(row, result.longest_lie_ms == 0);
    CHECK(row, strlen(result.presses) <= 8);
    longs += strchr(result.presses, 'L') != NULL;
    doubles += strchr(result.presses, 'D') != NULL;
  }
  CHECK("long and double presses are among them", longs > 300 && doubles > 300);
}

void press_lost_tests(void) {
  RUN(two_taps_are_never_one_long_press);
  RUN(a_press_that_was_missed_is_not_part_of_the_one_before);
  RUN(a_release_that_no_reading_confirmed_ends_the_hold);
  RUN(the_press_after_each_double_is_delivered);
  RUN(a_finger_that_holds_still_makes_a_long_press);
  RUN(no_press_is_longer_than_the_finger);
}
