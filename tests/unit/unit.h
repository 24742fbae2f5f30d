// SPDX-License-Identifier: MIT
/* unit.h - what the unit tests share: one machine with one task. */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "emul/shm.h"
#include "tests/unit/fake.h"

extern struct fake *machine;
extern struct fake_task *task;		/* root */
extern uint64_t PG;

/* A new private segment of so many pages. */
int64_t new_segment(uint64_t pages);
/* ... attached at a room of 64 free pages: its address. */
uint64_t attach(int64_t id);
/* Another root process. */
struct fake_task *user(uint32_t uid);	/* without capabilities */
struct shmid_ds stat_of(int64_t id);
/* Pages of the VMAs relative to base: "0-3 rw, 5-8 r"; in static memory. */
const char *vmas(uint64_t base);

/* A test case with the machine made before and ended after each test. */
TCase *machine_case(Suite *suite, const char *name);

#define expect(call, value)                                                    \
	ck_assert_int_eq((int64_t)(call), (int64_t)(value))
#define expect_n(id, value) expect(fake_nattch(task, (uint64_t)(id)), value)

Suite *suite_tree(void);
Suite *suite_shmget(void);
Suite *suite_shmctl(void);
Suite *suite_attach(void);
Suite *suite_shmdt(void);
Suite *suite_flags(void);
Suite *suite_remap(void);
Suite *suite_memory(void);
Suite *suite_sysctl(void);
Suite *suite_names(void);
Suite *suite_options(void);
Suite *suite_log(void);
Suite *suite_backtrace(void);

#endif
