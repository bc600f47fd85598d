/*! Tests of core/command.h: the shared vectors, and every way to cut or damage
 * a good command (D6). */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "scan.h"
#include "vectors_types.h"

#include "vectors.h"

/* Parses from memory of exactly that size, so that the sanitizer detects any
 * read past the end: payloads have no final NUL. */
static int parse(const char *payload, size_t length, struct command *command) {
  char *exact = malloc(length == 0 ? 1 : length);
  int status;
  memcpy(exact, payload, length);
  status = command_parse(exact, length, command);
  free(exact);
  return status;
}

static void the_shared_vectors_hold(void) {
  size_t i;
  for (i = 0; i < COUNT_OF(command_vectors); i++) {
    const struct command_vector *v = &command_vectors[i];
    struct command command;
    int status = parse(v->payload, v->length, &command);
    CHECK(v->name, strcmp(command_error_name(status), v->expect) == 0);
    if (status != CORE_OK) continue;
    CHECK(v->name, command.version == v->command.version);
    CHECK(v->name, command.issued_s == v->command.issued_s);
    CHECK(v->name, command.expires_s == v->command.expires_s);
    CHECK(v->name, command.action == v->command.action);
    CHECK(v->name, strcmp(command.id, v->command.id) == 0);
  }
}

static const char good[] =
    "{\"v\":1,\"action\":\"unlock\",\"version\":1763779512345,\"commandId\":"
    "\"01JD2Z8W3E\",\"issuedAt\":1763779512,\"expiresAt\":1763779542,"
    "\"x\":[{\"y\":\"\\u00e9\"},-1.5e+3,true,null]}";

static void a_command_cut_at_any_byte_is_refused(void) {
  struct command command;
  size_t length;
  CHECK("whole", parse(good, strlen(good), &command) == CORE_OK);
  for (length = 0; length < strlen(good); length++) {
    CHECK("cut", parse(good, length, &command) == COMMAND_SYNTAX);
  }
}

static int is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void no_vector_cut_at_any_byte_is_a_command(void) {
  struct command command;
  size_t i, length, cuts = 0;
  for (i = 0; i < COUNT_OF(command_vectors); i++) {
    const struct command_vector *v = &command_vectors[i];
    if (strcmp(v->expect, "ok") != 0) continue;
    /* White space after a command may be cut. */
    for (length = v->length; is_space(v->payload[length - 1]);) length--;
    while (length-- > 0) {
      CHECK(v->name, parse(v->payload, length, &command) == COMMAND_SYNTAX);
      cuts++;
    }
  }
  CHECK("there are vectors", cuts > 3000);
}

static void a_command_damaged_at_any_byte_never_turns_into_another_action(
    void) {
  char damaged[sizeof(good)];
  struct command command;
  size_t at;
  int byte;
  for (at = 0; at < strlen(good); at++) {
    for (byte = 0; byte < 256; byte++) {
      memcpy(damaged, good, sizeof(good));
      damaged[at] = (char) byte;
      if (parse(damaged, strlen(good), &command) == CORE_OK) {
        CHECK("action", command.action == ACTION_UNLOCK);
        CHECK("version",
              command.version > 0 && command.version < SCAN_INTEGER_LIMIT);
        CHECK("id", command.id[0] != '\0' && strlen(command.id) <= 47);
      }
    }
  }
}

void command_tests(void) {
  RUN(the_shared_vectors_hold);
  RUN(a_command_cut_at_any_byte_is_refused);
  RUN(no_vector_cut_at_any_byte_is_a_command);
  RUN(a_command_damaged_at_any_byte_never_turns_into_another_action);
}
