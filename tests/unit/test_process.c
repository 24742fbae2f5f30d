// SPDX-License-Identifier: MIT
/* test_process.c - fork, exec, exit, namespaces, shm_rmid_forced. */
#include "tests/unit/unit.h"

static int64_t id;
static uint64_t W;

static void start(uint64_t pages)
{
	id = new_segment(pages);
	W = attach(id);
	fake_tick(machine);
}

static uint64_t at(uint64_t page)
{
	return W + page * PG;
}

START_TEST(fork_copies_pieces_in_the_parents_name)
{
	struct fake_task *child;
	struct shmid_ds ds;

	start(4);
	fake_mprotect(task, at(1), PG, PROT_READ);
	fake_mprotect(task, at(1), PG, PROT_READ | PROT_WRITE);
	fake_tick(machine);
	child = fake_fork(task);
	ds = stat_of(id);
	expect(ds.shm_nattch, 6);
	expect(ds.shm_atime, fake_now(machine));
	expect(ds.shm_dtime, 0);
	expect(ds.shm_lpid, task->pid);
	expect(fake_shmdt(child, W), 0);
	ds = stat_of(id);
	expect(ds.shm_nattch, 3);
	expect(ds.shm_lpid, child->pid);
	expect(ds.shm_dtime, fake_now(machine));
}
END_TEST

START_TEST(dontfork_pieces_are_not_inherited)
{
	struct fake_task *child;

	start(4);
	fake_madvise(task, at(1), PG, MADV_DONTFORK);
	expect_n(id, 3);
	child = fake_fork(task);
	expect_n(id, 5);
	fake_madvise(task, W, 4 * PG, MADV_DONTFORK);
	expect(fake_shmdt(child, W), 0);
	child = fake_fork(task);
	expect_n(id, 3);
	expect(fake_shmdt(child, W), -EINVAL);
	ck_assert(fake_is_empty(child));
}
END_TEST

START_TEST(locks_and_mlockall_are_not_inherited)
{
	struct fake_task *child;

	start(4);
	fake_mlockall(task, MCL_CURRENT | MCL_FUTURE);
	child = fake_fork(task);
	expect_n(id, 2);
	expect(fake_mlock(child, W, PG), 0);
	expect_n(id, 3);
	expect(fake_mlock(task, W, PG), 0);
	expect_n(id, 3);
}
END_TEST

START_TEST(a_forked_attach_is_the_same_attach)
{
	struct emul_piece_info mine, its;

	start(4);
	fake_pieces(fake_fork(task), &its, 1);
	fake_pieces(task, &mine, 1);
	expect(mine.attach, its.attach);
}
END_TEST

START_TEST(exit_and_exec_detach_with_the_last_user)
{
	struct fake_task *child, *thread, *sharer;
	int32_t pid;

	start(4);
	child = fake_fork(task);
	thread = fake_thread(child);
	sharer = fake_vfork(child);
	expect_n(id, 2);
	fake_exit(child);
	expect(fake_exec(sharer), true);
	expect_n(id, 2);
	expect(stat_of(id).shm_lpid, task->pid);
	fake_tick(machine);
	pid = thread->pid;
	fake_exit(thread);
	expect_n(id, 1);
	expect(stat_of(id).shm_lpid, pid);
	expect(stat_of(id).shm_dtime, fake_now(machine));
	child = fake_fork(task);
	expect(fake_exec(child), true);
	expect_n(id, 1);
	expect(stat_of(id).shm_lpid, child->pid);
}
END_TEST

START_TEST(a_vfork_childs_attach_stays_in_the_parent)
{
	struct fake_task *child;
	uint64_t addr;

	start(4);
	child = fake_vfork(task);
	addr = fake_room(task, 4 * PG);
	expect(fake_shmat(child, (uint64_t)id, addr, 0), addr);
	expect(stat_of(id).shm_lpid, child->pid);
	fake_exit(child);
	expect_n(id, 2);
	expect(fake_shmdt(task, addr), 0);
}
END_TEST

START_TEST(a_removed_segment_goes_with_the_last_process)
{
	struct fake_task *child;

	start(4);
	child = fake_fork(task);
	fake_shmctl(task, (uint64_t)id, IPC_RMID, 0);
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 1);
	fake_exit(child);
	expect_n(id, -EINVAL);
	expect(fake_pages_live(machine), 0);
}
END_TEST

