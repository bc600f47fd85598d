/*! Fuzzes core/report and core/shadow: any report is one valid object with the
 * given values, its update adds the token, and an answer is read as a
 * second, independent parser reads it (D4).
 *
 * Input: 32 bytes for the report, a byte for the answer's topic and kind, then
 * bytes that damage the answer, or are the answer. */
#include <string.h>

#include "json_tree.h"
#include "report.h"
#include "reporter.h"
#include "require.h"
#include "status.h"

#define MADE_OF 32
#define ANSWER_BYTES_MAX 1500

static struct json_tree s_sent, s_answer;

static void name(char *out, size_t most, uint8_t seed) {
  static const char letters[] = "abcXYZ019._:-";
  size_t i, length = seed % (most + 1);
  for (i = 0; i < length; i++) out[i] = letters[(seed * 7u + i) % 13];
}

static void make_report(const uint8_t *d, struct report *report) {
  memset(report, 0, sizeof(*report));
  report->latch = (enum latch)(d[0] % 2);
  report->source = (enum source)(d[1] % 4);
  report->door = (enum door)(d[2] % 3);
  report->result = (enum result)(d[3] % 3);
  report->refusal = (enum refusal)(d[4] % 7);
  report->has_time = d[5] & 1;
  report->settings = d[5] & 2 ? DECLARATION_KEPT : DECLARATION_STATED;
  memcpy(&report->uncertainty_ms, d + 14, 8);
  memcpy(&report->relock_ms, d + 28, 4);
  memcpy(&report->pulse_ms, d + 27, 4);
  memcpy(&report->rssi_dbm, d + 6, 4);
  memcpy(&report->boot_count, d + 10, 4);
  memcpy(&report->number, d + 24, 4);
  memcpy(&report->version, d + 14, 8);
  name(report->command_id, COMMAND_ID_TAKEN_CHARS_MAX, d[22]);
  name(report->refused_id, COMMAND_ID_TAKEN_CHARS_MAX, d[23]);
  report->firmware = "2.0.0";
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

/* The CRC-32 of the text up to the report's id, by a table, unlike the core. */
static uint32_t crc_before_id(const char *text, size_t length) {
  static const uint32_t table[] = {
      0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu,
      0x76dc4190u, 0x6b6b51f4u, 0x4db26158u, 0x5005713cu,
      0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu,
      0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu};
  static const char id[] = ",\"reportId\":";
  uint32_t crc = 0xffffffffu;
  size_t i;
  for (i = 0; i + sizeof(id) <= length; i++) {
    if (memcmp(text + i, id, sizeof(id) - 1) == 0) return ~crc;
    crc ^= (uint8_t) text[i];
    crc = (crc >> 4) ^ table[crc & 15];
    crc = (crc >> 4) ^ table[crc & 15];
  }
  REQUIRE(0, "a report has an id");
  return 0;
}

static void require_it_says_so(const struct report *report, const char *text,
                               size_t length) {
  static const char *const results[] = {"\"none\"", "\"executed\"",
                                        "\"expired\""};
  static const char *const sources[] = {"\"boot\"", "\"remote\"", "\"auto\"",
                                        "\"manual\""};
  static const char *const doors[] = {"null", "\"open\"", "\"closed\""};
  char written[64];
  REQUIRE(has(&s_sent, "lock",
              report->latch == LATCH_LOCKED ? "\"locked\"" : "\"unlocked\""),
          "lock");
  REQUIRE(has(&s_sent, "result", results[report->result]), "result");
  REQUIRE(has(&s_sent, "source", sources[report->source]), "source");
  REQUIRE(has(&s_sent, "door", doors[report->door]), "door");
  REQUIRE(
      has(&s_sent, "clock", report->has_time ? "\"synced\"" : "\"unsynced\""),
      "clock");
  (void) snprintf(written, sizeof(written), "%llu",
                  (unsigned long long) report->uncertainty_ms);
  REQUIRE(
      has(&s_sent, "clockUncertaintyMs", report->has_time ? written : "null"),
      "clockUncertaintyMs");
  REQUIRE(has(&s_sent, "settings",
              report->settings == DECLARATION_KEPT ? "\"kept\"" : "\"stated\""),
          "settings");
  (void) snprintf(written, sizeof(written), "%lu",
                  (unsigned long) report->relock_ms);
  REQUIRE(has(&s_sent, "relockMs", written), "relockMs");
  (void) snprintf(written, sizeof(written), "%lu",
                  (unsigned long) report->pulse_ms);
  REQUIRE(has(&s_sent, "pulseMs", written), "pulseMs");
  (void) snprintf(written, sizeof(written), "%llu",
                  (unsigned long long) report->version);
  REQUIRE(has(&s_sent, "version", written), "version");
  (void) snprintf(written, sizeof(written), "%ld", (long) report->rssi_dbm);
  REQUIRE(has(&s_sent, "rssi", written), "rssi");
  (void) snprintf(written, sizeof(written), "%lu",
                  (unsigned long) report->boot_count);
  REQUIRE(has(&s_sent, "bootCount", written), "bootCount");
  (void) snprintf(written, sizeof(written), "\"%lu-%lu-%lu\"",
                  (unsigned long) report->boot_count,
                  (unsigned long) report->number,
                  (unsigned long) crc_before_id(text, length));
  REQUIRE(has(&s_sent, "reportId", written), "reportId");
  (void) snprintf(written, sizeof(written), "\"%s\"", report->command_id);
  REQUIRE(has(&s_sent, "commandId", written), "commandId");
  REQUIRE((report->refusal == REFUSAL_NONE) == has(&s_sent, "refused", "null"),
          "refused");
}

/* The update is exactly the report and its token. */
static size_t require_update(const struct report *report, const char *text,
                             size_t length, char *update) {
  static char expected[REPORT_UPDATE_BYTES_MAX];
  size_t update_length = 0;
  int count =
      snprintf(expected, sizeof(expected),
               "{\"state\":{\"reported\":%.*s},\"clientToken\":\"%lu-%lu\"}",
               (int) length, text, (unsigned long) report->boot_count,
               (unsigned long) report->number);
  REQUIRE(report_format_update(report, update, REPORT_UPDATE_BYTES_MAX,
                               &update_length) == CORE_OK,
          "any update fits");
  REQUIRE(update_length == (size_t) count &&
              memcmp(update, expected, update_length) == 0,
          "an update is the report with its token");
  return update_length;
}

/* ---- Answers ---- */

/* The number in decimal digits, 0 without digits; UINT64_MAX for any other text
 * or from 2^53 on. */
static uint64_t number_of(const uint8_t *at, size_t length) {
  uint64_t number = 0;
  size_t i;
  for (i = 0; i < length; i++) {
    if (at[i] < '0' || at[i] > '9') return UINT64_MAX;
    if (number < UINT64_C(1) << 53) number = number * 10 + (at[i] - '0');
  }
  return number < UINT64_C(1) << 53 ? number : UINT64_MAX;
}

/* A token is read as written: ours contains no escape. */
static void expect_token(const struct json_node *node,
                         struct shadow_answer *expected) {
  size_t from = node->from + 1, to = node->to - 1, dash = from;
  uint64_t boot_count, number;
  expected->number = 0;
  if (node->kind != 's') return;
  while (dash < to && s_answer.data[dash] != '-') dash++;
  if (dash == to) return;
  boot_count = number_of(s_answer.data + from, dash - from);
  number = number_of(s_answer.data + dash + 1, to - dash - 1);
  if (boot_count == UINT64_MAX || number == UINT64_MAX) return;
  expected->boot_count = boot_count;
  expected->number = number;
}

static int expect_change(int state) {
  int i;
  if (s_answer.nodes[state].kind != 'o') return 1;
  for (i = json_tree_next(&s_answer, state, state); i >= 0;
       i = json_tree_next(&s_answer, state, i)) {
    if (json_tree_is(&s_answer, s_answer.nodes[i].key, "reported")) return 1;
  }
  return 0;
}

/* Of duplicate keys, the last one counts. */
static void expect_answer(struct shadow_answer *expected) {
  int i;
  for (i = json_tree_next(&s_answer, 0, 0); i >= 0;
       i = json_tree_next(&s_answer, 0, i)) {
    const struct json_node *node = &s_answer.nodes[i];
    int is_version = json_tree_is(&s_answer, node->key, "version");
    uint64_t number = node->kind != 'n' ? UINT64_MAX
                                        : number_of(s_answer.data + node->from,
                                                    node->to - node->from);
    if (json_tree_is(&s_answer, node->key, "state")) {
      expected->changes_reported = expect_change(i);
    } else if (json_tree_is(&s_answer, node->key, "clientToken")) {
      expect_token(node, expected);
    } else if (number != UINT64_MAX && is_version) {
      expected->version = number;
    } else if (number != UINT64_MAX &&
               json_tree_is(&s_answer, node->key, "code")) {
      expected->code = number;
    } else if (number != UINT64_MAX &&
               json_tree_is(&s_answer, node->key, "timestamp")) {
      expected->second = number;
    }
  }
}

/* Only the answer that accepts this report's update tells the time, and only
 * within ten seconds. */
static void require_clock(const struct reporter *reporter,
                          const struct report *report,
                          const struct shadow_answer *answer) {
  int is_sample = answer->is_readable && report->number != 0 &&
                  answer->topic == SHADOW_UPDATE_ACCEPTED &&
                  answer->boot_count == report->boot_count &&
                  answer->number == report->number && answer->second != 0;
  struct moment now = {10006, 0, 0};
  struct clock clock;
  memset(&clock, 0, sizeof(clock));
  REQUIRE(!reporter_set_clock(reporter, answer, &now, &clock),
          "a late answer gives no time (D3)");
  now.uptime_ms = 705;
  REQUIRE(reporter_set_clock(reporter, answer, &now, &clock) == is_sample,
          "only its own answer gives the time (D3)");
  clock_read(&clock, now.uptime_ms, &now);
  REQUIRE(moment_has_time(&now) == is_sample &&
              (!is_sample || now.earliest_ms == answer->second * 1000),
          "the time is the answer's (D3)");
}

/* The answer's meaning to a device that waits only for this report's answer. */
static void require_verdict(const struct report *report,
                            const struct shadow_answer *answer) {
  struct reporter reporter;
  struct moment now = {5, 0, 0};
  int is_ours = answer->is_readable && report->number != 0 &&
                answer->boot_count == report->boot_count &&
                answer->number == report->number;
  int settles = is_ours && answer->topic == SHADOW_UPDATE_ACCEPTED &&
                answer->changes_reported;
  enum reporter_verdict verdict;
  reporter_start(&reporter, report->boot_count, 900000);
  reporter_set_connected(&reporter, 1);
  reporter.number = reporter.settled = report->number - 1;
  REQUIRE(reporter_begin_update(&reporter, &now, 3) == report->number,
          "updates are numbered consecutively");
  require_clock(&reporter, report, answer);
  verdict = reporter_take_answer(&reporter, answer, &now);
  REQUIRE((verdict == VERDICT_SETTLED) == settles,
          "only its own answer settles a report");
  REQUIRE((verdict == VERDICT_REJECTED) ==
              (is_ours && answer->topic == SHADOW_UPDATE_REJECTED),
          "only its own refusal counts");
  REQUIRE(verdict != VERDICT_FOREIGN ||
              answer->topic != SHADOW_UPDATE_ACCEPTED || !answer->is_readable ||
              answer->changes_reported,
          "`desired` is not a report");
  now.uptime_ms += REPORTER_RETRY_MOST_MS;
  REQUIRE(reporter_is_due(&reporter, &now) == !settles,
          "retries end with the answer");
}

static void require_answer(const struct report *report, enum shadow_topic topic,
                           const uint8_t *payload, size_t size) {
  struct shadow_answer answer, expected;
  memset(&expected, 0, sizeof(expected));
  expected.topic = topic;
  expected.is_readable = json_tree_read(&s_answer, payload, size);
  if (expected.is_readable) expect_answer(&expected);
  shadow_read_answer(topic, (const char *) payload, size, &answer);
  REQUIRE(answer.topic == topic && answer.is_readable == expected.is_readable,
          "both parsers agree on readability");
  REQUIRE(answer.changes_reported == expected.changes_reported,
          "both parsers see the same change");
  REQUIRE(answer.number == expected.number &&
              (answer.number == 0 || answer.boot_count == expected.boot_count),
          "both parsers read the same token");
  REQUIRE(answer.version == expected.version && answer.code == expected.code &&
              answer.second == expected.second,
          "both parsers read the same numbers");
  require_verdict(report, &answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t answer[ANSWER_BYTES_MAX];
  static char update[REPORT_UPDATE_BYTES_MAX];
  char text[REPORT_BYTES_MAX];
  struct report report;
  size_t length = 0, i;
  enum shadow_topic topic;
  int index;
  uint8_t how;
  if (size <= MADE_OF || size > ANSWER_BYTES_MAX) return 0;
  make_report(data, &report);
  REQUIRE(report_format(&report, text, sizeof(text), &length) == CORE_OK,
          "any report fits");
  REQUIRE(json_tree_read(&s_sent, (const uint8_t *) text, length),
          "a report is valid JSON");
  require_it_says_so(&report, text, length);
  length = require_update(&report, text, length, update);
  how = data[MADE_OF];
  index = how % SHADOW_TOPIC_COUNT;
  topic = (enum shadow_topic) index;
  data += MADE_OF + 1;
  size -= MADE_OF + 1;
  if (how & 0x80) {
    require_answer(&report, topic, data, size);
    return 0;
  }
  /* The shadow's answer: the request and its version. */
  length = (size_t) snprintf((char *) answer, sizeof(answer),
                             "%.*s,\"version\":%u,\"code\":%u,"
                             "\"timestamp\":%u}",
                             (int) length - 1, update, (unsigned) how + 1,
                             (unsigned) how * 3, (unsigned) how * 14000003u);
  require_answer(&report, topic, answer, length);
  for (i = 0; i + 2 < size && i < 9; i += 3) {
    size_t at = (size_t) (data[i] << 8 | data[i + 1]) % length;
    answer[at] = data[i + 2];
  }
  require_answer(&report, topic, answer, length);
  if (size > 0) require_answer(&report, topic, answer, data[0] * length / 256);
  return 0;
}
