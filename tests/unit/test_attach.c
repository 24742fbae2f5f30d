// SPDX-License-Identifier: MIT
/* test_attach.c - shmat in an arena of given size, and undone; huge pages. */
#include "tests/unit/unit.h"

static int64_t id;
static uint64_t W;

static int64_t at(uint64_t addr, uint64_t flags)
{
	return fake_shmat(task, (uint64_t)id, addr, flags);
}

static void start(uint64_t pages)
{
	id = new_segment(pages);
	W = fake_room(task, 64 * PG);
}

START_TEST(without_address_from_the_top_of_the_arena)
{
	struct emul_config config = fake_default_config();

	start(2);
	expect(at(0, 0), config.arena_end - 2 * PG);
	expect(at(0, SHM_RND), config.arena_end - 4 * PG);
	expect(at(0, 0), config.arena_end - 6 * PG);
	expect(fake_shmdt(task, config.arena_end - 4 * PG), 0);
	expect(at(0, 0), config.arena_end - 4 * PG);
	expect(fake_munmap(task, config.arena_end - PG, PG), 0);
	expect(at(0, 0), config.arena_end - 8 * PG);
}
END_TEST

static void small_arena(uint64_t pages)
{
	struct emul_config config = fake_default_config();

	fake_free(machine);
	config.arena_end = config.arena_start + pages * PG;
	machine = fake_new(&config);
	task = fake_spawn(machine);
	start(2);
}

START_TEST(the_first_page_of_the_arena_stays_free)
{
	uint64_t arena = fake_default_config().arena_start;

	small_arena(5);
	expect(at(0, 0), arena + 3 * PG);
	expect(at(0, 0), arena + PG);
	expect(at(0, 0) > 0 && fake_is_outside(task), 1);
	expect_n(id, 3);
}
END_TEST

START_TEST(a_hole_that_another_thread_detached_is_the_last_choice)
{
	uint64_t first = fake_default_config().arena_start + PG;
	struct fake_task *other;

	small_arena(7);
	other = fake_thread(task);
	expect(at(0, 0), first + 4 * PG);
	expect(fake_shmdt(task, first + 4 * PG), 0);
	expect(fake_shmat(other, (uint64_t)id, 0, 0), first + 2 * PG);
	expect(at(0, 0), first + 4 * PG);
	expect(fake_shmdt(task, first + 4 * PG), 0);
	expect(fake_shmat(other, (uint64_t)id, 0, 0), first);
	expect(fake_shmat(other, (uint64_t)id, 0, 0), first + 4 * PG);
	expect_n(id, 3);
}
END_TEST

START_TEST(without_an_arena_the_host_picks)
{
	small_arena((uint64_t)_i);
	ck_assert_int_gt(at(0, 0), 0);
	expect_n(id, 1);
}
END_TEST

START_TEST(a_foreign_mapping_in_the_arena_is_avoided)
{
	uint64_t end = fake_default_config().arena_end;

	start(2);
	fake_mmap(task, end - PG, PG, PROT_READ, MAP_FIXED);
	expect(at(0, 0) > 0 && fake_is_outside(task), 1);
	expect_n(id, 1);
}
END_TEST

START_TEST(a_failed_attach_changes_nothing)
{
	struct shmid_ds before, after;

	start(2);
	expect(at(W, 0), W);
	before = stat_of(id);
	fake_tick(machine);
	expect(at(W, 0), -EINVAL);
	fake_fail_host(machine, 1, -EAGAIN);
	expect(at(W + PG, SHM_REMAP), -EAGAIN);
	task->as_limit = 4 * PG;
	expect(at(W + 8 * PG, 0), -ENOMEM);
	fake_fail_host(machine, 1, SYSRET_GONE);
	expect(at(W + 8 * PG, 0), SYSRET_GONE);
	fake_fail_host(machine, 1, SYSRET_GONE);
	expect(at(0, 0), SYSRET_GONE);
	after = stat_of(id);
	ck_assert_mem_eq(&before, &after, sizeof before);
	ck_assert_str_eq(vmas(W), "0-2@0");
}
END_TEST

START_TEST(shmseg_limits_attaches_not_vmas)
{
	struct shminfo info;

	start(4);
	emul_ns_limits(fake_ns(machine))->shmseg = 2;
	expect(fake_info(task, &info), 0);
	expect(info.shmseg, 2);
	expect(at(W, 0), W);
	fake_munmap(task, W + PG, PG);
	expect(at(W + 8 * PG, 0), W + 8 * PG);
	expect(at(W + 16 * PG, 0), -EMFILE);
	expect(fake_shmdt(task, W), 0);
	expect(at(W + 16 * PG, 0), W + 16 * PG);
	expect_n(id, 2);
}
END_TEST

