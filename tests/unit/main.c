// SPDX-License-Identifier: MIT
/* main.c - runs the unit tests and ends with their summary line. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

struct fake *machine;
struct fake_task *task;
uint64_t PG;

static void setup(void)
{
	machine = fake_new(NULL);
	task = fake_spawn(machine);
	PG = fake_page(machine);
}

static void teardown(void)
{
	fake_free(machine);
}

TCase *machine_case(Suite *suite, const char *name)
{
	TCase *tests = tcase_create(name);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return tests;
}

int64_t new_segment(uint64_t pages)
{
	int64_t id = fake_shmget(task, IPC_PRIVATE, pages * PG, 0600);

	ck_assert_int_ge(id, 0);
	return id;
}

uint64_t attach(int64_t id)
{
	uint64_t addr = fake_room(task, 64 * PG);

	expect(fake_shmat(task, (uint64_t)id, addr, 0), addr);
	return addr;
}

struct fake_task *user(uint32_t uid)
{
	struct fake_task *new = fake_spawn(machine);

	new->uid = new->euid = new->egid = new->fsgid = uid;
	new->caps = 0;
	return new;
}

struct shmid_ds stat_of(int64_t id)
{
	struct shmid_ds ds;

	expect(fake_stat(task, (uint64_t)id, IPC_STAT, &ds), 0);
	return ds;
}

const char *vmas(uint64_t base)
{
	static char text[4096];
	struct emul_vma list[64];
	size_t count = fake_vmas(task, list, 64), len = 0;

	ck_assert_uint_le(count, 64);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		uint64_t start = (list[i].addr - base) / PG;

		len += (size_t)snprintf(
			text + len, sizeof text - len, "%s%d-%d@%d",
			i ? " " : "", (int)start,
			(int)(start + list[i].len / PG),
			(int)(list[i].offset / PG));
	}
	return text;
}

/* A test that is killed or times out counts as failed, too. */
static int summary(SRunner *runner)
{
	int run = srunner_ntests_run(runner);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	printf("%d passed, %d failed\n", run - failed, failed);
	return failed || !run ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(void)
{
	SRunner *runner = srunner_create(suite_tree());

	srunner_add_suite(runner, suite_shmget());
	srunner_add_suite(runner, suite_shmctl());
	srunner_add_suite(runner, suite_attach());
	srunner_add_suite(runner, suite_shmdt());
	srunner_add_suite(runner, suite_flags());
	srunner_add_suite(runner, suite_remap());
	srunner_add_suite(runner, suite_memory());
	srunner_add_suite(runner, suite_sysctl());
	srunner_add_suite(runner, suite_names());
	srunner_add_suite(runner, suite_options());
	srunner_add_suite(runner, suite_log());
	srunner_add_suite(runner, suite_backtrace());
	srunner_run_all(runner, CK_NORMAL);
	return summary(runner);
}
