/*! The part of the wifi library that the app uses. */
#ifndef SHIM_MGOS_WIFI_H
#define SHIM_MGOS_WIFI_H

int mgos_wifi_sta_get_rssi(void);

#endif
