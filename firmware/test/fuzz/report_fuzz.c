/*! Fuzzes core/report: any report is one valid object that says what it was
 * given, and only an echo that says the same ends the retries (D4).
 *
 * Input: 32 bytes that make the report, a byte that says how the echo is made,
 * then bytes that damage it, or are it. */
#include <string.h>

#include "json_tree.h"
#include "report.h"
#include "require.h"
#include "status.h"

#define MADE_OF 32
#define STATE_BYTES_MAX 1500

static struct json_tree s_sent, s_state;

static void name(char *out, size_t most, uint8_t seed) {
  static const char letters[] = "abcXYZ019._:-";
  size_t i, length = seed % (most + 1);
  for (i = 0; i < length; i++) out[i] = letters[(seed * 7u + i) % 13];
}

static void make_report(const uint8_t *d, struct report *report) {
  memset(report, 0, sizeof(*report));
  report->latch = (enum latch) (d[0] % 2);
  report->source = (enum source) (d[1] % 4);
  report->door = (enum door) (d[2] % 3);
  report->result = (enum result) (d[3] % 3);
  report->refusal = (enum refusal) (d[4] % 6);
  report->clock_is_good = d[5] & 1;
  memcpy(&report->rssi_dbm, d + 6, 4);
  memcpy(&report->boot_count, d + 10, 4);
  memcpy(&report->version, d + 14, 8);
  name(report->command_id, COMMAND_ID_CHARS_MAX, d[22]);
  name(report->refused_id, COMMAND_ID_CHARS_MAX, d[23]);
  memcpy(report->firmware, "1.0.0", 6);
}

/* The value of the root's member `key` as written, or nothing. */
static int has(const struct json_tree *tree, const char *key,
               const char *written) {
  int i;
  for (i = json_tree_next(tree, 0, 0); i >= 0; i = json_tree_next(tree, 0, i)) {
    const struct json_node *node = &tree->nodes[i];
    if (json_tree_is(tree, node->key, key)) {
      return node->to - node->from == strlen(written) &&
             memcmp(tree->data + node->from, written, strlen(written)) == 0;
    }
  }
  return 0;
}

static void require_it_says_so(const struct report *report) {
  static const char *const results[] = {"\"none\"", "\"executed\"",
                                        "\"expired\""};
  static const char *const sources[] = {"\"boot\"", "\"remote\"", "\"auto\"",
                                        "\"manual\""};
  static const char *const doors[] = {"null", "\"open\"", "\"closed\""};
  char written[64];
  REQUIRE(has(&s_sent, "lock", report->latch == LATCH_LOCKED ? "\"locked\""
                                                              : "\"unlocked\""),
          "lock");
  REQUIRE(has(&s_sent, "result", results[report->result]), "result");
  REQUIRE(has(&s_sent, "source", sources[report->source]), "source");
  REQUIRE(has(&s_sent, "door", doors[report->door]), "door");
  REQUIRE(has(&s_sent, "clock",
              report->clock_is_good ? "\"synced\"" : "\"unsynced\""),
          "clock");
  (void) snprintf(written, sizeof(written), "%llu",
                  (unsigned long long) report->version);
  REQUIRE(has(&s_sent, "version", written), "version");
  (void) snprintf(written, sizeof(written), "%ld", (long) report->rssi_dbm);
  REQUIRE(has(&s_sent, "rssi", written), "rssi");
  (void) snprintf(written, sizeof(written), "%lu",
                  (unsigned long) report->boot_count);
  REQUIRE(has(&s_sent, "bootCount", written), "bootCount");
  (void) snprintf(written, sizeof(written), "\"%s\"", report->command_id);
  REQUIRE(has(&s_sent, "commandId", written), "commandId");
  REQUIRE((report->refusal == REFUSAL_NONE) == has(&s_sent, "refused", "null"),
          "refused");
}

/* The members in another order, without those that are null, and maybe one
 * taken away that is not; then it is no echo. */
