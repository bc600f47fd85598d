/*! Fuzzes core/link: whatever the connection does, the watchdog keeps trying,
 * not in a loop, and never reboots if that would move the latch (D7, S7). */
#include <string.h>

#include "link.h"
#include "require.h"

#define FIRST_MS 4000u
#define MOST_MS 60000u

static const struct link_settings s_settings = {10000, 30000, 600000, FIRST_MS,
                                                MOST_MS};

/* The history from which the allowed steps follow. */
struct history {
  uint64_t connect_ms; /* The last attempt; 0 = none. */
  uint64_t idle_ms;    /* Since when idle with a network; 0 = not. */
  uint64_t phase_ms;   /* Start of this phase. */
  uint64_t healthy_ms; /* Last healthy. */
  enum link_phase phase;
  int had_network;
};

static void look(struct history *history, const struct link_view *view) {
  uint64_t now_ms = view->uptime_ms;
  if (view->phase != history->phase) history->phase_ms = now_ms;
  if (view->phase != LINK_IDLE || !view->has_network) {
    history->idle_ms = 0;
  } else if (history->idle_ms == 0 || view->phase != history->phase ||
             view->has_network != history->had_network) {
    history->idle_ms = now_ms;
  }
  if (view->phase == LINK_CONNECTED && view->is_healthy) {
    history->healthy_ms = now_ms;
  }
  history->phase = view->phase;
  history->had_network = view->has_network;
}

static void require_step(struct history *h, const struct link_view *view,
                         enum link_step step) {
  uint64_t now_ms = view->uptime_ms, quiet_ms;
  int is_long = now_ms - h->healthy_ms >= s_settings.reboot_ms;
  REQUIRE(step != LINK_REBOOT || (view->may_reboot && is_long),
          "a reboot is the last resort, and leaves the latch (D7)");
  REQUIRE(step == LINK_REBOOT || !view->may_reboot || !is_long,
          "an unhealthy connection ends in a reboot (D7)");
  if (step == LINK_REBOOT) return;
  if (step == LINK_CONNECT) {
    REQUIRE(view->phase == LINK_IDLE && view->has_network,
            "an attempt needs a network and no connection");
    REQUIRE(h->connect_ms == 0 || now_ms - h->connect_ms >= FIRST_MS / 2 ||
                h->phase_ms > h->connect_ms || h->idle_ms > h->connect_ms,
            "attempts are spaced (S7)");
    h->connect_ms = now_ms;
    h->idle_ms = now_ms;
  }
  REQUIRE(step != LINK_CLOSE || view->phase != LINK_IDLE,
          "only what is open is closed");
  REQUIRE(h->idle_ms == 0 || now_ms - h->idle_ms <= 2 * MOST_MS,
          "attempts never end (D7)");
  quiet_ms = h->phase_ms > h->healthy_ms ? h->phase_ms : h->healthy_ms;
  if (view->phase == LINK_TRYING) {
    REQUIRE(step == LINK_CLOSE || now_ms - h->phase_ms < s_settings.attempt_ms,
            "an attempt that hangs is ended (D7)");
  }
  if (view->phase == LINK_CONNECTED) {
    REQUIRE(step == LINK_CLOSE || now_ms - quiet_ms < s_settings.silence_ms,
            "a connection that answers nothing is ended (D7)");
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct link link;
  struct link_view view;
  struct history history;
  size_t i;
  if (size > 2000) return 0;
  memset(&view, 0, sizeof(view));
  memset(&history, 0, sizeof(history));
  view.uptime_ms = 1000;
  history.healthy_ms = history.phase_ms = view.uptime_ms;
  link_start(&link, &s_settings, view.uptime_ms);
  for (i = 0; i + 1 < size; i += 2) {
    enum link_step step;
    /* Usually a second; occasionally the app was busy for longer. */
    view.uptime_ms += data[i] < 200 ? 1000 : (data[i] - 199) * 500u;
    view.random = (uint32_t) data[i] * 2654435761u;
    view.phase = (enum link_phase)((data[i + 1] & 3) % 3);
    view.has_network = data[i + 1] >> 2 & 1;
    view.is_healthy = data[i + 1] >> 3 & 1;
    view.may_reboot = data[i + 1] >> 4 & 1;
    look(&history, &view);
    step = link_step(&link, &view);
    require_step(&history, &view, step);
    if (step == LINK_REBOOT) break;
  }
  return 0;
}
