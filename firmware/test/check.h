/*! A very small test harness: named tests, checks that name their row. */
#ifndef CHECK_H
#define CHECK_H

/*! Runs a test function and prints its name with the outcome. The name is the
 * sentence that the test proves, its underscores read as spaces. */
#define RUN(test) check_run(#test, test)

/*! Fails the running test when `condition` is false. `row` names the case. */
#define CHECK(row, condition) \
  check_that((condition) ? 1 : 0, (row), #condition, __FILE__, __LINE__)

void check_run(const char *name, void (*test)(void));
void check_that(int holds, const char *row, const char *condition,
                const char *file, int line);

/*! The groups of tests, one per file. */
void scan_tests(void);
void command_tests(void);
void slot_tests(void);
void lock_tests(void);
void relock_tests(void);
void device_tests(void);
void report_tests(void);
void reporter_tests(void);
void shadow_tests(void);
void press_tests(void);
void walk_tests(void);
void powercut_tests(void);
void time_tests(void);
void link_tests(void);
void indicator_tests(void);
void clock_tests(void);
void clock_walk_tests(void);
void contact_tests(void);
void press_lost_tests(void);
void declaration_tests(void);
void layer_tests(void);
void health_tests(void);
void sequence_tests(void);

#endif
