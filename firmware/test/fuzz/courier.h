/*! Sends the lock's reports as the app does, plays the shadow that answers, and
 * holds core/reporter and core/shadow to D3, D4 and S7: one answer alone tells
 * the time, a change at once, refusals,
 * repeats and the door at most every two seconds and the last of them always,
 * retries until the last report's own answer, another's write covered ever more
 * slowly, and no report sooner than that. */
#ifndef COURIER_H
#define COURIER_H

#include "world.h"

/*! A shadow that nobody has written. */
void courier_start(void);

/*! Power-on: a report is due. */
void courier_boot(void);

/*! Latch or journal changed. */
void courier_changed(void);

/*! A command was refused or repeated. */
void courier_mention(void);

/*! The door moved. */
void courier_door(void);

/*! The way to the shadow opens or closes. */
void courier_connect(int connected);

/*! Sends a report where one is wanted. */
void courier_poll(const struct world *world);

/*! The shadow takes an update that was held on its way, and notes the second;
 * its answer is held from then on. */
void courier_hold(const struct world *world, unsigned how);

/*! An answer comes: to one of our updates, to another's, to one of the boot
 * before, or a damaged one; in order, late, or twice. Only the one that accepts
 * the last update may set the clock. */
void courier_answer(struct world *world, unsigned how);

#endif
