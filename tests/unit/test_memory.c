// SPDX-License-Identifier: MIT
/* test_memory.c - emul without memory, and with a great deal to remember. */
#include "tests/unit/unit.h"

#include <stdio.h>

static int64_t id;
static uint64_t W;

/* Each step may fail for want of memory, and is then done again: it must
   have changed nothing. */
struct step {
	const char *name;
	sysret_t (*run)(void);
	sysret_t error;
};

static sysret_t step_get(void)
{
	return fake_shmget(task, 1, PG, IPC_CREAT | 0600);
}

static sysret_t step_attach(void)
{
	return fake_shmat(task, (uint64_t)id, W + 16 * PG, 0);
}

static sysret_t step_remap(void)
{
	return fake_shmat(task, (uint64_t)id, W + PG, SHM_REMAP);
}

static sysret_t step_protect(void)
{
	return fake_mprotect(task, W + 2 * PG, PG, PROT_READ);
}

static sysret_t step_unmap(void)
{
	return fake_munmap(task, W + PG, PG);
}

static sysret_t step_bind(void)
{
	return fake_mbind(task, W + PG, PG, 88);
}

static sysret_t step_lock(void)
{
	return fake_shmctl(task, (uint64_t)id, SHM_LOCK, 0);
}

static sysret_t step_fork(void)
{
	return fake_fork(task) ? 0 : -ENOMEM;
}

static sysret_t step_exec(void)
{
	return fake_exec(task) ? 0 : -ENOMEM;
}

static sysret_t step_unshare(void)
{
	return fake_unshare_ipc(task) ? 0 : -ENOMEM;
}

static sysret_t step_spawn(void)
{
	return fake_spawn(machine) ? 0 : -ENOMEM;
}

static const struct step steps[] = {
	{ "shmget", step_get, -ENOMEM },
	{ "shmat", step_attach, -ENOMEM },
	{ "shmat remap", step_remap, -ENOMEM },
	{ "mprotect", step_protect, -ENOMEM },
	{ "munmap", step_unmap, -ENOMEM },
	{ "mbind", step_bind, -ENOMEM },
	{ "SHM_LOCK", step_lock, -ENOMEM },
	{ "fork", step_fork, -ENOMEM },
	{ "exec", step_exec, -ENOMEM },
	{ "unshare", step_unshare, -ENOMEM },
	{ "spawn", step_spawn, -ENOMEM },
};

static const char *state(void)
{
	static char text[4200];
	struct shmid_ds ds = stat_of(id);

	snprintf(text, sizeof text, "%s n=%lu mode=%o a=%ld d=%ld live=%lu",
		 vmas(W), (unsigned long)ds.shm_nattch, ds.shm_perm.mode,
		 (long)ds.shm_atime, (long)ds.shm_dtime,
		 (unsigned long)fake_pages_live(machine));
	return text;
}

START_TEST(without_memory_nothing_is_half_done)
{
	const struct step *step = &steps[_i];
	char before[4200];
	uint64_t allocs = 0;
	sysret_t result = -ENOMEM;

	id = new_segment(8);
	W = attach(id);
	fake_tick(machine);
	snprintf(before, sizeof before, "%s", state());
	for (uint64_t n = 1; result == step->error; n++) {
		allocs = fake_allocs(machine);
		fake_fail_alloc(machine, n);
		result = step->run();
		fake_fail_alloc(machine, 0);
		if (result != step->error)
			break;
		expect(fake_allocs(machine) - allocs, n);
		ck_assert_str_eq(state(), before);
	}
	ck_assert_msg(result >= 0, "%s gives %ld", step->name, (long)result);
	ck_assert_uint_gt(fake_allocs(machine) - allocs, 0);
}
END_TEST

START_TEST(the_first_segment_of_a_namespace_may_not_fit)
{
	uint64_t n = 1;

	for (;; n++) {
		fake_fail_alloc(machine, n);
		id = fake_shmget(task, 5, 1, IPC_CREAT);
		if (id >= 0)
			break;
		expect(id, -ENOMEM);
		expect(fake_pages_live(machine), 0);
	}
	fake_fail_alloc(machine, 0);
	expect(n, 4);	/* the segment, the index, the keys */
	expect(id, 0);
}
END_TEST

START_TEST(keys_work_without_memory_for_a_larger_table)
{
	for (uint64_t key = 1; key <= 64; key++)
		fake_shmget(task, key, 1, IPC_CREAT | 0600);
	fake_fail_alloc(machine, 3);	/* segment, index, then the table */
	expect(fake_shmget(task, 65, 1, IPC_CREAT | 0600), 64);
	for (uint64_t key = 1; key <= 65; key++)
		expect(fake_shmget(task, key, 1, 0), key - 1);
}
END_TEST

static void *no_memory(void *host, size_t count, size_t size)
{
	(void)host;
	(void)count;
	(void)size;
	return NULL;
}

START_TEST(the_library_itself_may_not_fit)
{
	struct emul_config config = fake_default_config();
	struct emul_host host = { .alloc = no_memory };

	ck_assert_ptr_null(emul_new(&host, NULL, &config));
	fake_fail_alloc(machine, 1);
	ck_assert_ptr_null(emul_ns_new(fake_emul(machine)));
	fake_fail_alloc(machine, 1);
	ck_assert_ptr_null(emul_mm_new(fake_emul(machine)));
}
END_TEST

START_TEST(many_policies_are_told_apart_until_they_run_out)
{
	enum { POLICIES = 0x7fff };

	id = new_segment(8);
	W = attach(id);
	fake_set_checks(machine, false);
	for (uint64_t policy = 1; policy <= POLICIES; policy++)
		expect(fake_mbind(task, W, PG, policy << 20), 0);
	expect(fake_mbind(task, W, PG, 7), -ENOMEM);
	expect(fake_mbind(task, W, PG, (uint64_t)POLICIES << 20), 0);
	expect_n(id, 2);
}
END_TEST

START_TEST(ten_thousand_attaches)
{
	enum { COUNT = 10000 };
	static uint64_t addr[COUNT];

	id = new_segment(1);
	fake_set_checks(machine, false);
	for (int i = 0; i < COUNT; i++) {
		addr[i] = (uint64_t)fake_shmat(task, (uint64_t)id, 0, 0);
		ck_assert_int_gt((int64_t)addr[i], 0);
	}
	expect_n(id, COUNT);
	for (int i = 0; i < COUNT; i += 2)
		expect(fake_shmdt(task, addr[i]), 0);
	for (int i = 0; i < COUNT; i += 2)	/* the highest hole first */
		expect(fake_shmat(task, (uint64_t)id, 0, 0), addr[i]);
	for (int i = 0; i < COUNT; i++)
		expect(fake_shmdt(task, addr[(i * 7919) % COUNT]), 0);
	expect_n(id, 0);
}
END_TEST

Suite *suite_memory(void)
{
	Suite *suite = suite_create("memory");
	TCase *t = machine_case(suite, "memory");

	tcase_add_loop_test(t, without_memory_nothing_is_half_done, 0,
			    sizeof steps / sizeof steps[0]);
	tcase_add_test(t, the_first_segment_of_a_namespace_may_not_fit);
	tcase_add_test(t, keys_work_without_memory_for_a_larger_table);
	tcase_add_test(t, the_library_itself_may_not_fit);
	tcase_add_test(t, many_policies_are_told_apart_until_they_run_out);
	tcase_add_test(t, ten_thousand_attaches);
	return suite;
}
