/*! Sends the lock's reports like the app, simulates the shadow, and tests
 * core/reporter and core/shadow against D3, D4 and S7: only one answer gives
 * the time; a change is reported at once; refusals, repeats and the door at
 * most every two seconds, but always the last of them; retries end with the
 * last report's own answer; foreign writes are overwritten ever more slowly;
 * nothing is sent sooner. */
#ifndef COURIER_H
#define COURIER_H

#include "world.h"

/*! An empty shadow. */
void courier_start(void);

/*! Power-on: a report is due. */
void courier_boot(void);

/*! Latch or journal changed. */
void courier_changed(void);

/*! A command was refused or repeated. */
void courier_mention(void);

/*! The door moved. */
void courier_door(void);

/*! The connection to the shadow opens or closes. */
void courier_connect(int connected);

/*! Sends a report if one is due. */
void courier_poll(const struct world *world);

/*! The shadow takes a delayed update, and records the second; the attacker then
 * holds its answer. */
void courier_hold(const struct world *world, unsigned how);

/*! Delivers an answer: to one of our updates, to a foreign one, to one of the
 * previous boot, or a damaged one; in order, late, or twice. Only the one that
 * accepts the last update may set the clock. */
void courier_answer(struct world *world, unsigned how);

#endif
