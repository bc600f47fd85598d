/*! What a lock, a button and their device need of RAM: each array is as large
 * as one of the structures is on the lx106, and its size is read from the
 * object file. */
#include "counter.h"
#include "indicator.h"
#include "link.h"
#include "lock.h"
#include "press.h"
#include "reporter.h"

extern char ram_lock[sizeof(struct lock)];
extern char ram_reporter[sizeof(struct reporter)];
extern char ram_press_classifier[sizeof(struct press_classifier)];
extern char ram_counter[sizeof(struct counter)];
extern char ram_link[sizeof(struct link)];
extern char ram_indicator[sizeof(struct indicator)];

char ram_lock[sizeof(struct lock)];
char ram_reporter[sizeof(struct reporter)];
char ram_press_classifier[sizeof(struct press_classifier)];
char ram_counter[sizeof(struct counter)];
char ram_link[sizeof(struct link)];
char ram_indicator[sizeof(struct indicator)];
