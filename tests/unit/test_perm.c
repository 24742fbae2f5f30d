// SPDX-License-Identifier: MIT
/* test_perm.c - who may attach, look, and change. */
#include "tests/unit/unit.h"

static int64_t owned(uint32_t uid, uint32_t gid, uint32_t mode)
{
	int64_t id = new_segment(1);
	struct shmid_ds ds = stat_of(id);

	ds.shm_perm.uid = uid;
	ds.shm_perm.gid = gid;
	ds.shm_perm.mode = (unsigned short)mode;
	expect(fake_set(task, (uint64_t)id, &ds), 0);
	return id;
}

static int64_t try(struct fake_task *who, int64_t id, uint64_t flags)
{
	int64_t result = fake_shmat(who, (uint64_t)id, 0, flags);

	if (result > 0)
		expect(fake_shmdt(who, (uint64_t)result), 0);
	return result > 0 ? 0 : result;
}

START_TEST(attach_needs_the_rights_it_asks_for)
{
	static const struct {
		uint32_t mode;
		int flags, result;
	} cases[] = {
		{ 0600, 0, 0 }, { 0400, 0, -EACCES }, { 0200, 0, -EACCES },
		{ 0400, SHM_RDONLY, 0 }, { 0200, SHM_RDONLY, -EACCES },
		{ 0600, SHM_EXEC, -EACCES }, { 0700, SHM_EXEC, 0 },
		{ 0500, SHM_EXEC | SHM_RDONLY, 0 },
		{ 0400, SHM_EXEC | SHM_RDONLY, -EACCES },
		{ 0222, 0, -EACCES }, { 0066, 0, -EACCES },
	};
	struct fake_task *owner = user(5);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect(try(owner, owned(5, 5, cases[i].mode),
			   (uint64_t)cases[i].flags), cases[i].result);
}
END_TEST

START_TEST(the_first_matching_class_decides_alone)
{
	struct fake_task *who = user(5);

	expect(try(who, owned(5, 5, 0077), 0), -EACCES);
	who->fsgid = 9;
	expect(try(who, owned(6, 9, 0707), 0), -EACCES);
	expect(try(who, owned(6, 9, 0070), 0), 0);
	expect(try(who, owned(6, 8, 0707), 0), 0);
	who->egid = 8;		/* fsgid rules */
	expect(try(who, owned(6, 8, 0060), 0), -EACCES);
	who->groups[0] = 3;
	who->groups[1] = 8;
	who->ngroups = 2;
	expect(try(who, owned(6, 8, 0060), 0), 0);
	expect(try(who, owned(6, 4, 0006), 0), 0);
}
END_TEST

START_TEST(the_creators_class_stays)
{
	struct fake_task *creator = user(5);
	int64_t id = fake_shmget(creator, IPC_PRIVATE, 1, 0600);
	struct shmid_ds ds;

	expect(fake_stat(creator, (uint64_t)id, IPC_STAT, &ds), 0);
	ds.shm_perm.uid = ds.shm_perm.gid = 6;
	expect(fake_set(creator, (uint64_t)id, &ds), 0);
	expect(try(creator, id, 0), 0);
	creator->euid = 7;
	ds.shm_perm.mode = 0060;
	expect(fake_set(task, (uint64_t)id, &ds), 0);
	expect(try(creator, id, 0), 0);	/* cgid */
	creator->euid = 6;
	expect(try(creator, id, 0), -EACCES);
	expect(fake_shmctl(creator, (uint64_t)id, IPC_RMID, 0), 0);
}
END_TEST

START_TEST(root_without_capabilities_is_nobody)
{
	struct fake_task *owner = user(5);
	int64_t id = fake_shmget(owner, IPC_PRIVATE, 1, 0600);
	struct shmid_ds ds;

	task->caps = EMUL_CAP_SYS_ADMIN | EMUL_CAP_IPC_LOCK;
	expect(try(task, id, 0), -EACCES);
	expect(fake_stat(task, (uint64_t)id, IPC_STAT, &ds), -EACCES);
	task->caps = EMUL_CAP_IPC_OWNER;
	expect(try(task, id, 0), 0);
	expect(fake_stat(task, (uint64_t)id, IPC_STAT, &ds), 0);
	expect(fake_set(task, (uint64_t)id, &ds), -EPERM);
	expect(fake_shmctl(task, (uint64_t)id, IPC_RMID, 0), -EPERM);
	task->caps = EMUL_CAP_SYS_ADMIN;
	expect(fake_set(task, (uint64_t)id, &ds), 0);
	expect(fake_shmctl(task, (uint64_t)id, IPC_RMID, 0), 0);
}
END_TEST

Suite *suite_perm(void)
{
	Suite *suite = suite_create("perm");
	TCase *t = machine_case(suite, "perm");

	tcase_add_test(t, attach_needs_the_rights_it_asks_for);
	tcase_add_test(t, the_first_matching_class_decides_alone);
	tcase_add_test(t, the_creators_class_stays);
	tcase_add_test(t, root_without_capabilities_is_nobody);
	return suite;
}