START_TEST(a_new_namespace_is_empty_and_old_attaches_work)
{
	struct fake_task *child;

	start(4);
	fake_shmget(task, 42, 1, IPC_CREAT);
	child = fake_fork(task);
	emul_ns_limits(task->ns)->shmmni = 100;
	expect(fake_unshare_ipc(child), true);
	expect(emul_ns_limits(child->ns)->shmmni, 4096);
	expect(fake_nattch(child, (uint64_t)id), -EINVAL);
	expect(fake_shmget(child, 42, 1, 0), -ENOENT);
	expect(fake_shmget(child, 42, 1, IPC_CREAT), 0);
	expect_n(id, 2);
	expect(fake_shmdt(child, W), 0);
	expect_n(id, 1);
	expect(stat_of(id).shm_lpid, child->pid);
}
END_TEST

START_TEST(segments_outlive_their_namespace_while_attached)
{
	struct emul *emul = fake_emul(machine);
	struct emul_ns *ns = emul_ns_new(emul), *old = task->ns;
	int64_t a, b;

	fake_set_checks(machine, false);
	task->ns = emul_ns_get(ns);
	a = new_segment(1);
	b = fake_shmget(task, 5, PG, IPC_CREAT | 0600);
	W = attach(b);
	expect(fake_pages_live(machine), 2);
	emul_ns_put(ns);
	expect(fake_pages_live(machine), 2);
	expect_n(a, 0);
	emul_ns_put(task->ns);
	task->ns = old;
	expect(fake_pages_live(machine), 1);
	expect(fake_poke(task, W, "x", 1), 0);
	expect(fake_shmdt(task, W), 0);
	expect(fake_pages_live(machine), 0);
}
END_TEST

static void force(bool on)
{
	emul_ns_limits(fake_ns(machine))->rmid_forced = on;
}

static bool alive(uint64_t creator, void *arg)
{
	return creator == *(uint64_t *)arg;
}

START_TEST(setting_rmid_forced_destroys_orphans)
{
	struct fake_task *child = fake_fork(task);
	int64_t mine = new_segment(1), attached, orphan;

	orphan = fake_shmget(child, IPC_PRIVATE, 1, 0600);
	attached = fake_shmget(child, IPC_PRIVATE, 1, 0600);
	W = attach(attached);
	fake_exit(child);
	expect_n(orphan, 0);
	force(true);
	emul_ns_destroy_orphans(fake_ns(machine), alive, &task->creator);
	expect_n(mine, 0);
	expect_n(orphan, -EINVAL);
	expect_n(attached, 1);
	expect(fake_shmdt(task, W), 0);
	expect_n(attached, -EINVAL);
}
END_TEST

START_TEST(rmid_forced_takes_segments_of_ending_threads)
{
	struct fake_task *thread = fake_thread(task);
	int64_t its, held;

	force(true);
	its = fake_shmget(thread, IPC_PRIVATE, 1, 0600);
	held = fake_shmget(thread, IPC_PRIVATE, 1, 0600);
	id = new_segment(1);
	W = attach(held);
	fake_exit(thread);
	expect_n(its, -EINVAL);
	expect_n(held, 1);
	expect_n(id, 0);
	expect(fake_shmdt(task, W), 0);
	expect_n(held, -EINVAL);
}
END_TEST

START_TEST(rmid_forced_makes_a_failed_attach_destroy)
{
	int64_t other;

	start(4);
	force(true);
	other = new_segment(4);
	expect(fake_shmat(task, (uint64_t)id, W, 0), -EINVAL);
	expect_n(id, 1);
	expect(fake_shmat(task, (uint64_t)other, W, 0), -EINVAL);
	expect_n(other, -EINVAL);
	other = new_segment(4);
	expect(fake_shmat(task, (uint64_t)other, W + 1, 0), -EINVAL);
	expect_n(other, 0);
	expect(fake_remap_file_pages(task, W, 4 * PG, 0), -EINVAL);
	expect_n(id, -EINVAL);
}
END_TEST

Suite *suite_process(void)
{
	Suite *suite = suite_create("process");
	TCase *t = machine_case(suite, "process");

	tcase_add_test(t, fork_copies_pieces_in_the_parents_name);
	tcase_add_test(t, dontfork_pieces_are_not_inherited);
	tcase_add_test(t, locks_and_mlockall_are_not_inherited);
	tcase_add_test(t, a_forked_attach_is_the_same_attach);
	tcase_add_test(t, exit_and_exec_detach_with_the_last_user);
	tcase_add_test(t, a_vfork_childs_attach_stays_in_the_parent);
	tcase_add_test(t, a_removed_segment_goes_with_the_last_process);
	tcase_add_test(t, a_new_namespace_is_empty_and_old_attaches_work);
	tcase_add_test(t, segments_outlive_their_namespace_while_attached);
	tcase_add_test(t, setting_rmid_forced_destroys_orphans);
	tcase_add_test(t, rmid_forced_takes_segments_of_ending_threads);
	tcase_add_test(t, rmid_forced_makes_a_failed_attach_destroy);
	return suite;
}
