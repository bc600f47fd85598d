/*! The answers of the device's own shadow, as AWS IoT words them (PROTOCOL D4).
 *
 * A device hears three topics and no other: what `desired` says is nobody's
 * command, so a long document there costs one message at most. An answer
 * repeats what its request said, and its token shows who asked. Knows JSON and
 * the shadow's envelope, never what a report says nor when to send one.
 */
#ifndef CORE_SHADOW_H
#define CORE_SHADOW_H

#include <stddef.h>
#include <stdint.h>

/*! What every topic of a shadow begins with; the thing's name follows. */
#define SHADOW_PREFIX "$aws/things/"

/*! What follows the thing's name: a lock's classic shadow, and the shadow of
 * its own that a button has. */
#define SHADOW_OF_LOCK "/shadow"
#define SHADOW_OF_BUTTON "/shadow/name/button"

/*! What follows that where updates are sent. */
#define SHADOW_UPDATE "/update"

/*! The topics of the answers. */
enum shadow_topic {
  SHADOW_UPDATE_ACCEPTED, /*!< `{"state":…,"version":17,"timestamp":1763779513,
                               "clientToken":"7-12"}` */
  SHADOW_UPDATE_REJECTED, /*!< `{"code":413,"clientToken":"7-12"}` */
  SHADOW_DELETE_ACCEPTED, /*!< `{"version":17}` */
  SHADOW_TOPICS
};

/*! One answer, as far as a device must know it. */
struct shadow_answer {
  enum shadow_topic topic;
  int is_readable;      /*!< 0: no valid JSON object; nothing below is known. */
  int changes_reported; /*!< Accepted: `reported`, or the whole state, was in
                           the request. */
  uint64_t boot_count;  /*!< Of the token `<boot count>-<number>`. */
  uint64_t number;      /*!< 0: no token, or one that no device writes. */
  uint64_t version;     /*!< Of the shadow after the request; 0 = not said. */
  uint64_t code;        /*!< Rejected: why; 0 = not said. */
  uint64_t second;      /*!< The server's time, since 1970; 0 = not said. */
};

/*! Reads `length` bytes (no NUL needed) that arrived on `topic`. Anything is
 * taken, and what cannot be read is said in the answer: a message of the shadow
 * means something even where its text does not. */
void shadow_read(enum shadow_topic topic, const char *payload, size_t length,
                 struct shadow_answer *answer);

/*! What follows the shadow's name, e.g. "/update/accepted". */
const char *shadow_suffix(enum shadow_topic topic);

#endif
