// SPDX-License-Identifier: MIT
/* test_shmctl.c - SHM_LOCK that fails, and /proc/sysvipc/shm in a buffer. */
#include "tests/unit/unit.h"

#include <string.h>

START_TEST(lock_that_the_host_refuses_charges_nobody)
{
	struct fake_task *owner = user(5);
	int64_t id = fake_shmget(owner, IPC_PRIVATE, 2 * PG, 0600);

	owner->memlock = 2 * PG;
	fake_fail_host(machine, 1, -ENOMEM);
	expect(fake_shmctl(owner, (uint64_t)id, SHM_LOCK, 0), -ENOMEM);
	expect(stat_of(id).shm_perm.mode, 0600);
	expect(fake_shmctl(owner, (uint64_t)id, SHM_LOCK, 0), 0);
	expect(stat_of(id).shm_perm.mode, SHM_LOCKED | 0600);
}
END_TEST

START_TEST(sysvipc_is_cut_to_the_buffer_and_tells_its_length)
{
	char text[2000], part[100];
	size_t len;

	new_segment(1);
	len = emul_sysvipc(fake_ns(machine), NULL, text, sizeof text);
	expect(len, strlen(text));
	expect(emul_sysvipc(fake_ns(machine), NULL, part, sizeof part), len);
	expect(strlen(part), sizeof part - 1);
	expect(strncmp(part, text, sizeof part - 1), 0);
	expect(emul_sysvipc(fake_ns(machine), NULL, NULL, 0), len);
}
END_TEST

Suite *suite_shmctl(void)
{
	Suite *suite = suite_create("shmctl");
	TCase *t = machine_case(suite, "shmctl");

	tcase_add_test(t, lock_that_the_host_refuses_charges_nobody);
	tcase_add_test(t, sysvipc_is_cut_to_the_buffer_and_tells_its_length);
	return suite;
}
