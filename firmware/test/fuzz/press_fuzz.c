/*! Fuzzes core/press: edges and readings of the pin at any times. If every edge
 * is delivered, the presses equal those of an analysis of the whole waveform,
 * and none is late. If the caller is busy at times and loses edges, no press is
 * longer than the finger's, and a tap after a rest is a press. */
#include "press.h"

#include "require.h"

#define STEPS_MAX 400

/* Times at which the level changed; the first is the start. */
struct waveform {
  uint64_t at_ms[STEPS_MAX + 1];
  uint8_t is_long[STEPS_MAX + 1]; /* A reading saw it held for long enough. */
  uint64_t held_from_ms;          /* Restarted by an edge without a change. */
  int count;
  int down_first; /* Held at the start. */
  uint64_t quiet_ms, long_ms;
};

/* One input in progress. */
struct play {
  struct press_classifier classifier;
  const uint8_t *at, *end;
  uint64_t now_ms;
  uint64_t flipped_ms;
  uint64_t quiet_ms, long_ms, debounce_ms;
  int down, flips;
};

/* First index from `i` on of a press after a rest of quiet_ms, released. */
static int rested(const struct waveform *w, int i) {
  /* Edge i - 1 is a release; i is the next press. */
  while (i < w->count && w->at_ms[i] < w->at_ms[i - 1] + w->quiet_ms) i += 2;
  return i;
}

/* All presses that the waveform contains as of `now_ms`, oldest first. */
static int read_waveform(const struct waveform *w, uint64_t now_ms,
                         enum press *out) {
  int i = 1, count = 0;
  if (w->down_first) i = w->count > 1 ? rested(w, 2) : w->count;
  while (i < w->count) {
    int released = i + 1 < w->count;
    if (w->is_long[i]) {
      out[count++] = PRESS_LONG;
      i = released ? rested(w, i + 2) : w->count;
    } else if (!released) {
      break;
    } else if (i + 2 < w->count &&
               w->at_ms[i + 2] < w->at_ms[i + 1] + w->quiet_ms) {
      out[count++] = PRESS_DOUBLE;
      i = i + 3 < w->count ? rested(w, i + 4) : w->count;
    } else if (i + 2 < w->count || now_ms >= w->at_ms[i + 1] + w->quiet_ms) {
      out[count++] = PRESS_SINGLE;
      i += 2;
    } else {
      break;
    }
  }
  return count;
}

/* Two bits for the event, six for its delay, which is sometimes long. */
static unsigned next(struct play *play) {
  unsigned byte = play->at < play->end ? *play->at++ : 0;
  uint64_t gap_ms = byte >> 2;
  play->now_ms += gap_ms < 56 ? gap_ms * gap_ms / 4 : (gap_ms - 55) * 4000;
  return byte & 3;
}

static void flip(struct play *play) {
  play->down = !play->down;
  play->flipped_ms = play->now_ms;
  play->flips++;
}

static enum press look(struct play *play) {
  return press_tick(&play->classifier, play->down, play->now_ms);
}

static enum press edge(struct play *play) {
  return press_take_edge(&play->classifier, play->down, play->now_ms);
}

static void to_due(struct play *play) {
  uint64_t due_ms = press_due_ms(&play->classifier);
  if (due_ms > play->now_ms) play->now_ms = due_ms; /* To the exact time. */
}

/* ---- Every edge is delivered ---- */

static enum press see(struct play *play, struct waveform *w) {
  int i = w->count - 1;
  switch (next(play)) {
    case 1:
      w->held_from_ms = play->now_ms; /* No change. */
      return edge(play);
    case 3:
      flip(play);
      w->is_long[w->count] = 0;
      w->at_ms[w->count++] = w->held_from_ms = play->now_ms;
      return edge(play);
    case 2:
      to_due(play);
      break;
    default:
      break;
  }
  if (play->down && play->now_ms >= w->held_from_ms + w->long_ms) {
    w->is_long[i] = 1;
  }
  return look(play);
}

static void play_seen(struct play *play) {
  static struct waveform w;
  enum press found[STEPS_MAX + 2];
  int given = 0, count;
  w.quiet_ms = play->quiet_ms;
  w.long_ms = play->long_ms;
  w.down_first = play->down;
  w.at_ms[0] = w.held_from_ms = play->now_ms;
  w.is_long[0] = 0;
  w.count = 1;
  while (play->at < play->end) {
    enum press press = see(play, &w);
    count = read_waveform(&w, play->now_ms, found);
    REQUIRE(count == given + (press != PRESS_NONE),
            "each press is returned once, as soon as it is known");
    REQUIRE(press == PRESS_NONE || found[given] == press,
            "presses are the right ones");
    given = count;
    REQUIRE(press_due_ms(&play->classifier) == 0 ||
                press_due_ms(&play->classifier) > play->now_ms,
            "nothing due is left");
  }
}

/* ---- Edges are lost while the caller is busy ---- */

static void be_busy(struct play *play) {
  unsigned flips = next(play);
  for (; flips > 0; flips--) {
    (void) next(play);
    flip(play);
  }
  (void) next(play);
  press_restart_hold(&play->classifier, play->now_ms);
}

static enum press see_some(struct play *play) {
  switch (next(play)) {
    case 0:
      break;
    case 1:
      be_busy(play);
      return PRESS_NONE;
    case 2:
      to_due(play);
      break;
    default:
      flip(play);
      return edge(play);
  }
  return look(play);
}

/* Released and read until the classifier rests; then a tap. */
static void require_tap_after_rest(struct play *play) {
  if (play->down) flip(play);
  (void) look(play);
  play->now_ms += play->debounce_ms;
  (void) look(play);
  play->now_ms += play->quiet_ms;
  (void) look(play);
  play->now_ms++;
  flip(play);
  REQUIRE(edge(play) == PRESS_NONE, "a press is not known when it begins");
  play->now_ms += 90;
  flip(play);
  REQUIRE(edge(play) == PRESS_NONE, "a release may be followed by a press");
  play->now_ms += play->quiet_ms;
  REQUIRE(look(play) == PRESS_SINGLE, "a tap after a rest is a press (L2)");
}

static void play_lost(struct play *play) {
  int given = 0;
  while (play->at < play->end) {
    enum press press = see_some(play);
    given += press != PRESS_NONE;
    REQUIRE(
        press != PRESS_LONG ||
            (play->down && play->now_ms - play->flipped_ms >= play->long_ms),
        "no press is longer than the finger (S1)");
    REQUIRE(given <= (play->flips + 1) / 2, "no press without a finger (S2)");
  }
  require_tap_after_rest(play);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct press_settings settings;
  struct play play;
  if (size < 5 || size > STEPS_MAX) return 0;
  play.quiet_ms = settings.quiet_ms = 1 + data[0] * 4u;
  play.long_ms = settings.long_ms = 1 + data[1] * 8u;
  play.debounce_ms = settings.debounce_ms = 1 + (data[2] >> 3) * 8u;
  play.down = data[2] & 1;
  play.now_ms = play.flipped_ms = data[2] & 2 ? 0 : data[3];
  play.flips = 0;
  play.at = data + 4;
  play.end = data + size;
  press_start(&play.classifier, &settings, play.down, play.now_ms);
  if (data[2] & 4) {
    play_lost(&play);
  } else {
    play_seen(&play);
  }
  return 0;
}
