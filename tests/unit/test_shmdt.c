// SPDX-License-Identifier: MIT
/* test_shmdt.c - what a detach takes, after splitting and moving. */
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

static int64_t move(uint64_t from, uint64_t pages, uint64_t to)
{
	return fake_mremap(task, at(from), pages * PG, pages * PG,
			   MREMAP_MAYMOVE | MREMAP_FIXED, at(to));
}

START_TEST(shmdt_of_an_attach)
{
	struct fake_task *sharer;
	struct shmid_ds ds;

	start(4);
	expect(fake_shmdt(task, W + 1), -EINVAL);
	expect(fake_shmdt(task, at(1)), -EINVAL);
	expect(fake_shmdt(task, 0), -EINVAL);
	expect(fake_shmdt(task, -PG), -EINVAL);
	sharer = fake_vfork(task);
	expect(fake_shmdt(sharer, W), 0);
	ds = stat_of(id);
	expect(ds.shm_nattch, 0);
	expect(ds.shm_dtime, fake_now(machine));
	expect(ds.shm_atime, fake_now(machine) - 1);
	expect(ds.shm_lpid, sharer->pid);
	expect(fake_shmdt(task, W), -EINVAL);
	ck_assert(fake_is_empty(task));
}
END_TEST

START_TEST(shmdt_after_split_detaches_all)
{
	start(8);
	fake_mprotect(task, at(2), PG, PROT_READ);
	fake_mmap(task, at(4), PG, PROT_READ, MAP_FIXED);
	expect(fake_shmdt(task, at(1)), -EINVAL);
	expect(fake_shmdt(task, at(5)), -EINVAL);
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 0);
	expect(fake_shmdt(task, W), -EINVAL);
}
END_TEST

START_TEST(shmdt_by_the_old_base_after_the_head_is_gone)
{
	start(8);
	fake_munmap(task, W, 2 * PG);
	expect(fake_shmdt(task, at(2)), -EINVAL);
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 0);
}
END_TEST

START_TEST(shmdt_of_a_moved_tail_by_its_virtual_base)
{
	start(6);
	expect(move(4, 2, 20), at(20));
	expect(fake_shmdt(task, at(20)), -EINVAL);
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 1);
	expect(fake_shmdt(task, W), -EINVAL);
	expect(fake_shmdt(task, at(16)), 0);
	expect_n(id, 0);
}
END_TEST

START_TEST(shmdt_finds_a_fragment_however_far_up)
{
	start(6);
	expect(move(2, 2, 40), at(40));
	expect(fake_shmdt(task, at(38)), 0);
	expect_n(id, 2);
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 0);
}
END_TEST

START_TEST(shmdt_takes_one_of_two_with_the_same_base)
{
	start(6);
	expect(move(0, 2, 20), at(20));
	expect(fake_shmdt(task, W), 0);
	ck_assert_str_eq(pieces(W), "20-22@0");
	expect(fake_shmdt(task, at(20)), 0);
}
END_TEST

START_TEST(shmdt_skips_pieces_of_another_attach)
{
	start(8);
	expect(fake_shmat(task, (uint64_t)id, at(2), SHM_REMAP), at(2));
	expect(fake_shmdt(task, W), 0);
	ck_assert_str_eq(pieces(W), "2-10@0");
	expect(fake_shmdt(task, at(2)), 0);
}
END_TEST

START_TEST(shmdt_spares_an_equal_base_of_another_attach)
{
	uint64_t V;

	start(6);
	V = attach(id);
	expect(fake_munmap(task, V, 3 * PG), 0);
	expect(fake_munmap(task, at(3), 3 * PG), 0);
	expect(fake_mremap(task, V + 3 * PG, 3 * PG, 3 * PG,
			   MREMAP_MAYMOVE | MREMAP_FIXED, at(3)), at(3));
	expect_n(id, 2);	/* contiguous, but not one attach */
	expect(fake_shmdt(task, W), 0);
	ck_assert_str_eq(pieces(W), "3-6@3");
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 0);
}
END_TEST

