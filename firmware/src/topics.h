/*! The topics that a role listens to, and whether the broker has granted all of
 * them on this connection: what is sent before that may be answered to nobody.
 * Knows Mongoose OS's MQTT library, and not what a message means. */
#ifndef TOPICS_H
#define TOPICS_H

#include <stdbool.h>
#include <stddef.h>

/*! Most topics that can be listened to. */
#define TOPICS_MAX 4

/*! Takes one message: `length` bytes, no NUL behind them. It was acknowledged
 * before, and the network waits meanwhile. */
typedef void (*topics_handler)(const char *payload, size_t length,
                               const void *arg);

/*! Calls `on_open` with true each time that every topic has been granted, and
 * with false when the connection is over. */
void topics_start(void (*on_open)(bool is_open));

/*! Listens to `topic`, which holds no wildcard, from the next connection on; to
 * be called before the first. The library subscribes to the last one first. */
void topics_listen(const char *topic, topics_handler handler, const void *arg);

#endif
