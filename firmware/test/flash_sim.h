/*! Flash with a power switch: two slots in memory, where power can fail after
 * any byte, and reads or writes can be made to fail. */
#ifndef FLASH_SIM_H
#define FLASH_SIM_H

#include <stdint.h>

#include "slot.h"

#define FLASH_SIM_BYTES 128
#define FLASH_SIM_UNLIMITED -1
#define FLASH_SIM_BOTH 2

struct flash_sim {
  uint8_t slots[2][FLASH_SIM_BYTES];
  long steps_left; /*!< Bytes until power fails, or FLASH_SIM_UNLIMITED. */
  long steps;      /*!< Bytes erased or written so far. */
  int writes_fail;
  int reads_fail_slot; /*!< Slot whose reads fail, FLASH_SIM_BOTH, or -1. */
  int drops_writes;    /*!< Writes report success and store nothing. */
  struct flash flash;
};

/*! Blank flash with power. */
void flash_sim_start(struct flash_sim *sim);

/*! Power returns, and stays. */
void flash_sim_power(struct flash_sim *sim);

#endif
