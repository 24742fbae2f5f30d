// SPDX-License-Identifier: MIT
/* test_shmget.c - more ids, keys and huge pages than a case can have. */
#include "tests/unit/unit.h"

#include <stdlib.h>

static int64_t get(uint64_t key, uint64_t size, uint64_t flags)
{
	return fake_shmget(task, key, size, flags);
}

static int64_t rmid(int64_t id)
{
	return fake_shmctl(task, (uint64_t)id, IPC_RMID, 0);
}

/* ipc_idr_alloc() of ipc/util.c, written as plainly as can be. */
static char used[IPCMNI];
static int in_use, next_index, last_index, seq;

static int model_add(void)
{
	int max = in_use * 3 / 2, found = -1;

	max = max < 64 ? 64 : max > IPCMNI ? IPCMNI : max;
	for (int i = next_index; i < max && found < 0; i++)
		found = used[i] ? -1 : i;
	for (int i = 0; i < max && found < 0; i++)
		found = used[i] ? -1 : i;
	next_index = found + 1;
	if (found <= last_index && ++seq >= IPCID_SEQ_MAX)
		seq = 0;
	last_index = found;
	used[found] = 1;
	in_use++;
	return seq * IPCMNI + found;
}

static int model_max(void)
{
	for (int i = IPCMNI - 1; i > 0; i--)
		if (used[i])
			return i;
	return 0;
}

START_TEST(ids_follow_the_kernels_cyclic_allocation)
{
	static int64_t ids[IPCMNI];
	struct shminfo info;
	int count = 0, target = 0;

	last_index = -1;
	srand((unsigned)_i + 1);
	fake_set_checks(machine, false);
	emul_ns_limits(fake_ns(machine))->shmmni = 32768;
	for (int step = 0; step < 40000; step++) {
		if (step % 4000 == 0)
			target = rand() % (step % 3 ? 100 : 6000);
		if (!count || rand() % 4 < (count < target ? 3 : 1)) {
			ids[count] = get(IPC_PRIVATE, 1, 0600);
			expect(ids[count++], model_add());
		} else {
			int victim = rand() % count;

			expect(rmid(ids[victim]), 0);
			used[ids[victim] % IPCMNI] = 0;
			in_use--;
			ids[victim] = ids[--count];
		}
		if (step % 500 == 0)
			expect(fake_info(task, &info), model_max());
	}
}
END_TEST

START_TEST(all_indices_can_be_used)
{
	fake_set_checks(machine, false);
	emul_ns_limits(fake_ns(machine))->shmmni = 40000;
	for (int i = 0; i < IPCMNI; i++)
		expect(get((uint64_t)i + 1, 1, IPC_CREAT | 0600), i);
	expect(get(IPC_PRIVATE, 1, 0600), -ENOSPC);
	expect(get(5, 1, 0), 4);
	expect(rmid(777), 0);
	expect(get(IPC_PRIVATE, 1, 0600), 32768 + 777);
	emul_ns_limits(fake_ns(machine))->next_id = 3;
	expect(get(IPC_PRIVATE, 1, 0600), -ENOSPC);
}
END_TEST

START_TEST(the_sequence_number_wraps_before_65535)
{
	int64_t id = 0;

	fake_set_checks(machine, false);
	for (int64_t i = 0; i < 65535 * 64; i++) {
		id = get(IPC_PRIVATE, 1, 0600);
		if (i == 65535 * 64 - 1)
			break;
		rmid(id);
	}
	expect(id, INT64_C(2147418175));
	expect(rmid(id), 0);
	expect(get(IPC_PRIVATE, 1, 0600), 0);
}
END_TEST

START_TEST(huge_pages_are_refused_in_order)
{
	struct emul_config config = fake_default_config();
	struct emul_limits *limits;

	expect(get(IPC_PRIVATE, 1, SHM_HUGETLB), -EINVAL); /* has none */
	fake_free(machine);
	config.huge_shift = 21;
	config.huge_sizes = UINT64_C(1) << 30;
	machine = fake_new(&config);
	task = fake_spawn(machine);
	limits = emul_ns_limits(fake_ns(machine));
	expect(get(IPC_PRIVATE, 1, SHM_HUGETLB), -ENOMEM);
	expect(get(IPC_PRIVATE, 1, SHM_HUGETLB | SHM_NORESERVE), 0);
	fake_set_huge_pages(machine, 3);
	expect(get(IPC_PRIVATE, 1, SHM_HUGETLB), 1);
	expect(get(IPC_PRIVATE, 1, SHM_HUGETLB | 21 << 26), 2);
	expect(get(IPC_PRIVATE, 1, SHM_HUGETLB | 30 << 26), 3);
	expect(get(IPC_PRIVATE, 1, SHM_HUGETLB | 22 << 26), -EINVAL);
	expect(get(IPC_PRIVATE, 3 << 20, SHM_HUGETLB), -ENOMEM);
	expect(get(IPC_PRIVATE, 1, 22 << 26), 4);
	task->caps = 0;
	task->fsgid = 5; /* not in vm.hugetlb_shm_group, 0 */
	expect(get(IPC_PRIVATE, 1, SHM_HUGETLB), -EPERM);
	expect(get(IPC_PRIVATE, 1, SHM_HUGETLB | 22 << 26), -EINVAL);
	expect(get(IPC_PRIVATE, 0, SHM_HUGETLB), -EINVAL);
	limits->shmmni = 1;
	expect(get(IPC_PRIVATE, 1, SHM_HUGETLB), -EPERM);
}
END_TEST

START_TEST(the_key_table_grows)
{
	fake_set_checks(machine, false);
	for (uint64_t i = 1; i <= 2000; i++)
		expect(get(i * 65536, 1, IPC_CREAT | 0600), i - 1);
	for (uint64_t i = 1; i <= 2000; i += 2)
		expect(rmid((int64_t)i - 1), 0);
	for (uint64_t i = 1; i <= 2000; i++)
		expect(get(i * 65536, 1, 0), i % 2 ? -ENOENT : (int64_t)i - 1);
}
END_TEST

Suite *suite_shmget(void)
{
	Suite *suite = suite_create("shmget");
	TCase *t = machine_case(suite, "shmget");

	tcase_add_loop_test(t, ids_follow_the_kernels_cyclic_allocation, 0, 3);
	tcase_add_test(t, all_indices_can_be_used);
	tcase_add_test(t, the_sequence_number_wraps_before_65535);
	tcase_add_test(t, huge_pages_are_refused_in_order);
	tcase_add_test(t, the_key_table_grows);
	return suite;
}
