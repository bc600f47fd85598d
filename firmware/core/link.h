/*! Watchdog of the connection: when to connect, give up and reboot. Serves
 * PROTOCOL D7 and L1. The MQTT library has no timeout for TLS or CONNACK, and
 * considers a connection good that answers nothing. Attempts are spaced by a
 * back-off with jitter, which only a connection that stays healthy resets: so
 * neither a broker that drops the device at once, nor many devices that lost it
 * together, cause a loop of attempts. Must not know: brokers, pins,
 * clocks. */
#ifndef CORE_LINK_H
#define CORE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "backoff.h"

/*! A connection healthy for this long resets the back-off, in ms. */
#define LINK_STEADY_MS 5000u

/*! State of the connection, as the caller sees it. */
enum link_phase {
  LINK_IDLE,     /*!< Neither connected nor trying. */
  LINK_TRYING,   /*!< Between the first packet and the broker's consent. */
  LINK_CONNECTED /*!< The broker has accepted the device. */
};

/*! What the caller must do. */
enum link_step {
  LINK_WAIT,    /*!< Nothing. */
  LINK_CONNECT, /*!< Begin an attempt. */
  LINK_CLOSE,   /*!< End attempt or connection now; repeated until it ended. */
  LINK_REBOOT   /*!< Restart the device. */
};

/*! Limits from the device's configuration. In ms, below 2^31. */
struct link_settings {
  uint32_t attempt_ms;     /*!< Longest attempt; 0 = no limit. */
  uint32_t silence_ms;     /*!< Longest unhealthy connection; 0 = no limit. */
  uint32_t reboot_ms;      /*!< Unhealthy for this long: reboot; 0 = never. */
  uint32_t retry_first_ms; /*!< Delay before the second attempt; >= 1. */
  uint32_t retry_most_ms;  /*!< Longest delay; >= retry_first_ms. */
};

/*! What the caller sees at one moment. */
struct link_view {
  uint64_t uptime_ms;
  uint32_t random; /*!< Any number; equal numbers give equal delays. */
  enum link_phase phase;
  bool has_network; /*!< The device has an address. */
  bool is_healthy;  /*!< Connected, and the last report was answered. */
  bool may_reboot;  /*!< A reboot would not move the latch (D7). */
};

/*! One connection's watchdog. */
struct link {
  struct link_settings settings;
  struct backoff backoff;
  uint64_t since_ms;   /*!< Uptime at which `phase` began. */
  uint64_t healthy_ms; /*!< Uptime at which it was last healthy. */
  uint64_t next_ms;    /*!< Uptime before which no attempt begins. */
  enum link_phase phase;
  bool had_network;
  bool closing;
};

/*! Starts watching an idle connection. */
void link_start(struct link *link, const struct link_settings *settings,
                uint64_t uptime_ms);

/*! Returns what to do now; called about once a second or more often. While
 * `may_reboot` is false it never reboots but continues its attempts. */
enum link_step link_step(struct link *link, const struct link_view *view);

#endif
