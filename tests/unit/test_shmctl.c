// SPDX-License-Identifier: MIT
/* test_shmctl.c - every command, its order of checks, and /proc. */
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int64_t ctl(int64_t id, uint64_t cmd, uint64_t buf)
{
	return fake_shmctl(task, (uint64_t)id, cmd, buf);
}

START_TEST(negative_and_unknown_commands_are_einval)
{
	int64_t id = new_segment(1);
	static const int64_t bad[] = { -1, 4, 10, 16, 0x102, INT32_MIN };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		expect(ctl(id, (uint64_t)bad[i], 0), -EINVAL);
	expect(ctl(-1, IPC_INFO, fake_scratch(task)), -EINVAL);
	expect(ctl(-1, IPC_SET, 0), -EINVAL);
	expect(ctl(id | INT64_C(5) << 32, IPC_STAT | UINT64_C(3) << 32,
		   fake_scratch(task)), 0);
}
END_TEST

START_TEST(stat_by_index_ignores_the_sequence_number)
{
	struct shmid_ds ds;
	int64_t id = 0;

	for (int i = 0; i < 80; i++) {
		id = new_segment(1);
		if (i < 79)
			expect(ctl(id, IPC_RMID, 0), 0);
	}
	expect(id, 32768 + 15);
	expect(fake_stat(task, 15, SHM_STAT, &ds), id);
	expect(fake_stat(task, (uint64_t)id, SHM_STAT, &ds), id);
	expect(fake_stat(task, 5 * 32768 + 15, SHM_STAT_ANY, &ds), id);
	expect(ds.shm_perm.__seq, 1);
	expect(fake_stat(task, 15, IPC_STAT, &ds), -EINVAL);
	expect(fake_stat(task, 16, SHM_STAT, &ds), -EINVAL);
	expect(fake_stat(task, 32767, SHM_STAT_ANY, &ds), -EINVAL);
}
END_TEST

START_TEST(stat_checks_id_then_permission_then_buffer)
{
	struct fake_task *nobody = user(7);
	int64_t id = new_segment(1);

	expect(fake_shmctl(nobody, 99, IPC_STAT, 0), -EINVAL);
	expect(fake_shmctl(nobody, (uint64_t)id, IPC_STAT, 0), -EACCES);
	expect(fake_shmctl(nobody, (uint64_t)id, SHM_STAT, 0), -EACCES);
	expect(fake_shmctl(nobody, (uint64_t)id, SHM_STAT_ANY, 0), -EFAULT);
	expect(ctl(id, IPC_STAT, 1), -EFAULT);
}
END_TEST

START_TEST(stat_writes_what_fits_before_the_fault)
{
	uint64_t end = fake_scratch(task) + FAKE_SCRATCH_PAGES * PG;
	unsigned char bytes[65];
	int64_t id = new_segment(1);

	memset(bytes, 0xee, sizeof bytes);
	fake_poke(task, end - 65, bytes, 65);
	expect(ctl(id, IPC_STAT, end - 64), -EFAULT);
	fake_peek(task, end - 65, bytes, 65);
	expect(bytes[0], 0xee);
	expect(bytes[1 + 48], PG & 255);
	expect(bytes[1 + 49], PG >> 8 & 255);
	expect(bytes[64], 0);
}
END_TEST

START_TEST(set_reads_the_buffer_before_anything_else)
{
	struct fake_task *nobody = user(7);
	struct shmid_ds ds;
	int64_t id = new_segment(1);

	ds = stat_of(id);
	expect(fake_shmctl(nobody, 99, IPC_SET, 1), -EFAULT);
	expect(fake_set(nobody, 99, &ds), -EINVAL);
	ds.shm_perm.uid = UINT32_MAX;
	expect(fake_set(nobody, (uint64_t)id, &ds), -EPERM);
	expect(fake_set(task, (uint64_t)id, &ds), -EINVAL);
	ds.shm_perm.uid = 0;
	ds.shm_perm.gid = UINT32_MAX;
	expect(fake_set(task, (uint64_t)id, &ds), -EINVAL);
}
END_TEST

START_TEST(set_changes_owner_mode_and_ctime_only)
{
	struct shmid_ds ds, after;
	int64_t id = new_segment(1);

	attach(id);
	expect(ctl(id, IPC_RMID, 0), 0);
	fake_tick(machine);
	ds = stat_of(id);
	memset(&ds, 0x55, sizeof ds);
	ds.shm_perm.uid = 11;
	ds.shm_perm.gid = 12;
	ds.shm_perm.mode = 0xfe00 | 0604;
	expect(fake_set(task, (uint64_t)id, &ds), 0);
	after = stat_of(id);
	expect(after.shm_perm.uid, 11);
	expect(after.shm_perm.gid, 12);
	expect(after.shm_perm.cuid, 0);
	expect(after.shm_perm.mode, SHM_DEST | 0604);
	expect(after.shm_ctime, fake_now(machine));
	expect(after.shm_atime, fake_now(machine) - 1);
	expect(after.shm_segsz, PG);
}
END_TEST

