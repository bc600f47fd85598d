/*! Implements topics.h. */
#include "topics.h"

#include <string.h>

#include "mgos.h"
#include "mgos_mqtt.h"
#include "port.h"

struct topic {
  topics_handler handler;
  const void *arg;
  size_t length;
  bool is_granted;
};

static struct {
  void (*on_open)(bool is_open);
  struct topic topics[TOPICS_MAX];
  int count;
  bool is_open;
} s_topics;

static void set_open(bool is_open) {
  if (is_open == s_topics.is_open) return;
  s_topics.is_open = is_open;
  s_topics.on_open(is_open);
}

/* The library passes each SUBACK only to the handler of its subscription, and
 * does not say whether the broker refused it. */
static void mark_granted(struct topic *topic) {
  int i;
  topic->is_granted = true;
  for (i = 0; i < s_topics.count; i++) {
    if (!s_topics.topics[i].is_granted) return;
  }
  set_open(true);
}

static void on_topic(struct mg_connection *nc, int ev, void *evd, void *arg) {
  const struct mg_mqtt_message *message = (const struct mg_mqtt_message *) evd;
  struct topic *topic = (struct topic *) arg;
  (void) nc;
  if (ev == MG_EV_MQTT_SUBACK) mark_granted(topic);
  /* The library treats `a/b/` as `a/b`. */
  if (ev != MG_EV_MQTT_PUBLISH || message->topic.len != topic->length) return;
  topic->handler(message->payload.p, message->payload.len, topic->arg);
}

static void on_connection(struct mg_connection *nc, int ev, void *evd,
                          void *arg) {
  int i;
  (void) nc;
  (void) evd;
  (void) arg;
  if (ev != MG_EV_MQTT_CONNACK && ev != MG_EV_CLOSE) return;
  for (i = 0; i < s_topics.count; i++) s_topics.topics[i].is_granted = false;
  set_open(false);
}

void topics_start(void (*on_open)(bool is_open)) {
  s_topics.on_open = on_open;
  mgos_mqtt_add_global_handler(on_connection, NULL);
}

void topics_listen(const char *topic, topics_handler handler, const void *arg) {
  struct topic *entry = &s_topics.topics[s_topics.count];
  PORT_ASSERT(s_topics.count < TOPICS_MAX);
  s_topics.count++;
  entry->handler = handler;
  entry->arg = arg;
  entry->length = strlen(topic);
  mgos_mqtt_global_subscribe(mg_mk_str(topic), on_topic, entry);
}
