/*! CRC-32 (IEEE 802.3, reflected, as in zlib): detects accidental changes of a
 * record or a report. Proves nothing about who wrote it. */
#ifndef CORE_CRC_H
#define CORE_CRC_H

#include <stddef.h>
#include <stdint.h>

/*! Returns the CRC-32 of `length` bytes. */
uint32_t crc_compute(const void *data, size_t length);

#endif
