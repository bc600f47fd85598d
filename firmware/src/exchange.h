/*! The thin side of the shadow exchange: topics, sending, and the clock that
 * the answers set. What is due when, and what an answer means, core/reporter.h
 * and core/shadow.h decide; what an update says, the role. One exchange a
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

/*! Starts the exchange with a shadow of the device's own: SHADOW_OF_LOCK or
 * SHADOW_OF_BUTTON. Listens to its answers; whoever listens to more does so
 * after this. The first update leaves with the first tick of an open
 * connection. */
void exchange_start(const char *shadow, exchange_format format);

/*! When updates are due: note what happened here, the tick sends. */
struct reporter *exchange_reporter(void);

/*! Sends an update if one is due. For the roles' ticks alone. */
void exchange_tick(void);

/*! Whether the broker has granted every topic of this device. */
bool exchange_is_open(void);

/*! Whether the shadow has answered all there is to say. */
bool exchange_is_answered(void);

#endif
