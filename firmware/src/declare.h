/*! What this board is: role, wiring and the lock's behaviour, as the settings
 * state them or, if the settings file is missing or damaged, as they were kept
 * (PROTOCOL D8). Touches no pin. core/declaration.h and core/layer.h decide. */
#ifndef DECLARE_H
#define DECLARE_H

#include <stdbool.h>

#include "declaration.h"

/*! What this device is; ROLE_BOTH is ROLE_LOCK and ROLE_BUTTON. */
enum role { ROLE_NONE = 0, ROLE_LOCK = 1, ROLE_BUTTON = 2, ROLE_BOTH = 3 };

/*! The declaration in force; constant once declare_read has returned. */
const struct declaration *declare_in_force(void);

/*! Its source. DECLARATION_NONE: nothing may be driven, and the declaration
 * holds the settings, valid or not. */
enum declaration_source declare_source(void);

/*! The role in force. */
enum role declare_role(void);

/*! Reads settings, settings file and flash, and logs their errors. */
void declare_read(void);

/*! Keeps the stated declaration, once it is known to be good. */
void declare_keep(void);

#endif
