/*! Replaces the app's file calls: the virtual device's power may fail at each.
 * Included after the system's headers. */
#ifndef SHIM_FLASH_H
#define SHIM_FLASH_H

#include <stdio.h>

FILE *shim_fopen(const char *path, const char *mode);
size_t shim_fwrite(const void *data, size_t size, size_t count, FILE *file);
int shim_fclose(FILE *file);
int shim_remove(const char *path);

#ifndef SHIM_FLASH_SELF
#define fopen shim_fopen
#define fwrite shim_fwrite
#define fclose shim_fclose
#define remove shim_remove
#endif

#endif
