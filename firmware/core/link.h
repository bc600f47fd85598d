/*! Watchdog of the connection: when to connect, to give up, to reboot (D7).
 *
 * Serves PROTOCOL D7 and L1. The MQTT library under the app has no timeout for
 * TLS or CONNACK, and takes a connection that answers nothing for a good one.
 * Tries are spaced by a back-off with jitter, which only a connection that is
 * of use for a while takes back: so neither a broker that throws the device out
 * at once, nor many devices that lost it at one instant, are tried in a loop.
 * Knows no broker, no pin and no clock.
 */
#ifndef CORE_LINK_H
#define CORE_LINK_H

#include <stdint.h>

#include "backoff.h"

/*! A connection of use for this long takes the back-off back, in ms. */
#define LINK_STEADY_MS 5000u

/*! What the connection is, as the caller sees it. */
enum link_phase {
  LINK_IDLE,     /*!< Neither connected nor trying. */
  LINK_TRYING,   /*!< Between the first packet and the broker's consent. */
  LINK_CONNECTED /*!< The broker has taken the device. */
};

/*! What the caller is to do. */
enum link_step {
  LINK_WAIT,    /*!< Nothing. */
  LINK_CONNECT, /*!< Begin an attempt. */
  LINK_CLOSE,   /*!< End attempt or connection at once; said until it is. */
  LINK_REBOOT   /*!< Restart the device. */
};

/*! Limits; from the device's configuration. In ms, below 2^31. */
struct link_settings {
  uint32_t attempt_ms;     /*!< Longest attempt; 0 = no limit. */
  uint32_t silence_ms;     /*!< Longest time of no use while connected; 0 = no
                                limit. */
  uint32_t reboot_ms;      /*!< Of no use for this long: reboot; 0 = never. */
  uint32_t retry_first_ms; /*!< Delay before the second try; >= 1. */
  uint32_t retry_most_ms;  /*!< Longest delay; >= retry_first_ms. */
};

/*! What the caller sees at one moment. */
struct link_view {
  uint64_t uptime_ms;
  uint32_t random; /*!< Any number; equal numbers give equal delays. */
  enum link_phase phase;
  int has_network; /*!< The device has an address. */
  int is_of_use;   /*!< Connected, and what was sent has been answered. */
  int may_reboot;  /*!< A reboot would leave the latch as it is (D7). */
};

/*! One connection's watchdog. */
struct link {
  struct link_settings settings;
  struct backoff backoff;
  uint64_t since_ms;  /*!< Uptime at which `phase` began. */
  uint64_t of_use_ms; /*!< Uptime at which it was last of use. */
  uint64_t next_ms;   /*!< Uptime before which no attempt begins. */
  enum link_phase phase;
  int had_network;
  int closing;
};

/*! Starts watching a connection that is idle. */
void link_start(struct link *link, const struct link_settings *settings,
                uint64_t uptime_ms);

/*! Looks, and says what to do; to be called every second or so. It never
 * reboots while `may_reboot` is 0, and goes on with its tries instead. */
enum link_step link_step(struct link *link, const struct link_view *view);

#endif
