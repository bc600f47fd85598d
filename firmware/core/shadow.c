/*! Implements shadow.h. */
#include "shadow.h"

#include <string.h>

#include "scan.h"
#include "status.h"

static const char *const suffixes[] = {
    SHADOW_UPDATE "/accepted", SHADOW_UPDATE "/rejected", "/delete/accepted"};
CORE_ASSERT_COUNT(suffixes, SHADOW_TOPIC_COUNT);

const char *shadow_suffix(enum shadow_topic topic) { return suffixes[topic]; }

/* A device's token contains no escape, so its parts are read as written. */
static void read_token(const struct scan_value *token,
                       struct shadow_answer *answer) {
  struct scan_value part = {SCAN_NUMBER, NULL, 0};
  const char *dash;
  answer->number = 0;
  if (token->kind != SCAN_STRING) return;
  dash = memchr(token->at, '-', token->length);
  if (dash == NULL) return;
  part.at = token->at;
  part.length = (size_t) (dash - token->at);
  if (scan_read_unsigned(&part, &answer->boot_count) != CORE_OK) return;
  part.at = dash + 1;
  part.length = token->length - part.length - 1;
  (void) scan_read_unsigned(&part, &answer->number);
}

/* Whether the request's `state` changed `reported`: null clears all of it. */
static bool has_reported(const struct scan_value *state) {
  struct scan scan;
  struct scan_value key, value;
  if (state->kind != SCAN_OBJECT) return true;
  (void) scan_open(&scan, state->at, state->length);
  while (scan_next(&scan, &key, &value) > 0) {
    if (scan_equals(&key, "reported")) return true;
  }
  return false;
}

void shadow_read_answer(enum shadow_topic topic, const char *payload,
                        size_t length, struct shadow_answer *answer) {
  struct scan scan;
  struct scan_value key, value;
  int more;
  memset(answer, 0, sizeof(*answer));
  answer->topic = topic;
  if (scan_open(&scan, payload, length) != CORE_OK) return;
  while ((more = scan_next(&scan, &key, &value)) > 0) {
    if (scan_equals(&key, "state")) {
      answer->changes_reported = has_reported(&value);
    } else if (scan_equals(&key, "clientToken")) {
      read_token(&value, answer);
    } else if (scan_equals(&key, "version")) {
      (void) scan_read_unsigned(&value, &answer->version);
    } else if (scan_equals(&key, "code")) {
      (void) scan_read_unsigned(&value, &answer->code);
    } else if (scan_equals(&key, "timestamp")) {
      (void) scan_read_unsigned(&value, &answer->second);
    }
  }
  if (more == 0) {
    answer->is_readable = true;
    return;
  }
  memset(answer, 0, sizeof(*answer));
  answer->topic = topic;
}
