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

/*! Longest topic that port_topic writes, NUL included. */
#define PORT_TOPIC_BYTES_MAX 192

/*! A two-slot record kept as two files, NAME.0 and NAME.1. Two files, because a
 * file system may damage the whole of a file whose writing is cut. */
struct port_record {
  const char *name; /*!< At most 20 characters. */
  struct flash flash;
};

/*! Reads uptime, and what port_clock says of the time. */
void port_now(struct moment *now);

/*! The device's one clock; the answers of its shadow set it. */
struct clock *port_clock(void);

/*! Calls `callback` from the main loop, as soon as what runs now is done; never
 * twice for one call of it that is due. A handler notes what happened and asks
 * for this: what it did itself would take time in which edges of its pin are
 * lost. */
void port_soon(void (*callback)(void));

/*! Prepares `record` for use as flash; `record` must stay where it is. */
void port_record_start(struct port_record *record, const char *name);

/*! How often flash was written since boot. Each time takes tens of
 * milliseconds, in which edges of a pin may be missed. */
uint32_t port_saves(void);

/*! The thing's name: aws.thing_name, else device.id; never NULL. It is computed
 * here and stored nowhere, so that a later change of device.id takes effect. */
const char *port_thing(void);

/*! Writes prefix + thing's name + middle + suffix. Errors: CORE_ESPACE. */
int port_topic(const char *prefix, const char *middle, const char *suffix,
               char *out, size_t size);

/*! Signal strength in dBm; 0 where there is no Wi-Fi. */
int32_t port_rssi(void);

/*! A number for jitter; never for anything secret. */
uint32_t port_random(void);

/*! Ends the MQTT connection, or the attempt at one, at the next poll. Not by
 * mgos_mqtt_global_disconnect: that waits until its last packet has left, which
 * it never does while a handshake hangs or the way is dead. */
void port_close_connection(void);

/*! How often this device has booted, this time included; counted in flash at
 * the first call. */
uint32_t port_boots(void);

/*! Whether flash holds that count: another boot will not have the same one. */
bool port_boot_is_counted(void);

/*! Names what port_panic calls first: it puts the latch into its safe state. */
void port_on_panic(void (*make_safe)(void));

/*! Ends a state that cannot be, which is always our own bug: latch to its safe
 * state, a line in the log, reboot. Never for input from outside. */
void port_panic(const char *what) __attribute__((noreturn));

/*! Panics unless `condition` holds. */
#define PORT_ASSERT(condition)                \
  do {                                        \
    if (!(condition)) port_panic(#condition); \
  } while (0)

#endif
