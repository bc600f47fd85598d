/*! The command a lock obeys, and its strict parser (PROTOCOL section 2, D6).
 *
 * Shape: {"v":1,"action":"unlock","version":1763779512345,"commandId":"01J…",
 * "issuedAt":1763779512,"expiresAt":1763779542}; a lock needs no expiresAt.
 * Unknown members must be valid JSON and are ignored; a change of meaning
 * raises `v`. Must not know: latches, clocks, flash. */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include <stddef.h>
#include <stdint.h>

/*! Longest payload a lock takes; the cloud sends shorter ones. */
#define COMMAND_TAKEN_BYTES_MAX 512

/*! Longest command id a lock takes; ids consist of [A-Za-z0-9._:-]. */
#define COMMAND_ID_TAKEN_CHARS_MAX 47

/*! What a command asks for. */
enum action { ACTION_LOCK = 1, ACTION_UNLOCK = 2 };

/*! A command that passed the parser. */
struct command {
  uint64_t version;   /*!< 1 … 2^53 - 1, see PROTOCOL C5. */
  uint64_t issued_s;  /*!< Seconds since 1970. */
  uint64_t expires_s; /*!< Seconds since 1970; 0 for a lock without one. */
  enum action action;
  char id[COMMAND_ID_TAKEN_CHARS_MAX + 1];
};

/*! Why a payload is not a command. */
enum command_error {
  COMMAND_OVERSIZE = -16,  /*!< Longer than COMMAND_TAKEN_BYTES_MAX. */
  COMMAND_SYNTAX = -17,    /*!< Not exactly one JSON object. */
  COMMAND_DUPLICATE = -18, /*!< A known member occurs twice. */
  COMMAND_TYPE = -19,      /*!< A member has the wrong JSON type. */
  COMMAND_PROTOCOL = -20,  /*!< `v` is not 1. */
  COMMAND_ACTION = -21,    /*!< Neither lock nor unlock. */
  COMMAND_RANGE = -22,     /*!< Version 0, a number >= 2^53, or a bad id. */
  COMMAND_MISSING = -23    /*!< A required member is absent. */
};

/*! Parses `length` bytes (no NUL needed) into `command`.
 * Errors: enum command_error; `command` is then undefined. */
int command_parse(const char *payload, size_t length, struct command *command);

/*! Name of a command_error for logs and test vectors, e.g. "duplicate". */
const char *command_error_name(int error);

#endif
