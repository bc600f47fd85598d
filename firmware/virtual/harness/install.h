/*! The flash of an installed board. It knows where the application keeps its
 * journal. */
#ifndef HARNESS_INSTALL_H
#define HARNESS_INSTALL_H

/*! Writes a journal that says locked into the flash in the working directory,
 * unless there is one: version 0, as of a lock without a command yet. A board
 * with a blank journal may have lost it, and refuses commands that were issued
 * before or just after its power-on (PROTOCOL D1). Returns 0, or a negative
 * code. */
int harness_install(void);

#endif
