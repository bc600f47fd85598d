/*! Fuzzes core/press: edges and ticks at any times. The presses given out are
 * those that a reading of the whole waveform finds, no more and none too late. */
#include "press.h"
#include "require.h"

#define STEPS_MAX 400

/* Times at which the level changed; the first is the start. */
struct waveform {
  uint64_t at_ms[STEPS_MAX + 1];
  int count;
  int down_first; /* Held at the start. */
  uint64_t quiet_ms, long_ms;
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
    uint64_t down_ms = w->at_ms[i];
    int released = i + 1 < w->count;
    uint64_t held_ms = (released ? w->at_ms[i + 1] : now_ms) - down_ms;
    if (held_ms >= w->long_ms) {
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct press_classifier classifier;
  struct waveform w;
  enum press found[STEPS_MAX + 2];
  uint64_t now_ms;
  int down, given = 0, count;
  size_t i;
  if (size < 4 || size > STEPS_MAX) return 0;
  w.quiet_ms = 1 + data[0] * 4u;
  w.long_ms = 1 + data[1] * 8u;
  w.down_first = down = data[2] & 1;
  now_ms = data[2] & 2 ? 0 : data[3];
  w.at_ms[0] = now_ms;
  w.count = 1;
  press_start(&classifier, (uint32_t) w.quiet_ms, (uint32_t) w.long_ms, down,
              now_ms);
  for (i = 4; i < size; i++) {
    enum press press;
    uint64_t before_ms = press_due_ms(&classifier);
    /* Two bits say what happens, six how much later: a lot, now and then. */
    uint64_t gap_ms = data[i] >> 2;
    now_ms += gap_ms < 56 ? gap_ms * gap_ms / 4 : (gap_ms - 55) * 4000;
    switch (data[i] & 3) {
      case 0:
        press = press_tick(&classifier, now_ms);
        break;
      case 1:
        press = press_edge(&classifier, down, now_ms); /* No change. */
        break;
      case 2:
        if (before_ms > now_ms) now_ms = before_ms; /* To the very moment. */
        press = press_tick(&classifier, now_ms);
        break;
      default:
        down = !down;
        w.at_ms[w.count++] = now_ms;
        press = press_edge(&classifier, down, now_ms);
        break;
    }
    count = read_waveform(&w, now_ms, found);
    REQUIRE(count == given + (press != PRESS_NONE),
            "each press is given once, as soon as it is known");
    REQUIRE(press == PRESS_NONE || found[given] == press, "presses are told apart");
    given = count;
    REQUIRE(press_due_ms(&classifier) == 0 ||
                press_due_ms(&classifier) > now_ms,
            "what is due has been done");
  }
  return 0;
}
