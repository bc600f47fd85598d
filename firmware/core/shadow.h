/*! The answers of the device's own shadow, as AWS IoT writes them (PROTOCOL
 * D4). A device listens to three topics only: nothing in `desired` is a
 * command, so a long document there costs one message at most. An answer
 * repeats its request, whose token shows who sent it. Knows JSON and the
 * shadow's envelope, never the contents of a report nor when to send one. */
#ifndef CORE_SHADOW_H
#define CORE_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*! Prefix of every topic of a shadow, before the thing's name. */
#define SHADOW_PREFIX "$aws/things/"

/*! After the thing's name: a lock's classic shadow, and a button's own one;
 * then where updates are sent. */
#define SHADOW_OF_LOCK "/shadow"
#define SHADOW_OF_BUTTON "/shadow/name/button"
#define SHADOW_UPDATE "/update"

/*! The topics of the answers. */
enum shadow_topic {
  SHADOW_UPDATE_ACCEPTED, /*!< `{"state":…,"version":17,
                               "timestamp":1763779513,"clientToken":"7-12"}` */
  SHADOW_UPDATE_REJECTED, /*!< `{"code":413,"clientToken":"7-12"}` */
  SHADOW_DELETE_ACCEPTED, /*!< `{"version":17}` */
  SHADOW_TOPIC_COUNT
};

/*! What a device needs of one answer. */
struct shadow_answer {
  enum shadow_topic topic;
  bool is_readable;      /*!< False: not a JSON object; the rest is zero. */
  bool changes_reported; /*!< Accepted: the request held `reported`, or replaced
                              the whole state. */
  uint64_t boot_count;   /*!< Of the token `<boot count>-<number>`. */
  uint64_t number;       /*!< 0: no token, or none that a device writes. */
  uint64_t version;      /*!< Of the shadow after the request; 0 = missing. */
  uint64_t code;         /*!< Rejected: why; 0 = missing. */
  uint64_t second;       /*!< The server's time, since 1970; 0 = missing. */
};

/*! Reads `length` bytes (no NUL needed) that arrived on `topic`. Accepts
 * anything and records in the answer whether it could be read: a message of the
 * shadow means something even if its text does not. */
void shadow_read_answer(enum shadow_topic topic, const char *payload,
                        size_t length, struct shadow_answer *answer);

/*! The part of a topic after the shadow's name, e.g. "/update/accepted". */
const char *shadow_suffix(enum shadow_topic topic);

#endif
