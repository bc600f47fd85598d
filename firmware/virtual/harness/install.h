/*! The flash of a board that was installed before. Knows where the application
 * keeps its journal. */
#ifndef HARNESS_INSTALL_H
#define HARNESS_INSTALL_H

/*! Writes a journal that says locked, where there is none, into the flash in the
 * working directory: version 0, as of a lock that no cloud has commanded yet. A
 * board whose journal is blank may have lost it, and refuses what was issued
 * before or just after its power-on (PROTOCOL D1). Returns 0, or a negative code. */
int harness_install(void);

#endif
