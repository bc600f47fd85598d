/*! Sends the lock's reports as the app does, and holds core/report to D4 and S7:
 * a change at once, refusals and repeats at most every two seconds and the last
 * of them always, retries until the last report's own echo. */
#ifndef COURIER_H
#define COURIER_H

#include "world.h"

/*! Power-on: a report is due. */
void courier_boot(void);

/*! Latch or journal changed. */
void courier_changed(void);

/*! A command was refused or repeated. */
void courier_mention(void);

/*! The way to the shadow opens or closes. */
void courier_connect(int connected);

/*! Sends a report where one is wanted. */
void courier_poll(const struct world *world);

/*! An echo comes: of the last report or the one before, whole or damaged. */
void courier_echo(const struct world *world, unsigned how);

#endif
