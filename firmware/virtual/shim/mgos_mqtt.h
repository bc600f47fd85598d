/*! The part of the mqtt library that the app uses. */
#ifndef SHIM_MGOS_MQTT_H
#define SHIM_MGOS_MQTT_H

#include "mgos.h"
#include "mongoose.h"

#define MG_EV_CLOSE 5
#define MG_MQTT_EVENT_BASE 200
#define MG_EV_MQTT_CONNACK (MG_MQTT_EVENT_BASE + 2)
#define MG_EV_MQTT_PUBLISH (MG_MQTT_EVENT_BASE + 3)
#define MG_EV_MQTT_PUBACK (MG_MQTT_EVENT_BASE + 4)
#define MG_EV_MQTT_SUBACK (MG_MQTT_EVENT_BASE + 9)
/* The real one has more members, in another order. NULL with MG_EV_CLOSE. */
struct mg_mqtt_message {
  struct mg_str topic;
  struct mg_str payload;
  uint16_t message_id;
};
typedef void (*mg_event_handler_t)(struct mg_connection *nc, int ev,
                                   void *ev_data, void *user_data);

/* The handler gets MG_EV_MQTT_SUBACK and MG_EV_MQTT_PUBLISH of its topic. */
void mgos_mqtt_global_subscribe(const struct mg_str topic,
                                mg_event_handler_t handler, void *ud);
uint16_t mgos_mqtt_pub(const char *topic, const void *message, size_t len,
                       int qos, bool retain);
/* Copies what it is given, unless that is mgos_sys_config_get_mqtt(). */
bool mgos_mqtt_set_config(const struct mgos_config_mqtt *cfg);
void mgos_mqtt_add_global_handler(mg_event_handler_t handler, void *ud);
bool mgos_mqtt_global_connect(void);
void mgos_mqtt_global_disconnect(void);
bool mgos_mqtt_global_is_connected(void);
struct mg_connection *mgos_mqtt_get_global_conn(void);

#endif
