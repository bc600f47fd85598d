/*! Implements health.h. */
#include "health.h"

#include "clock.h"
#include "report.h"
#include "text.h"

int health_format_update(const struct health *health, const struct moment *now,
                         char *out, size_t size, size_t *length) {
  const uint64_t uncertainty_ms = now->latest_ms - now->earliest_ms;
  struct text text;
  text_start(&text, out, size);
  text_add_string(&text, "{\"state\":{\"reported\":{");
  report_write_device(&text, health->boot_count,
                      moment_has_time(now) ? &uncertainty_ms : NULL,
                      health->firmware, health->rssi_dbm);
  text_format(&text, "\"supplyMv\":%lu,\"sequence\":",
              (unsigned long) health->supply_mv);
  text_add_nullable(&text, health->sequence != 0 ? &health->sequence : NULL);
  text_add_string(&text, ",\"lastPress\":");
  if (health->press == PRESS_NONE) {
    text_add_string(&text, "null");
  } else {
    text_format(&text, "{\"clickType\":\"%s\",\"pressedAt\":",
                press_name(health->press));
    text_add_nullable(&text,
                      health->pressed_ms != 0 ? &health->pressed_ms : NULL);
    text_add_string(&text, "}");
  }
  text_format(&text, "}},\"clientToken\":\"%lu-%lu\"}",
              (unsigned long) health->boot_count,
              (unsigned long) health->number);
  return text_finish(&text, length);
}
