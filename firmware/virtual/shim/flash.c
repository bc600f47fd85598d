/*! Implements flash.h: what a write leaves in the flash when the power fails.
 */
#define SHIM_FLASH_SELF
#include "flash.h"

#include <stdbool.h>

/* Defined by the virtual device. */
enum { BEFORE_ERASE, AFTER_ERASE, BEFORE_WRITE, AFTER_WRITE };
void shim_power_reach(int point);
size_t shim_power_write_bytes_max(void);
void shim_power_off(void);
void shim_flash_save(void);

/* The app writes one file at a time. */
static FILE *s_written;
static size_t s_written_bytes;

FILE *shim_fopen(const char *path, const char *mode) {
  bool writes = mode[0] == 'w';
  FILE *file;
  if (writes) shim_power_reach(BEFORE_WRITE);
  file = fopen(path, mode);
  if (writes && file != NULL) {
    s_written = file;
    s_written_bytes = 0;
  }
  return file;
}

size_t shim_fwrite(const void *data, size_t size, size_t count, FILE *file) {
  size_t bytes = size * count;
  size_t left;
  if (file != s_written) return fwrite(data, size, count, file);
  left = shim_power_write_bytes_max() - s_written_bytes;
  if (bytes >= left) {
    (void) fwrite(data, 1, left, file);
    (void) fflush(file);
    shim_power_off();
  }
  s_written_bytes += bytes;
  return fwrite(data, size, count, file);
}

/* Closing a file saves it, which takes the time of a save. */
int shim_fclose(FILE *file) {
  const bool saves = file == s_written;
  int status;
  if (saves) shim_flash_save();
  status = fclose(file);
  if (saves) {
    s_written = NULL;
    shim_power_reach(AFTER_WRITE);
  }
  return status;
}

int shim_remove(const char *path) {
  int status;
  shim_power_reach(BEFORE_ERASE);
  status = remove(path);
  shim_power_reach(AFTER_ERASE);
  return status;
}
