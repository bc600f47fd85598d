/*! CRC-32 (IEEE 802.3, reflected, as in zlib): tells a whole record, or a
 * report as it was written, from one that was changed by accident. Proves
 * nothing about who wrote it.
 */
#ifndef CORE_CRC_H
#define CORE_CRC_H

#include <stddef.h>
#include <stdint.h>

/*! Returns the CRC-32 of `length` bytes. */
uint32_t crc_of(const void *data, size_t length);

#endif