START_TEST(huge_attaches_are_aligned_and_rounded)
{
	struct emul_config config = fake_default_config();
	uint64_t huge = UINT64_C(1) << 21, addr;
	struct shm_info info;

	fake_free(machine);
	config.huge_shift = 21;
	machine = fake_new(&config);
	task = fake_spawn(machine);
	fake_set_huge_pages(machine, 4);
	W = fake_room(task, 8 * huge);
	W = (W + huge) & ~(huge - 1);
	id = fake_shmget(task, IPC_PRIVATE, 1, SHM_HUGETLB | 0600);
	addr = config.arena_end - huge;
	expect(at(0, 0), addr);
	expect(fake_munlockall(task), 0);
	expect(fake_mlock(task, addr, PG), 0);
	expect_n(id, 1);
	expect(fake_mlockall(task, MCL_FUTURE), 0);
	expect(at(W, 0), W);
	expect(at(W + 2 * huge + PG, 0), -EINVAL);
	expect(at(W + huge + PG, SHM_REMAP), -EINVAL);
	expect(at(-huge, 0), -EINVAL);
	expect_n(id, 2);
	fake_poke(task, addr, "x", 1);
	fake_shm_info(task, &info);
	expect(info.shm_tot, 1);
	/* a bug of Linux */
	expect(info.shm_rss, huge / PG * info.shm_tot);
	expect(fake_shmctl(task, (uint64_t)id, SHM_LOCK, 0), 0);
	expect(stat_of(id).shm_perm.mode, 0600);
	expect(fake_shmdt(task, addr), 0);
	expect(fake_shmdt(task, W), 0);
}
END_TEST

/* With shm_rmid_forced, Linux destroys the segment that a first attacher is
   killed in shmat of: out_nattch runs for it too. */
START_TEST(rmid_forced_destroys_after_a_killed_attach)
{
	struct fake_task *attacher = fake_spawn(machine);

	start(1);
	fake_fail_host(machine, 1, SYSRET_GONE);
	expect(fake_shmat(attacher, (uint64_t)id, W, 0), SYSRET_GONE);
	expect_n(id, 0);
	emul_ns_limits(fake_ns(machine))->rmid_forced = true;
	fake_fail_host(machine, 1, SYSRET_GONE);
	expect(fake_shmat(attacher, (uint64_t)id, W, 0), SYSRET_GONE);
	expect_n(id, -EINVAL);
}
END_TEST

START_TEST(an_attach_can_be_taken_back)
{
	struct shmid_ds before, after;

	start(2);
	at(W, 0);
	before = stat_of(id);
	fake_tick(machine);
	expect(at(W + 8 * PG, 0), W + 8 * PG);
	fake_shmat_undo(task, W + 8 * PG);
	after = stat_of(id);
	ck_assert_mem_eq(&before, &after, sizeof before);
	emul_ns_limits(fake_ns(machine))->rmid_forced = true;
	id = new_segment(1);
	expect(at(W + 8 * PG, 0), W + 8 * PG);
	fake_shmat_undo(task, W + 8 * PG);
	expect_n(id, -EINVAL);
}
END_TEST

START_TEST(a_space_knows_whether_it_is_outside_the_arena)
{
	struct fake_task *other = fake_spawn(machine);
	struct emul_vma info;

	start(2);
	expect(fake_vmas(other, &info, 1), 0);
	ck_assert_int_gt(at(0, 0), 0);
	ck_assert(!fake_is_outside(task));
	expect(at(W, 0), W);
	ck_assert(fake_is_outside(task));
	expect(fake_shmdt(task, W), 0);
	ck_assert(!fake_is_outside(task));
	ck_assert(!fake_is_empty(task));
	ck_assert(fake_is_empty(other));
}
END_TEST

START_TEST(a_forked_attach_is_the_same_attach)
{
	struct emul_vma mine, its;

	start(4);
	expect(at(W, 0), W);
	fake_vmas(fake_fork(task), &its, 1);
	fake_vmas(task, &mine, 1);
	expect(mine.file, its.file);
}
END_TEST

Suite *suite_attach(void)
{
	Suite *suite = suite_create("attach");
	TCase *t = machine_case(suite, "attach");

	tcase_add_test(t, without_address_from_the_top_of_the_arena);
	tcase_add_test(t, the_first_page_of_the_arena_stays_free);
	tcase_add_test(t,
		       a_hole_that_another_thread_detached_is_the_last_choice);
	tcase_add_loop_test(t, without_an_arena_the_host_picks, 0, 3);
	tcase_add_test(t, a_foreign_mapping_in_the_arena_is_avoided);
	tcase_add_test(t, a_failed_attach_changes_nothing);
	tcase_add_test(t, shmseg_limits_attaches_not_vmas);
	tcase_add_test(t, huge_attaches_are_aligned_and_rounded);
	tcase_add_test(t, rmid_forced_destroys_after_a_killed_attach);
	tcase_add_test(t, an_attach_can_be_taken_back);
	tcase_add_test(t, a_space_knows_whether_it_is_outside_the_arena);
	tcase_add_test(t, a_forked_attach_is_the_same_attach);
	return suite;
}