START_TEST(rmid_of_an_unattached_segment_destroys_it)
{
	struct fake_task *nobody = user(7);
	int64_t id = fake_shmget(task, 8, 1, IPC_CREAT | 0666);

	expect(fake_shmctl(nobody, (uint64_t)id, IPC_RMID, 0), -EPERM);
	expect(ctl(id, IPC_RMID, 1), 0);
	expect(ctl(id, IPC_RMID, 1), -EINVAL);
	expect(fake_pages_live(machine), 0);
	expect(fake_shmget(task, 8, 1, 0), -ENOENT);
}
END_TEST

START_TEST(rmid_of_an_attached_segment_frees_its_key)
{
	int64_t id = fake_shmget(task, 8, 1, IPC_CREAT | 0600);
	uint64_t addr = attach(id);
	struct shmid_ds ds;

	expect(ctl(id, IPC_RMID, 0), 0);
	ds = stat_of(id);
	expect(ds.shm_perm.mode, SHM_DEST | 0600);
	expect(ds.shm_perm.__key, IPC_PRIVATE);
	expect(fake_shmget(task, 8, 1, 0), -ENOENT);
	expect(fake_shmget(task, 8, 1, IPC_CREAT | IPC_EXCL), id + 1);
	expect(ctl(id, IPC_RMID, 0), 0);
	attach(id);
	expect(fake_shmdt(task, addr), 0);
	expect_n(id, 1);
	expect(ctl(id, SHM_LOCK, 0), 0);
	expect(stat_of(id).shm_perm.mode, SHM_DEST | SHM_LOCKED | 0600);
}
END_TEST

START_TEST(lock_is_idempotent_and_changes_no_time)
{
	int64_t id = new_segment(1);
	struct shmid_ds before = stat_of(id), after;

	fake_tick(machine);
	expect(ctl(id, SHM_UNLOCK, 0), 0);
	expect(ctl(id, SHM_LOCK, 1), 0);
	expect(ctl(id, SHM_LOCK, 1), 0);
	expect(stat_of(id).shm_perm.mode, SHM_LOCKED | 0600);
	expect(ctl(id, SHM_UNLOCK, 1), 0);
	after = stat_of(id);
	ck_assert_mem_eq(&before, &after, sizeof before);
	expect(ctl(99, SHM_LOCK, 0), -EINVAL);
}
END_TEST

START_TEST(locks_are_charged_to_the_real_uid)
{
	struct fake_task *a = user(5), *b = user(5), *other = user(6);
	int64_t ids[4];

	for (int i = 0; i < 4; i++)
		ids[i] = fake_shmget(a, IPC_PRIVATE, 2 * PG, 0600);
	a->memlock = b->memlock = other->memlock = 5 * PG - 1;
	b->caps = EMUL_CAP_IPC_LOCK;
	expect(fake_shmctl(b, (uint64_t)ids[0], SHM_LOCK, 0), 0);
	expect(fake_shmctl(a, (uint64_t)ids[1], SHM_LOCK, 0), 0);
	expect(fake_shmctl(a, (uint64_t)ids[2], SHM_LOCK, 0), -ENOMEM);
	expect(fake_shmctl(a, (uint64_t)ids[1], SHM_LOCK, 0), 0);
	other->euid = 5;	/* owner by effective, charged by real uid */
	expect(fake_shmctl(other, (uint64_t)ids[2], SHM_LOCK, 0), 0);
	expect(fake_shmctl(other, (uint64_t)ids[1], SHM_UNLOCK, 0), 0);
	expect(fake_shmctl(a, (uint64_t)ids[3], SHM_LOCK, 0), 0);
	expect(fake_shmctl(a, (uint64_t)ids[0], IPC_RMID, 0), 0);
	expect(fake_shmctl(a, (uint64_t)ids[1], SHM_LOCK, 0), 0);
	expect(fake_shmctl(b, (uint64_t)ids[1], SHM_UNLOCK, 0), 0);
	expect(fake_shmctl(a, (uint64_t)ids[3], SHM_UNLOCK, 0), 0);
	expect(fake_shmctl(other, (uint64_t)ids[2], SHM_UNLOCK, 0), 0);
	expect(fake_shmctl(task, (uint64_t)ids[1], SHM_LOCK, 0), 0);
	expect(fake_shmctl(b, (uint64_t)ids[2], SHM_LOCK, 0), 0);
	expect(fake_shmctl(b, (uint64_t)ids[1], SHM_UNLOCK, 0), 0);
}
END_TEST

