/*! The device as the core needs it: time, flash, name. Knows Mongoose OS, but
 * neither locks nor buttons. */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "slot.h"

/*! Version of this firmware, as it reports itself; equals that of mos.yml. */
#define PORT_FIRMWARE "2.0.0"

/*! Longest topic that port_format_topic writes, NUL included. */
#define PORT_TOPIC_BYTES_MAX 192

/*! A two-slot record kept as two files, NAME.0 and NAME.1, because a cut write
 * may damage a whole file. */
struct port_record {
  const char *name; /*!< At most 20 characters. */
  struct flash flash;
};

/*! Reads the uptime and port_clock's bounds of the time. */
void port_now(struct moment *now);

/*! The device's one clock; the answers of its shadow set it. */
struct clock *port_clock(void);

/*! Calls `callback` from the main loop, as soon as the present code returns; a
 * second request before that call adds none. A handler records the event and
 * requests this: edges of its pin are lost while it runs. */
void port_call_soon(void (*callback)(void));

/*! Prepares `record` for use as flash; `record` must not move. */
void port_record_start(struct port_record *record, const char *name);

/*! Number of writes to flash since boot. Each takes tens of milliseconds,
 * during which edges of a pin may be lost. */
uint32_t port_saves(void);

/*! The thing's name: aws.thing_name, else device.id; never NULL. Computed here
 * and stored nowhere, so that a later change of device.id takes effect. */
const char *port_thing(void);

/*! Writes prefix + thing's name + middle + suffix. Errors: CORE_ESPACE. */
int port_format_topic(const char *prefix, const char *middle,
                      const char *suffix, char *out, size_t size);

/*! Signal strength in dBm; 0 without Wi-Fi. */
int32_t port_rssi(void);

/*! A number for jitter, not for secrets. */
uint32_t port_random(void);

/*! Ends the MQTT connection, or the attempt at one, at the next poll.
 * mgos_mqtt_global_disconnect would wait until its last packet is sent, which
 * never happens in a hanging handshake or on a half-open connection. */
void port_close_connection(void);

/*! Number of boots of this device, including this one; counted in flash at the
 * first call. */
uint32_t port_boots(void);

/*! Whether flash holds that count: no later boot will have the same one. */
bool port_boot_is_counted(void);

/*! Sets what port_panic calls first: it puts the latch into its safe state. */
void port_set_panic_handler(void (*make_safe)(void));

/*! Ends an impossible state, which is always our own bug: latch to its safe
 * state, log line, reboot. Never for input from outside. */
void port_panic(const char *what) __attribute__((noreturn));

/*! Panics unless `condition` holds. */
#define PORT_ASSERT(condition)                \
  do {                                        \
    if (!(condition)) port_panic(#condition); \
  } while (0)

#endif
