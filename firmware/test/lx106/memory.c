/*! RAM of a lock, a button and their device: each array has the size of one
 * structure on the lx106, which is read from the object file. */
#include "clock.h"
#include "contact.h"
#include "counter.h"
#include "declaration.h"
#include "indicator.h"
#include "link.h"
#include "lock.h"
#include "press.h"
#include "reporter.h"
#include "sequence.h"

extern char ram_lock[sizeof(struct lock)];
extern char ram_reporter[sizeof(struct reporter)];
extern char ram_press_classifier[sizeof(struct press_classifier)];
extern char ram_clock[sizeof(struct clock)];
extern char ram_contacts[4 * sizeof(struct contact)];
extern char ram_declaration_store[sizeof(struct declaration_store)];
extern char ram_sequence[sizeof(struct sequence)];
extern char ram_link[sizeof(struct link)];
extern char ram_indicator[sizeof(struct indicator)];

char ram_lock[sizeof(struct lock)];
char ram_reporter[sizeof(struct reporter)];
char ram_press_classifier[sizeof(struct press_classifier)];
char ram_clock[sizeof(struct clock)];
char ram_contacts[4 * sizeof(struct contact)];
char ram_declaration_store[sizeof(struct declaration_store)];
char ram_sequence[sizeof(struct sequence)];
char ram_link[sizeof(struct link)];
char ram_indicator[sizeof(struct indicator)];
