/*! Stand-in for the part of the shadow library that the app uses. */
#ifndef SHIM_MGOS_SHADOW_H
#define SHIM_MGOS_SHADOW_H

#include "mgos.h"

#define MGOS_SHADOW_BASE MGOS_EVENT_BASE('S', 'D', 'W')
enum mgos_shadow_event {
  MGOS_SHADOW_GET = MGOS_SHADOW_BASE,
  MGOS_SHADOW_UPDATE,
  MGOS_SHADOW_CONNECTED,
  MGOS_SHADOW_GET_ACCEPTED,
  MGOS_SHADOW_GET_REJECTED,
  MGOS_SHADOW_UPDATE_ACCEPTED,
  MGOS_SHADOW_UPDATE_REJECTED,
  MGOS_SHADOW_UPDATE_DELTA,
};
struct mgos_shadow_error {
  int code;
  struct mg_str message;
};
bool mgos_shadow_updatef(uint64_t version, const char *state_jsonf, ...);

#endif