START_TEST(lock_needs_ownership_or_the_capability)
{
	struct fake_task *owner = user(5), *other = user(6);
	int64_t id = fake_shmget(owner, IPC_PRIVATE, PG, 0666);

	other->caps = EMUL_CAP_SYS_ADMIN | EMUL_CAP_IPC_OWNER;
	expect(fake_shmctl(other, (uint64_t)id, SHM_LOCK, 0), -EPERM);
	owner->memlock = 0;
	expect(fake_shmctl(owner, (uint64_t)id, SHM_LOCK, 0), -EPERM);
	expect(ctl(id, SHM_LOCK, 0), 0);
	expect(fake_shmctl(owner, (uint64_t)id, SHM_UNLOCK, 0), 0);
	other->caps = EMUL_CAP_IPC_LOCK;
	other->memlock = 0;
	expect(fake_shmctl(other, (uint64_t)id, SHM_LOCK, 0), 0);
	expect(fake_shmctl(other, (uint64_t)id, SHM_UNLOCK, 0), 0);
	fake_fail_host(machine, 1, -ENOMEM);
	expect(ctl(id, SHM_LOCK, 0), -ENOMEM);
	expect(stat_of(id).shm_perm.mode, 0666);
}
END_TEST

START_TEST(ipc_info_reports_limits_and_highest_index)
{
	struct emul_limits *limits = emul_ns_limits(fake_ns(machine));
	struct shminfo info;

	expect(fake_info(task, &info), 0);
	expect(info.shmmax, UINT64_MAX - (1 << 24));
	expect(info.shmall, UINT64_MAX - (1 << 24));
	expect(info.shmmin, 1);
	expect(info.shmmni, 4096);
	expect(info.shmseg, 4096);
	new_segment(1);
	expect(fake_info(task, &info), 0);
	for (int i = 1; i < 70; i++)
		new_segment(1);
	limits->shmmni = 100;
	limits->shmseg = 7;
	expect(fake_info(task, &info), 69);
	expect(info.shmmni, 100);
	expect(info.shmseg, 7);
	expect(ctl(77777, IPC_INFO, 1), -EFAULT);
	expect(ctl(77777, SHM_INFO, 1), -EFAULT);
}
END_TEST

START_TEST(shm_info_counts_segments_pages_and_rss)
{
	struct shm_info info;
	int64_t id = fake_shmget(task, IPC_PRIVATE, 2 * PG + 1, 0600);
	uint64_t addr = attach(id);

	new_segment(5);
	fake_poke(task, addr + PG, "x", 1);
	expect(fake_shm_info(task, &info), 1);
	expect(info.used_ids, 2);
	expect(info.shm_tot, 8);
	expect(info.shm_rss, 1);
	expect(info.shm_swp, 0);
	expect(ctl(id, IPC_RMID, 0), 0);
	fake_shm_info(task, &info);
	expect(info.used_ids, 2);
	expect(fake_shmdt(task, addr), 0);
	fake_shm_info(task, &info);
	expect(info.used_ids, 1);
	expect(info.shm_tot, 5);
	expect(info.shm_rss, 0);
}
END_TEST

START_TEST(sysvipc_has_the_kernels_columns)
{
	char text[2000], expected[2000], part[100];
	int64_t id;
	size_t len;

	snprintf(expected, sizeof expected,
"       key      shmid perms                  size  cpid  lpid nattch   uid"
"   gid  cuid  cgid      atime      dtime      ctime                   rss"
"                  swap\n"
"         0          0  3640                  5000 14522 14522      1     0"
"     0     0     0 1000000000          0 1000000000  %20" PRIu64
"                     0\n"
"-2147483647          1   777                  4096 14522     0      0     0"
"     0     0     0          0          0 1000000000                     0"
"                     0\n", PG);
	task->pid = 14522;
	id = fake_shmget(task, 0x12345678, 5000, IPC_CREAT | 0640);
	fake_shmget(task, 0x80000001, 4096, IPC_CREAT | 0777);
	fake_poke(task, attach(id), "x", 1);
	expect(ctl(id, IPC_RMID, 0), 0);
	ctl(id, SHM_LOCK, 0);
	len = emul_sysvipc(fake_ns(machine), NULL, text, sizeof text);
	expect(len, strlen(text));
	ck_assert_str_eq(text, expected);
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

	tcase_add_test(t, negative_and_unknown_commands_are_einval);
	tcase_add_test(t, stat_by_index_ignores_the_sequence_number);
	tcase_add_test(t, stat_checks_id_then_permission_then_buffer);
	tcase_add_test(t, stat_writes_what_fits_before_the_fault);
	tcase_add_test(t, set_reads_the_buffer_before_anything_else);
	tcase_add_test(t, set_changes_owner_mode_and_ctime_only);
	tcase_add_test(t, rmid_of_an_unattached_segment_destroys_it);
	tcase_add_test(t, rmid_of_an_attached_segment_frees_its_key);
	tcase_add_test(t, lock_is_idempotent_and_changes_no_time);
	tcase_add_test(t, locks_are_charged_to_the_real_uid);
	tcase_add_test(t, lock_needs_ownership_or_the_capability);
	tcase_add_test(t, ipc_info_reports_limits_and_highest_index);
	tcase_add_test(t, shm_info_counts_segments_pages_and_rss);
	tcase_add_test(t, sysvipc_has_the_kernels_columns);
	return suite;
}
