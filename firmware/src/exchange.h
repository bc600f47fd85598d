/*! The platform side of the shadow exchange: topics, sending, and the clock
 * that the answers set. core/reporter.h and core/shadow.h decide what is due
 * and what an answer means; the role formats the updates. One exchange per
 * device. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "moment.h"
#include "reporter.h"

/*! Longest update, NUL included. */
#define EXCHANGE_BYTES_MAX 704

/*! Writes the update of this number, as of `now`. Errors: CORE_ESPACE. */
typedef int (*exchange_format)(uint32_t number, const struct moment *now,
                               char *out, size_t size, size_t *length);

/*! Starts the exchange with the device's own shadow: SHADOW_OF_LOCK or
 * SHADOW_OF_BUTTON. Subscribes to its answers; call it before any other
 * topics_listen. The first tick of an open connection sends the first update.
 */
void exchange_start(const char *shadow, exchange_format format);

/*! When updates are due: record events here, and the tick sends. */
struct reporter *exchange_reporter(void);

/*! Sends an update if one is due. Called only from the roles' ticks. */
void exchange_tick(void);

/*! Whether the broker has granted every topic of this device. */
bool exchange_is_open(void);

/*! Whether the shadow has answered every report. */
bool exchange_is_answered(void);

#endif
