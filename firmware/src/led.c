/*! Implements led.h. */
#include "led.h"

#include "mgos.h"
#include "port.h"

#define TICK_MS 50

static struct {
  struct indicator indicator;
  int pin;
  bool on_level;
  bool lit;
} s_led = {.pin = -1};

static uint64_t uptime_ms(void) {
  struct moment now;
  port_now(&now);
  return now.uptime_ms;
}

static void on_tick(void *arg) {
  bool lit = indicator_is_lit(&s_led.indicator, uptime_ms());
  (void) arg;
  if (lit == s_led.lit) return;
  s_led.lit = lit;
  mgos_gpio_write(s_led.pin, lit == s_led.on_level);
}

void led_start(void) {
  int pin = mgos_sys_config_get_pins_led();
  s_led.on_level = mgos_sys_config_get_led_on_level() != 0;
  if (pin < 0) return;
  if (!mgos_gpio_setup_output(pin, !s_led.on_level)) {
    LOG(LL_ERROR, ("LED: pin %d cannot be an output", pin));
    return;
  }
  s_led.pin = pin;
  indicator_show(&s_led.indicator, INDICATOR_NO_NETWORK, uptime_ms());
  mgos_set_timer(TICK_MS, MGOS_TIMER_REPEAT, on_tick, NULL);
}

void led_show(enum indicator_state state) {
  indicator_show(&s_led.indicator, state, uptime_ms());
}

void led_flash(unsigned count) {
  indicator_flash(&s_led.indicator, count, uptime_ms());
}
