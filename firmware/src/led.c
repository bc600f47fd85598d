/*! Implements led.h. */
#include "led.h"

#include "mgos.h"

#define FLASH_MS 120

static struct {
  int pin;
  bool on_level;
  bool steady;
  bool lit;
  int edges; /* Changes left in the flashes under way. */
  mgos_timer_id timer;
} s_led = {-1, false, false, false, 0, MGOS_INVALID_TIMER_ID};

static void show(bool lit) {
  s_led.lit = lit;
  if (s_led.pin >= 0) mgos_gpio_write(s_led.pin, lit == s_led.on_level);
}

static void flash_edge(void *arg) {
  (void) arg;
  if (s_led.edges > 0) {
    s_led.edges--;
    show(!s_led.lit);
    return;
  }
  mgos_clear_timer(s_led.timer);
  s_led.timer = MGOS_INVALID_TIMER_ID;
  show(s_led.steady);
}

void led_start(void) {
  s_led.pin = mgos_sys_config_get_pins_led();
  s_led.on_level = mgos_sys_config_get_led_on_level() != 0;
  if (s_led.pin >= 0 && !mgos_gpio_setup_output(s_led.pin, !s_led.on_level)) {
    LOG(LL_ERROR, ("LED: pin %d cannot be an output", s_led.pin));
    s_led.pin = -1;
  }
}

void led_steady(bool lit) {
  s_led.steady = lit;
  if (s_led.timer == MGOS_INVALID_TIMER_ID) show(lit);
}

void led_flash(int count) {
  s_led.edges = 2 * count;
  if (s_led.timer != MGOS_INVALID_TIMER_ID) return;
  s_led.timer = mgos_set_timer(FLASH_MS, MGOS_TIMER_REPEAT, flash_edge, NULL);
}