static size_t shuffle(uint8_t how, uint8_t *out, int *lacks) {
  int members[16], count = 0, i, first;
  size_t length = 0;
  for (i = json_tree_next(&s_sent, 0, 0); i >= 0;
       i = json_tree_next(&s_sent, 0, i)) {
    members[count++] = i;
  }
  memcpy(out, "{\"reported\" : {", 15);
  length = 15;
  first = how % count;
  *lacks = 0;
  for (i = 0; i < count; i++) {
    const struct json_node *node = &s_sent.nodes[members[(first + i) % count]];
    size_t bytes = node->to - node->key_from + 1;
    if (node->kind == 'z' && (how & 0x40)) continue;
    if (i == 0 && (how & 0x80) && node->kind != 'z') {
      *lacks = 1;
      continue;
    }
    if (out[length - 1] != '{') out[length++] = ',';
    memcpy(out + length, s_sent.data + node->key_from - 1, bytes);
    length += bytes;
  }
  memcpy(out + length, "}}", 2);
  return length + 2;
}

/* Whether `state` is an object whose last `reported` is the report sent. */
static int is_echo(const uint8_t *state, size_t size) {
  int i, equal = 0;
  if (!json_tree_read(&s_state, state, size)) return 0;
  for (i = json_tree_next(&s_state, 0, 0); i >= 0;
       i = json_tree_next(&s_state, 0, i)) {
    if (json_tree_is(&s_state, s_state.nodes[i].key, "reported")) {
      equal = s_state.nodes[i].kind == 'o' &&
              json_tree_same(&s_sent, 0, &s_state, i);
    }
  }
  return equal;
}

static void require_verdict(const struct report *report, const uint8_t *state,
                            size_t size, int expected) {
  struct reporter reporter;
  struct moment now = {5, 0, 0, 0};
  REQUIRE(report_is_echoed(report, (const char *) state, size) == expected,
          "an echo is one that says the same");
  reporter_start(&reporter, 900000);
  REQUIRE(!reporter_accepted(&reporter, (const char *) state, size, &now),
          "nothing sent, nothing accepted");
  reporter_connected(&reporter, 1);
  REQUIRE(reporter_wants(&reporter, &now), "a boot is reported");
  reporter_sent(&reporter, report, &now, 3);
  REQUIRE(reporter_accepted(&reporter, (const char *) state, size, &now) ==
              expected,
          "only an echo is accepted");
  REQUIRE(!reporter_accepted(&reporter, (const char *) state, size, &now),
          "an echo is accepted once");
  now.uptime_ms += REPORT_RETRY_MOST_MS;
  REQUIRE(reporter_wants(&reporter, &now) == !expected,
          "retries end with the echo");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t state[STATE_BYTES_MAX];
  char text[REPORT_BYTES_MAX];
  struct report report;
  size_t length = 0, i;
  int lacks;
  uint8_t how;
  if (size <= MADE_OF || size > STATE_BYTES_MAX) return 0;
  make_report(data, &report);
  REQUIRE(report_format(&report, text, sizeof(text), &length) == CORE_OK,
          "any report fits");
  REQUIRE(json_tree_read(&s_sent, (const uint8_t *) text, length),
          "a report is valid JSON");
  require_it_says_so(&report);
  how = data[MADE_OF];
  data += MADE_OF + 1;
  size -= MADE_OF + 1;
  if ((how & 0x0f) == 0x0f) {
    require_verdict(&report, data, size, is_echo(data, size));
    return 0;
  }
  length = shuffle(how, state, &lacks);
  require_verdict(&report, state, length, !lacks);
  for (i = 0; i + 2 < size && i < 9; i += 3) {
    size_t at = (size_t) (data[i] << 8 | data[i + 1]) % length;
    state[at] = data[i + 2];
  }
  require_verdict(&report, state, length, is_echo(state, length));
  return 0;
}
