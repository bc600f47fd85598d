/*! Stand-in for the sntp library. */
#ifndef SHIM_MGOS_SNTP_H
#define SHIM_MGOS_SNTP_H

double mgos_sntp_get_last_synced_uptime(void);

#endif
