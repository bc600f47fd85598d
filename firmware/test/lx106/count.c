/*! Counts the instructions of a command on the lx106: run with `-icount
 * shift=0`, where the cycle counter advances with the instructions. Each row is
 * `count <parse> <decide and journal> <report> <name>`. Flash is memory
 * here, so that its driver does not count. Must not know: the rows' layout.
 */
#include <stdio.h>
#include <string.h>

#include "lock.h"
#include "report.h"
#include "status.h"

#define REPEATS 1000
#define INSTRUCTIONS_PER_CYCLE 25u /* 1 ns each, at 40 MHz. */
#define NOW_MS UINT64_C(1763779520000)

struct bench {
  unsigned char slots[2][SLOT_BYTES_MAX];
  struct lock lock;
  enum latch latch;
};

static struct bench s_bench, s_ready;
static struct moment s_now;
static char s_report[REPORT_UPDATE_BYTES_MAX];
static size_t s_report_length;

static int read_slot(void *context, unsigned slot, void *data, size_t length) {
  memcpy(data, ((struct bench *) context)->slots[slot], length);
  return CORE_OK;
}

static int write_slot(void *context, unsigned slot, const void *data,
                      size_t length) {
  memcpy(((struct bench *) context)->slots[slot], data, length);
  return CORE_OK;
}

static int erase_slot(void *context, unsigned slot) {
  memset(((struct bench *) context)->slots[slot], 0xff, SLOT_BYTES_MAX);
  return CORE_OK;
}

static void move(void *context, enum latch latch) {
  ((struct bench *) context)->latch = latch;
}

static const struct flash s_flash = {read_slot, write_slot, erase_slot,
                                     &s_bench};

/* Where the count of a command ends. */
enum part { NOTHING, PARSE, DECIDE, REPORT };

/* From the payload to the bytes of the update, or to the end of `part`. Not
 * inlined, so that the parts differ only by their work. */
static __attribute__((noinline)) int take(const char *payload, size_t length,
                                          enum part part) {
  static const struct report_context context = {7, 12, -61, DECLARATION_STATED,
                                                "2.0.0"};
  struct command command;
  struct report report;
  int outcome = -1, status;
  if (part == NOTHING) return 0;
  status = command_parse(payload, length, &command);
  if (part == PARSE) return status;
  if (status == CORE_OK) {
    outcome = (int) lock_handle_command(&s_bench.lock, &command, &s_now);
  } else {
    lock_refuse_malformed(&s_bench.lock);
  }
  if (part == DECIDE) return outcome;
  report_collect(&s_bench.lock, &context, &s_now, &report);
  (void) report_format_update(&report, s_report, sizeof(s_report),
                              &s_report_length);
  return outcome;
}

static uint32_t cycles(void) {
  uint32_t now;
  __asm__ volatile("rsr %0, ccount" : "=r"(now)::"memory");
  return now;
}

/* 1 + 2 * 2000 instructions. */
static void known_loop(void) {
  uint32_t turns;
  __asm__ volatile("movi %0, 2000\n1: addi %0, %0, -1\n bnez %0, 1b"
                   : "=r"(turns));
}

/* Instructions in each of REPEATS turns that took `total` cycles. */
static unsigned instructions(uint32_t total) {
  return (total * INSTRUCTIONS_PER_CYCLE + REPEATS / 2) / REPEATS;
}

static int clock_is_as_known(void) {
  uint32_t before = cycles(), with, without;
  int i;
  for (i = 0; i < REPEATS; i++) {
    known_loop();
    __asm__ volatile("" ::: "memory");
  }
  with = cycles() - before;
  before = cycles();
  for (i = 0; i < REPEATS; i++) __asm__ volatile("" ::: "memory");
  without = cycles() - before;
  return instructions(with - without) == 4001;
}

static uint32_t measure(const char *payload, enum part part) {
  size_t length = strlen(payload);
  uint32_t before = cycles();
  int i;
  for (i = 0; i < REPEATS; i++) {
    memcpy(&s_bench, &s_ready, sizeof(s_bench));
    (void) take(payload, length, part);
  }
  return cycles() - before;
}

/* Prints a row; returns 1 if the outcome is not the row's. */
static int count(const char *name, int outcome, const char *payload) {
  unsigned parts[REPORT + 1];
  int part;
  for (part = NOTHING; part <= REPORT; part++) {
    parts[part] = instructions(measure(payload, (enum part) part));
  }
  memcpy(&s_bench, &s_ready, sizeof(s_bench));
  if (take(payload, strlen(payload), REPORT) != outcome) {
    printf("%s: another outcome than %d\n", name, outcome);
    return 1;
  }
  printf("count %u %u %u %s\n", parts[PARSE] - parts[NOTHING],
         parts[DECIDE] - parts[PARSE], parts[REPORT] - parts[DECIDE], name);
  return 0;
}

#define PAYLOAD(action, version, end)                       \
  "{\"v\":1,\"action\":\"" action "\",\"version\":" version \
  ",\"commandId\":\"01JD9Z3T5W8Q2M4N6P7R9S1V3X\",\"issuedAt\":1763779519" end

int main(void) {
  static const struct lock_settings settings = {
      LATCH_LOCKED, 5000, 0, 2000, 1000, RELOCK_FROM_UNLOCK};
  static const struct latch_port port = {move, &s_bench};
  static const char first[] = PAYLOAD("lock", "1763779512344", "}");
  int wrong;
  if (!clock_is_as_known()) {
    puts("a loop of known length was not counted right");
    return 1;
  }
  s_now.uptime_ms = 60000;
  s_now.earliest_ms = NOW_MS - 1000;
  s_now.latest_ms = NOW_MS;
  (void) lock_boot(&s_bench.lock, &settings, &port, &s_flash, &s_now);
  (void) take(first, strlen(first), DECIDE);
  memcpy(&s_ready, &s_bench, sizeof(s_ready));
  wrong = count("LOCK, executed", OUTCOME_EXECUTED,
                PAYLOAD("lock", "1763779512345", "}"));
  wrong |=
      count("UNLOCK, executed", OUTCOME_EXECUTED,
            PAYLOAD("unlock", "1763779512345", ",\"expiresAt\":1763779549}"));
  wrong |=
      count("UNLOCK, expired", OUTCOME_EXPIRED,
            PAYLOAD("unlock", "1763779512345", ",\"expiresAt\":1763779519}"));
  wrong |=
      count("UNLOCK, refused (superseded)", OUTCOME_REFUSED,
            PAYLOAD("unlock", "1763779512343", ",\"expiresAt\":1763779549}"));
  wrong |= count("LOCK, repeated", OUTCOME_REPEATED,
                 PAYLOAD("lock", "1763779512344", "}"));
  wrong |= count("malformed (cut short)", -1,
                 PAYLOAD("unlock", "1763779512345", ",\"expiresAt\":17"));
  return wrong;
}
