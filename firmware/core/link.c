/*! Implements link.h. */
#include "link.h"

#include <string.h>

#include "status.h"

CORE_ASSERT(link_is_small, sizeof(struct link) <= 80);

static bool is_over(uint64_t since_ms, uint32_t limit_ms, uint64_t now_ms) {
  return limit_ms != 0 && (uint32_t) (now_ms - since_ms) >= limit_ms;
}

void link_start(struct link *link, const struct link_settings *settings,
                uint64_t uptime_ms) {
  memset(link, 0, sizeof(*link));
  link->settings = *settings;
  backoff_start(&link->backoff, settings->retry_first_ms,
                settings->retry_most_ms);
  link->since_ms = link->healthy_ms = uptime_ms;
}

static void delay_attempt(struct link *link, const struct link_view *view) {
  link->next_ms = view->uptime_ms + backoff_next(&link->backoff, view->random);
}

/* Records what changed since the last call. */
static void take_view(struct link *link, const struct link_view *view) {
  uint64_t now_ms = view->uptime_ms;
  if (view->has_network != link->had_network) {
    link->had_network = view->has_network;
    backoff_reset(&link->backoff);
    delay_attempt(link, view);
  }
  if (view->phase != link->phase) {
    link->phase = view->phase;
    link->since_ms = now_ms;
    link->closing = false;
    if (view->phase == LINK_IDLE && link->next_ms <= now_ms) {
      delay_attempt(link, view);
    }
  }
  if (view->phase == LINK_CONNECTED && view->is_healthy) {
    link->healthy_ms = now_ms;
    if (is_over(link->since_ms, LINK_STEADY_MS, now_ms)) {
      backoff_reset(&link->backoff);
    }
  }
}

enum link_step link_step(struct link *link, const struct link_view *view) {
  const struct link_settings *settings = &link->settings;
  uint64_t now_ms = view->uptime_ms, since_ms;
  take_view(link, view);
  since_ms = link->since_ms;
  if (view->may_reboot &&
      is_over(link->healthy_ms, settings->reboot_ms, now_ms)) {
    return LINK_REBOOT;
  }
  if (link->phase == LINK_IDLE) {
    if (!view->has_network || now_ms < link->next_ms) return LINK_WAIT;
    delay_attempt(link, view);
    return LINK_CONNECT;
  }
  if (since_ms < link->healthy_ms) since_ms = link->healthy_ms;
  link->closing |= is_over(
      since_ms,
      link->phase == LINK_TRYING ? settings->attempt_ms : settings->silence_ms,
      now_ms);
  return link->closing ? LINK_CLOSE : LINK_WAIT;
}
