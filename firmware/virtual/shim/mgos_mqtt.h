/*! Stand-in for the part of the mqtt library that the app uses. */
#ifndef SHIM_MGOS_MQTT_H
#define SHIM_MGOS_MQTT_H

#include "mgos.h"

typedef void (*sub_handler_t)(struct mg_connection *nc, const char *topic,
                              int topic_len, const char *msg, int msg_len,
                              void *ud);
void mgos_mqtt_sub(const char *topic, sub_handler_t handler, void *ud);
uint16_t mgos_mqtt_pub(const char *topic, const void *message, size_t len,
                       int qos, bool retain);
bool mgos_mqtt_global_connect(void);
void mgos_mqtt_global_disconnect(void);
bool mgos_mqtt_global_is_connected(void);

#endif
