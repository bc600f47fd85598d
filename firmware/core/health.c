/*! Implements health.h. */
#include "health.h"

#include "clock.h"
#include "report.h"
#include "text.h"

int health_format_update(const struct health *health, const struct moment *now,
                         char *out, size_t size, size_t *length) {
  const char *const name = press_name(health->press);
  const uint64_t uncertainty_ms = now->latest_ms - now->earliest_ms;
  const uint64_t numbers[] = {health->supply_mv, health->sequence,
                              health->pressed_ms, health->boot_count,
                              health->number};
  struct text text;
  text_start(&text, out, size);
  text_string(&text, "{\"state\":{\"reported\":{");
  report_write_device(&text, health->boot_count,
                      moment_has_time(now) ? &uncertainty_ms : NULL,
                      health->firmware, health->rssi_dbm);
  text_fill(&text,
            health->sequence != 0
                ? "\"supplyMv\":#,\"sequence\":#,\"lastPress\":"
                : "\"supplyMv\":#,\"sequence\":null,\"lastPress\":",
            NULL, numbers);
  text_fill(&text,
            health->press == PRESS_NONE ? "null"
            : health->pressed_ms != 0
                ? "{\"clickType\":\"%\",\"pressedAt\":#}"
                : "{\"clickType\":\"%\",\"pressedAt\":null}",
            &name, numbers + 2);
  text_fill(&text, "}},\"clientToken\":\"#-#\"}", NULL, numbers + 3);
  return text_finish(&text, length);
}