START_TEST(shmdt_of_a_grown_attach)
{
	start(4);
	expect(fake_mremap(task, W, 4 * PG, 8 * PG, 0, 0), W);
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 0);
	expect(fake_shmat(task, (uint64_t)id, W, 0), W);
	fake_mremap(task, W, 4 * PG, 8 * PG, 0, 0);
	fake_mprotect(task, at(2), PG, PROT_READ);
	expect(fake_shmdt(task, W), 0);
	ck_assert_str_eq(pieces(W), "3-8@3");
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 0);
}
END_TEST

START_TEST(shmdt_leaves_sealed_pieces_and_says_nothing)
{
	start(6);
	expect(fake_mseal(task, at(2), 2 * PG), 0);
	expect(fake_shmdt(task, W), 0);
	ck_assert_str_eq(pieces(W), "2-4@2");
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 1);
	expect(fake_munmap(task, at(2), PG), -EPERM);
	expect_n(id, 1);
}
END_TEST

START_TEST(shmdt_of_a_removed_segment_destroys_it)
{
	start(6);
	fake_mprotect(task, at(2), PG, PROT_READ);
	fake_shmctl(task, (uint64_t)id, IPC_RMID, 0);
	expect(fake_shmdt(task, W), 0);
	expect_n(id, -EINVAL);
	expect(fake_pages_live(machine), 0);
}
END_TEST

START_TEST(shmdt_may_end_by_itself_unless_pages_go_with_it)
{
	start(2);
	attach(id);
	expect(fake_shmdt(task, W), 0);
	expect(fake_last_unmaps(machine), 1);
	W = attach(id);
	fake_mprotect(task, at(1), PG, PROT_READ);
	expect(fake_shmdt(task, W), 0);	/* one call more is to come */
	expect(fake_last_unmaps(machine), 1);
	start(2);
	fake_shmctl(task, (uint64_t)id, IPC_RMID, 0);
	expect(fake_shmdt(task, W), 0);
	expect(fake_last_unmaps(machine), 1);
	expect_n(id, -EINVAL);
}
END_TEST

START_TEST(shmdt_by_a_dying_thread_records_what_happened)
{
	start(6);
	fake_mprotect(task, at(2), PG, PROT_READ);
	fake_fail_host(machine, 1, SYSRET_GONE);
	expect(fake_shmdt(task, W), SYSRET_GONE);
	expect_n(id, 3);
	fake_fail_host(machine, 3, SYSRET_GONE);
	expect(fake_shmdt(task, W), SYSRET_GONE);
	ck_assert_str_eq(pieces(W), "3-6@3");
	fake_fail_host(machine, 1, -ENOMEM);
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 1);
}
END_TEST

Suite *suite_shmdt(void)
{
	Suite *suite = suite_create("shmdt");
	TCase *t = machine_case(suite, "shmdt");

	tcase_add_test(t, shmdt_of_an_attach);
	tcase_add_test(t, shmdt_after_split_detaches_all);
	tcase_add_test(t, shmdt_by_the_old_base_after_the_head_is_gone);
	tcase_add_test(t, shmdt_of_a_moved_tail_by_its_virtual_base);
	tcase_add_test(t, shmdt_finds_a_fragment_however_far_up);
	tcase_add_test(t, shmdt_takes_one_of_two_with_the_same_base);
	tcase_add_test(t, shmdt_skips_pieces_of_another_attach);
	tcase_add_test(t, shmdt_spares_an_equal_base_of_another_attach);
	tcase_add_test(t, shmdt_of_a_grown_attach);
	tcase_add_test(t, shmdt_leaves_sealed_pieces_and_says_nothing);
	tcase_add_test(t, shmdt_of_a_removed_segment_destroys_it);
	tcase_add_test(t, shmdt_may_end_by_itself_unless_pages_go_with_it);
	tcase_add_test(t, shmdt_by_a_dying_thread_records_what_happened);
	return suite;
}
