/*! The topics that a role subscribes to, and whether the broker has granted all
 * of them on this connection: answers to anything sent before are lost. Knows
 * Mongoose OS's MQTT library, but not what a message means. */
#ifndef TOPICS_H
#define TOPICS_H

#include <stdbool.h>
#include <stddef.h>

/*! Maximum number of topics. */
#define TOPICS_MAX 4

/*! Takes one message of `length` bytes, without a final NUL. The library has
 * already acknowledged it; the network waits until the handler returns. */
typedef void (*topics_handler)(const char *payload, size_t length,
                               const void *arg);

/*! Calls `on_open` with true each time that every topic has been granted, and
 * with false when the connection ends. */
void topics_start(void (*on_open)(bool is_open));

/*! Subscribes to `topic`, which has no wildcard, on every connection; to be
 * called before the first one. The library subscribes to the last topic first.
 */
void topics_listen(const char *topic, topics_handler handler, const void *arg);

#endif
