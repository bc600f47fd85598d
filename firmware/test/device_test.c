/*! The device rules as shared vectors, which also test the model's own
 * implementation of the device. */
#include <string.h>

#include "check.h"
#include "clock.h"
#include "flash_sim.h"
#include "lock.h"
#include "report.h"
#include "vectors_types.h"

#include "vectors.h"

#define START_S UINT64_C(1763779520)

struct bench {
  struct flash_sim sim;
  struct lock lock;
  enum latch latch;
  struct clock clock;
  uint64_t booted_at_s;
};

static void move(void *context, enum latch latch) {
  ((struct bench *) context)->latch = latch;
}

static struct moment moment_of(const struct bench *bench, uint64_t at_s) {
  struct moment now;
  clock_read(&bench->clock, (at_s - bench->booted_at_s) * 1000, &now);
  return now;
}

/* An answer of the shadow, composed at its arrival. */
static void answer(struct bench *bench, uint64_t sent_at_s, uint64_t at_s) {
  (void) clock_take_answer(&bench->clock, START_S + at_s,
                           (sent_at_s - bench->booted_at_s) * 1000,
                           (at_s - bench->booted_at_s) * 1000);
}

static void boot(struct bench *bench, const struct device_vector *step) {
  struct latch_port port;
  struct moment now;
  port.move = move;
  port.context = bench;
  bench->booted_at_s = step->at_s;
  memset(&bench->clock, 0, sizeof(bench->clock));
  if (step->synced) answer(bench, step->at_s, step->at_s);
  now = moment_of(bench, step->at_s);
  (void) lock_boot(&bench->lock, &step->settings, &port, &bench->sim.flash,
                   &now);
}

static void command(struct bench *bench, const struct device_vector *step) {
  struct command c = step->command;
  struct moment now = moment_of(bench, step->at_s);
  c.issued_s += START_S;
  if (c.action == ACTION_UNLOCK) c.expires_s += START_S;
  CHECK(step->name,
        lock_handle_command(&bench->lock, &c, &now) == step->outcome);
}

static void take(struct bench *bench, const struct device_vector *step) {
  struct moment now = moment_of(bench, step->at_s);
  switch (step->what) {
    case DO_BOOT:
      boot(bench, step);
      break;
    case DO_SYNC:
      answer(bench, step->sent_at_s, step->at_s);
      break;
    case DO_COMMAND:
      command(bench, step);
      break;
    case DO_DOOR:
      (void) lock_set_door(&bench->lock, step->door, &now);
      break;
    case DO_EXIT:
      (void) lock_request_exit(&bench->lock, &now);
      break;
    case DO_TICK:
      (void) lock_tick(&bench->lock, &now);
      break;
    case DO_MALFORMED:
      lock_refuse_malformed(&bench->lock);
      break;
    case DO_ERASE:
      memset(bench->sim.slots, 0xff, sizeof(bench->sim.slots));
      break;
    case DO_BREAK_FLASH:
    case DO_MEND_FLASH:
      bench->sim.writes_fail = step->what == DO_BREAK_FLASH;
      break;
  }
}

static void every_step_reports_what_the_vectors_say(void) {
  static const struct report_context context = {1, 1, -61, DECLARATION_STATED,
                                                "2.0.0"};
  struct bench bench;
  size_t i;
  int begins = 1;
  for (i = 0; i < COUNT_OF(device_vectors); i++) {
    const struct device_vector *step = &device_vectors[i];
    struct report report;
    struct moment now;
    if (begins) {
      memset(&bench, 0, sizeof(bench));
      flash_sim_start(&bench.sim);
    }
    begins = step->last;
    take(&bench, step);
    now = moment_of(&bench, step->at_s);
    report_collect(&bench.lock, &context, &now, &report);
    CHECK(step->name, bench.latch == step->latch);
    CHECK(step->name, report.latch == step->latch);
    CHECK(step->name, report.version == step->version);
    CHECK(step->name, report.result == step->result);
    CHECK(step->name, report.source == step->source);
    CHECK(step->name, report.refusal == step->refusal);
  }
  CHECK("there are vectors", COUNT_OF(device_vectors) > 150);
}

void device_tests(void) { RUN(every_step_reports_what_the_vectors_say); }
