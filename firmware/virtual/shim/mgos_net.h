/*! The part of Mongoose OS's mgos_net.h that the app uses. */
#ifndef SHIM_MGOS_NET_H
#define SHIM_MGOS_NET_H

#define MGOS_EVENT_GRP_NET MGOS_EVENT_BASE('N', 'E', 'T')
enum mgos_net_event {
  MGOS_NET_EV_DISCONNECTED = MGOS_EVENT_GRP_NET,
  MGOS_NET_EV_CONNECTING,
  MGOS_NET_EV_CONNECTED,
  MGOS_NET_EV_IP_ACQUIRED,
};
enum mgos_net_if_type {
  MGOS_NET_IF_TYPE_WIFI,
  MGOS_NET_IF_TYPE_ETHERNET,
  MGOS_NET_IF_TYPE_PPP,
};
/* The real one also carries the addresses. */
struct mgos_net_event_data {
  enum mgos_net_if_type if_type;
  int if_instance;
};

#endif
