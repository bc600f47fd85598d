/*! Implements flash_sim.h. */
#include "flash_sim.h"

#include <string.h>

#include "status.h"

/* Spends the power of one byte. Returns 0 if none is left. */
static int step(struct flash_sim *sim) {
  if (sim->steps_left == 0) return 0;
  if (sim->steps_left > 0) sim->steps_left--;
  sim->steps++;
  return 1;
}

static int sim_read(void *context, unsigned slot, void *data, size_t length) {
  struct flash_sim *sim = context;
  if (sim->steps_left == 0 || (int) slot == sim->reads_fail_slot ||
      sim->reads_fail_slot == FLASH_SIM_BOTH) {
    return CORE_EIO;
  }
  memcpy(data, sim->slots[slot], length);
  return CORE_OK;
}

static int sim_write(void *context, unsigned slot, const void *data,
                     size_t length) {
  struct flash_sim *sim = context;
  size_t i;
  if (sim->writes_fail) return CORE_EIO;
  if (sim->drops_writes) return CORE_OK;
  for (i = 0; i < length; i++) {
    if (!step(sim)) return CORE_EIO;
    sim->slots[slot][i] = ((const uint8_t *) data)[i];
  }
  return CORE_OK;
}

static int sim_erase(void *context, unsigned slot) {
  struct flash_sim *sim = context;
  size_t i;
  for (i = 0; i < FLASH_SIM_BYTES; i++) {
    if (!step(sim)) return CORE_EIO;
    sim->slots[slot][i] = 0xff;
  }
  return CORE_OK;
}

void flash_sim_start(struct flash_sim *sim) {
  memset(sim, 0, sizeof(*sim));
  memset(sim->slots, 0xff, sizeof(sim->slots));
  sim->reads_fail_slot = -1;
  sim->flash.read = sim_read;
  sim->flash.write = sim_write;
  sim->flash.erase = sim_erase;
  sim->flash.context = sim;
  flash_sim_power(sim);
}

void flash_sim_power(struct flash_sim *sim) {
  sim->steps_left = FLASH_SIM_UNLIMITED;
}
