/*! The part of Mongoose OS's mgos.h that the app uses, with the same names,
 * types and values. Implemented by the virtual device. */
#ifndef SHIM_MGOS_H
#define SHIM_MGOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgos_config.h"

#define MGOS_HAVE_WIFI 1

struct mg_str {
  const char *p;
  size_t len;
};
struct mg_str mg_mk_str(const char *s);
struct mg_connection;

enum mgos_app_init_result {
  MGOS_APP_INIT_SUCCESS = 0,
  MGOS_APP_INIT_ERROR = -2,
};
enum mgos_app_init_result mgos_app_init(void);

enum cs_log_level {
  LL_NONE = -1,
  LL_ERROR = 0,
  LL_WARN = 1,
  LL_INFO = 2,
  LL_DEBUG = 3,
  LL_VERBOSE_DEBUG = 4,
};
int cs_log_print_prefix(enum cs_log_level level, const char *file, int line);
void cs_log_printf(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
#define LOG(l, x)                                     \
  do {                                                \
    if (cs_log_print_prefix(l, __FILE__, __LINE__)) { \
      cs_log_printf x;                                \
    }                                                 \
  } while (0)

enum mgos_gpio_pull_type {
  MGOS_GPIO_PULL_NONE = 0,
  MGOS_GPIO_PULL_UP = 1,
  MGOS_GPIO_PULL_DOWN = 2,
};
enum mgos_gpio_int_mode {
  MGOS_GPIO_INT_NONE = 0,
  MGOS_GPIO_INT_EDGE_POS = 1,
  MGOS_GPIO_INT_EDGE_NEG = 2,
  MGOS_GPIO_INT_EDGE_ANY = 3,
  MGOS_GPIO_INT_LEVEL_HI = 4,
  MGOS_GPIO_INT_LEVEL_LO = 5,
};
typedef void (*mgos_gpio_int_handler_f)(int pin, void *arg);
bool mgos_gpio_setup_output(int pin, bool level);
bool mgos_gpio_read(int pin);
void mgos_gpio_write(int pin, bool level);
bool mgos_gpio_set_button_handler(int pin, enum mgos_gpio_pull_type pull_type,
                                  enum mgos_gpio_int_mode int_mode,
                                  int debounce_ms, mgos_gpio_int_handler_f cb,
                                  void *arg);

#define MGOS_TIMER_REPEAT (1 << 0)
typedef void (*timer_callback)(void *param);
typedef uintptr_t mgos_timer_id;
mgos_timer_id mgos_set_timer(int msecs, int flags, timer_callback cb,
                             void *cb_arg);

double mgos_uptime(void);
void mgos_system_restart(void) __attribute__((noreturn));
size_t mgos_get_free_heap_size(void);
size_t mgos_get_min_free_heap_size(void);

#define MGOS_EVENT_BASE(a, b, c) ((a) << 24 | (b) << 16 | (c) << 8)
typedef void (*mgos_event_handler_t)(int ev, void *ev_data, void *userdata);
bool mgos_event_add_group_handler(int evgrp, mgos_event_handler_t cb,
                                  void *userdata);

#include "flash.h"
#include "mgos_net.h"
#include "mgos_utils.h"

#endif
