/*! Implements exchange.h. */
#include "exchange.h"

#include "clock.h"
#include "mgos.h"
#include "mgos_mqtt.h"
#include "port.h"
#include "shadow.h"
#include "status.h"
#include "topics.h"

static struct {
  struct reporter reporter;
  exchange_format format;
  char update_topic[PORT_TOPIC_BYTES_MAX];
  bool had_time;
} s_exchange;

static const enum shadow_topic kinds[] = {
    SHADOW_UPDATE_ACCEPTED, SHADOW_UPDATE_REJECTED, SHADOW_DELETE_ACCEPTED};
CORE_ASSERT_COUNT(kinds, SHADOW_TOPIC_COUNT);

struct reporter *exchange_reporter(void) {
  return &s_exchange.reporter;
}

static void on_open(bool is_open) {
  reporter_set_connected(&s_exchange.reporter, is_open);
}

static void log_verdict(enum reporter_verdict verdict, bool was_covered,
                        const struct shadow_answer *answer,
                        const struct moment *now) {
  if (verdict == VERDICT_REJECTED) {
    LOG(LL_ERROR,
        ("shadow: report rejected: %lu", (unsigned long) answer->code));
  } else if (verdict == VERDICT_FOREIGN && !was_covered) {
    LOG(LL_WARN,
        ("shadow: another client changed the shadow; reporting again in %lu ms",
         (unsigned long) (s_exchange.reporter.repeat_ms - now->uptime_ms)));
  }
}

/* Records the answer; the tick sends. */
static void on_answer(const char *payload, size_t length, const void *arg) {
  const enum shadow_topic *topic = (const enum shadow_topic *) arg;
  const bool was_covered = s_exchange.reporter.repeat_ms != 0;
  struct shadow_answer answer;
  struct moment now;
  port_now(&now);
  shadow_read_answer(*topic, payload, length, &answer);
  /* Without a boot count of its own, this boot could mistake an answer to
   * another boot's update for its own. */
  if (port_boot_is_counted()) {
    (void) reporter_set_clock(&s_exchange.reporter, &answer, &now,
                              port_clock());
  }
  log_verdict(reporter_take_answer(&s_exchange.reporter, &answer, &now),
              was_covered, &answer, &now);
}

void exchange_tick(void) {
  struct moment now;
  char text[EXCHANGE_BYTES_MAX];
  size_t length;
  uint32_t number;
  bool has_time;
  port_now(&now);
  has_time = moment_has_time(&now);
  if (has_time != s_exchange.had_time) {
    s_exchange.had_time = has_time;
    reporter_request(&s_exchange.reporter);
  }
  if (!reporter_is_due(&s_exchange.reporter, &now)) return;
  number = reporter_begin_update(&s_exchange.reporter, &now, port_random());
  PORT_ASSERT(s_exchange.format(number, &now, text, sizeof(text), &length) ==
              CORE_OK);
  /* Success does not mean delivery; the shadow's answer does. */
  (void) mgos_mqtt_pub(s_exchange.update_topic, text, length, 1, false);
}

bool exchange_is_open(void) { return s_exchange.reporter.connected; }

bool exchange_is_answered(void) {
  return reporter_is_answered(&s_exchange.reporter);
}

void exchange_start(const char *shadow, exchange_format format) {
  char topic[PORT_TOPIC_BYTES_MAX];
  const int interval_s = mgos_sys_config_get_report_interval_s();
  int i;
  s_exchange.format = format;
  reporter_start(&s_exchange.reporter, port_boots(),
                 (uint32_t) interval_s * 1000u);
  topics_start(on_open);
  for (i = 0; i < SHADOW_TOPIC_COUNT; i++) {
    PORT_ASSERT(port_format_topic(SHADOW_PREFIX, shadow,
                                  shadow_suffix(kinds[i]), topic,
                                  sizeof(topic)) == CORE_OK);
    topics_listen(topic, on_answer, &kinds[i]);
  }
  PORT_ASSERT(port_format_topic(SHADOW_PREFIX, shadow, SHADOW_UPDATE,
                                s_exchange.update_topic,
                                sizeof(s_exchange.update_topic)) == CORE_OK);
}
