/*! Return codes shared by the core, and its compile-time assertions. Functions
 * that can fail return 0 or a negative code; outputs come last and are written
 * only on success. The caller provides memory and time: the core has no
 * operating system, heap or clock. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

/*! What a core function returns. */
enum core_status {
  CORE_OK = 0,
  CORE_EIO = -1,     /*!< Flash could not be read, written or verified. */
  CORE_EBLANK = -2,  /*!< Flash holds no valid record. */
  CORE_ESPACE = -3,  /*!< The caller's buffer is too small. */
  CORE_ESYNTAX = -4, /*!< Text is not the JSON that was expected. */
  CORE_EARG = -5     /*!< An argument is outside its documented range. */
};

/*! Fails the build when `condition` is false (C99 has no _Static_assert). */
#define CORE_ASSERT(name, condition) \
  typedef char core_assert_##name[(condition) ? 1 : -1]

/*! Fails the build unless `table` has one element per enumerator. */
#define CORE_ASSERT_COUNT(table, count) \
  CORE_ASSERT(table, sizeof(table) / sizeof((table)[0]) == (count))

#endif
