// SPDX-License-Identifier: MIT
/* test_remap.c - munmap, mmap, mremap and remap_file_pages on attaches. */
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

static int64_t remap(uint64_t from, uint64_t old, uint64_t new, uint64_t flags,
		     uint64_t to)
{
	return fake_mremap(task, at(from), old * PG, new * PG, flags, at(to));
}

enum { MOVE = MREMAP_MAYMOVE | MREMAP_FIXED };

/* Which times moved since `start`: "a", "d", both or none. */
static const char *moved(void)
{
	struct shmid_ds ds = stat_of(id);
	bool a = ds.shm_atime == fake_now(machine);
	bool d = ds.shm_dtime == fake_now(machine);

	fake_tick(machine);
	return a && d ? "ad" : a ? "a" : d ? "d" : "";
}

START_TEST(munmap_counts_pieces)
{
	start(8);
	expect(fake_munmap(task, W, PG), 0);
	expect_n(id, 1);
	ck_assert_str_eq(moved(), "ad");
	expect(fake_munmap(task, at(7), 1), 0);
	ck_assert_str_eq(moved(), "ad");
	expect(fake_munmap(task, at(3), PG), 0);
	expect_n(id, 2);
	ck_assert_str_eq(moved(), "ad");
	ck_assert_str_eq(pieces(W), "1-3@1 4-7@4");
	expect(fake_munmap(task, at(1), 6 * PG), 0);
	expect_n(id, 0);
	ck_assert_str_eq(moved(), "d");
	expect(fake_munmap(task, at(1) + 1, PG), -EINVAL);
	expect(fake_munmap(task, at(1), 0), -EINVAL);
}
END_TEST

START_TEST(munmap_stopped_by_a_seal_still_splits_at_its_start)
{
	start(8);
	fake_mseal(task, at(4), PG);
	expect_n(id, 3);
	expect(fake_munmap(task, at(2), 4 * PG), -EPERM);
	ck_assert_str_eq(pieces(W), "0-2@0 2-4@2 4-5@4 5-8@5");
	expect(fake_munmap(task, at(2), 4 * PG), -EPERM);
	expect_n(id, 4);
	fake_mseal(task, at(5), 2 * PG);
	ck_assert_str_eq(pieces(W), "0-2@0 2-4@2 4-7@4 7-8@7");
	expect(fake_munmap(task, at(6), 2 * PG), -EPERM);
	expect_n(id, 4);	/* the sealed one itself is not split */
}
END_TEST

START_TEST(fixed_mappings_cut_and_noreplace_does_not)
{
	start(8);
	expect(fake_mmap(task, at(1), PG, PROT_READ, 0x100000), -EEXIST);
	expect_n(id, 1);
	expect(fake_mmap(task, at(3), 2 * PG, PROT_READ, MAP_FIXED), at(3));
	ck_assert_str_eq(pieces(W), "0-3@0 5-8@5");
	ck_assert_str_eq(moved(), "ad");
	expect(fake_mmap(task, at(1) + 1, PG, PROT_READ, MAP_FIXED), -EINVAL);
	expect(fake_mmap(task, at(1), UINT64_MAX - PG, PROT_READ, MAP_FIXED),
	       -ENOMEM);
	task->as_limit = 2 * PG;
	expect(fake_mmap(task, at(6), PG, PROT_READ, MAP_FIXED), -ENOMEM);
	ck_assert_str_eq(pieces(W), "0-3@0 5-6@5 6-7@6 7-8@7");
	task->as_limit = UINT64_MAX;
	fake_mseal(task, at(6), PG);
	expect(fake_mmap(task, at(2), 5 * PG, PROT_READ, MAP_FIXED), -EPERM);
	ck_assert_str_eq(pieces(W), "0-2@0 2-3@2 5-6@5 6-7@6 7-8@7");
	expect(fake_mmap(task, at(1), 2 * PG, PROT_READ, MAP_FIXED), at(1));
	expect_n(id, 4);
}
END_TEST

START_TEST(growing_in_place_changes_no_count_and_no_time)
{
	char byte;

	start(4);
	fake_mmap(task, at(8), PG, PROT_READ, MAP_FIXED);
	expect(remap(0, 4, 8, 0, 0), W);
	ck_assert_str_eq(pieces(W), "0-8@0");
	ck_assert_str_eq(moved(), "");
	expect(fake_peek(task, at(3), &byte, 1), 0);
	expect(fake_peek(task, at(4), &byte, 1), -EFAULT);
	expect(remap(0, 8, 9, 0, 0), -ENOMEM);
	expect(remap(1, 1, 2, 0, 0), -ENOMEM);
	ck_assert_str_eq(moved(), "");
	expect(remap(0, 8, 9, MREMAP_MAYMOVE, 0) > 0, 1);
	expect_n(id, 1);
	ck_assert_str_eq(moved(), "ad");
}
END_TEST

START_TEST(growing_a_tail_and_moving_a_middle)
{
	start(4);
	expect(remap(2, 2, 4, 0, 0), at(2));
	ck_assert_str_eq(pieces(W), "0-6@0");
	expect(remap(1, 1, 2, MOVE, 20), at(20));
	ck_assert_str_eq(pieces(W), "0-1@0 2-6@2 20-22@1");
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 2);
	expect(fake_shmdt(task, at(19)), 0);
	expect_n(id, 1);
}
END_TEST

START_TEST(shrinking_is_an_unmapping)
{
	start(8);
	expect(remap(0, 8, 6, 0, 0), W);
	ck_assert_str_eq(moved(), "ad");
	expect(remap(2, 2, 1, MREMAP_MAYMOVE, 0), at(2));
	ck_assert_str_eq(pieces(W), "0-3@0 4-6@4");
	expect(remap(0, 6, 2, 0, 0), W);
	ck_assert_str_eq(pieces(W), "0-2@0");
	expect(remap(0, 2, 2, 0, 0), W);
	expect_n(id, 1);
}
END_TEST

START_TEST(shrinking_over_a_seal_splits_and_fails)
{
	start(8);
	fake_mseal(task, at(6), PG);
	expect(remap(0, 8, 2, 0, 0), -EPERM);
	ck_assert_str_eq(pieces(W), "0-2@0 2-6@2 6-7@6 7-8@7");
	expect(remap(6, 1, 1, MOVE, 20), -EPERM);
	expect(remap(0, 2, 2, MOVE, 6), -EPERM);
	expect_n(id, 4);
}
END_TEST

START_TEST(moving_keeps_the_count_and_moves_both_times)
{
	start(4);
	expect(remap(0, 4, 4, MOVE, 20), at(20));
	ck_assert_str_eq(pieces(W), "20-24@0");
	ck_assert_str_eq(moved(), "ad");
	fake_shmctl(task, (uint64_t)id, IPC_RMID, 0);
	expect(remap(20, 4, 4, MOVE, 0), W);
	expect_n(id, 1);
}
END_TEST

START_TEST(moving_over_another_attach_unmaps_it)
{
	int64_t other = new_segment(4);

	start(4);
	expect(fake_shmat(task, (uint64_t)other, at(20), 0), at(20));
	fake_shmctl(task, (uint64_t)other, IPC_RMID, 0);
	expect(remap(0, 4, 4, MOVE | 8, 20), -EINVAL);
	expect(remap(0, 5, 5, MOVE, 20), -EFAULT);
	expect(remap(0, 4, 4, MOVE, 2), -EINVAL);
	expect_n(other, 1);
	expect(remap(0, 4, 4, MOVE, 20), at(20));
	expect_n(other, -EINVAL);
	expect_n(id, 1);
}
END_TEST

START_TEST(a_foreign_mapping_moved_over_an_attach_cuts_it)
{
	start(4);
	fake_mmap(task, at(20), 2 * PG, PROT_READ, MAP_FIXED);
	expect(remap(20, 2, 2, MOVE, 1), at(1));
	ck_assert_str_eq(pieces(W), "0-1@0 3-4@3");
	expect(remap(50, 1, 1, MOVE, 0), -EFAULT);
	expect_n(id, 2);
}
END_TEST

START_TEST(a_move_that_fails_late_has_unmapped_its_target)
{
	start(4);
	expect(fake_shmat(task, (uint64_t)id, at(20), 0), at(20));
	fake_mmap(task, at(30), 4 * PG, PROT_READ, MAP_FIXED);
	task->as_limit = (4 + 4 + 4 + FAKE_SCRATCH_PAGES - 1) * PG;
	expect(remap(30, 4, 4, MREMAP_DONTUNMAP | MOVE, 20), -ENOMEM);
	expect_n(id, 1);
	ck_assert_str_eq(pieces(W), "0-4@0");
}
END_TEST

START_TEST(a_shrinking_move_needs_only_what_it_moves)
{
	start(8);
	fake_mprotect(task, at(4), 4 * PG, PROT_READ);
	expect(remap(2, 4, 3, MOVE, 20), -EFAULT);
	expect(remap(2, 4, 1, MOVE, 20), at(20));
	ck_assert_str_eq(pieces(W), "0-2@0 6-8@6 20-21@2");
}
END_TEST

START_TEST(dup_over_its_own_source_loses_it)
{
	start(4);
	expect(remap(1, 0, 2, MOVE, 0), -EINVAL);
	expect(remap(1, 0, 2, MOVE, 1), -EFAULT);
	ck_assert_str_eq(pieces(W), "0-1@0 3-4@3");
}
END_TEST

START_TEST(all_the_splits_of_one_mremap)
{
	start(16);
	expect(remap(8, 4, 2, MOVE, 2), at(2));
	ck_assert_str_eq(pieces(W), "0-2@0 2-4@8 4-8@4 12-16@12");
}
END_TEST

START_TEST(a_foreign_range_with_holes_does_not_move_over_a_piece)
{
	start(4);
	fake_mmap(task, at(20), PG, PROT_READ, MAP_FIXED);
	expect(remap(20, 3, 3, MOVE, 1), -EFAULT);
	expect_n(id, 1);
}
END_TEST

START_TEST(a_sealed_source_fails_before_anything)
{
	start(8);
	fake_mseal(task, W, 2 * PG);
	expect(fake_shmat(task, (uint64_t)id, at(20), 0), at(20));
	expect(remap(0, 8, 3, 0, 0), -EPERM);
	expect(remap(0, 2, 2, MOVE, 22), -EPERM);
	expect(remap(0, 2, 3, MOVE, 22), -EPERM);
	expect(remap(0, 3, 3, MOVE, 22), -EFAULT);
	expect_n(id, 3);
}
END_TEST

START_TEST(a_sealed_foreign_source_splits_no_target)
{
	start(4);
	fake_mmap(task, at(20), PG, PROT_READ, MAP_FIXED);
	fake_mseal(task, at(20), PG);
	expect(remap(20, 1, 1, MOVE, 1), -EPERM);
	expect_n(id, 1);
	fake_mmap(task, at(21), PG, PROT_READ, MAP_FIXED);
	fake_mseal(task, at(3), PG);
	expect(remap(21, 1, 1, MOVE, 3), -EPERM);
	expect_n(id, 2);
}
END_TEST

START_TEST(a_shrinking_move_stopped_by_its_tail_lost_its_target)
{
	start(8);
	if (_i)
		fake_set_blind(machine);
	fake_mseal(task, at(6), PG);
	expect(fake_shmat(task, (uint64_t)id, at(20), 0), at(20));
	expect(remap(0, 8, 2, MOVE, 21), -EPERM);
	ck_assert_str_eq(pieces(W),
			 "0-2@0 2-6@2 6-7@6 7-8@7 20-21@0 23-28@3");
	fake_mmap(task, at(40), 4 * PG, PROT_READ, MAP_FIXED);
	fake_mseal(task, at(42), PG);
	expect(remap(40, 4, 1, MOVE, 24), -EPERM);
	ck_assert_str_eq(pieces(W),
			 "0-2@0 2-6@2 6-7@6 7-8@7 20-21@0 23-24@3 25-28@5");
}
END_TEST

START_TEST(dup_makes_a_second_mapping)
{
	start(4);
	expect(remap(0, 0, 4, MREMAP_MAYMOVE | MREMAP_FIXED, 20), at(20));
	ck_assert_str_eq(moved(), "a");
	expect(remap(1, 0, 2, MOVE, 30), at(30));
	ck_assert_str_eq(pieces(W), "0-4@0 20-24@0 30-32@1");
	expect(remap(0, 0, 4, 0, 0), -ENOMEM);
	expect_n(id, 3);
	expect(remap(0, 0, 4, MREMAP_MAYMOVE, 0) > 0, 1);
	expect_n(id, 4);
	expect(fake_shmdt(task, at(29)), 0);
	expect_n(id, 3);
}
END_TEST

START_TEST(dontunmap_leaves_the_source)
{
	char byte = 0;

	start(4);
	fake_poke(task, at(1), "x", 1);
	expect(remap(0, 4, 4, MREMAP_DONTUNMAP | MOVE, 20), at(20));
	ck_assert_str_eq(moved(), "a");
	expect(fake_peek(task, at(1), &byte, 1), 0);
	expect(byte, 'x');
	expect(remap(0, 4, 3, MREMAP_DONTUNMAP | MOVE, 20), -EINVAL);
	expect(remap(0, 0, 4, MREMAP_DONTUNMAP | MOVE, 20), -EINVAL);
	expect(remap(1, 2, 2, MREMAP_DONTUNMAP | MREMAP_MAYMOVE, 40), at(40));
	ck_assert_str_eq(pieces(W), "0-4@0 20-24@0 40-42@1");
}
END_TEST

START_TEST(dontunmap_unlocks_the_source)
{
	start(4);
	fake_mlock(task, W, 4 * PG);
	expect(remap(1, 1, 1, MREMAP_DONTUNMAP | MOVE, 20), at(20));
	expect(fake_mlock(task, W, PG), 0);
	expect_n(id, 3);
	expect(fake_mlock(task, at(20), PG), 0);
	expect_n(id, 3);
}
END_TEST

START_TEST(a_range_over_several_pieces_cannot_move_or_grow)
{
	start(6);
	fake_mprotect(task, at(3), 3 * PG, PROT_READ);
	if (_i)		/* one mapping for the kernel, two for shm */
		fake_mprotect(task, at(3), 3 * PG, PROT_READ | PROT_WRITE);
	expect(remap(0, 6, 6, MOVE, 20), -EFAULT);
	expect(remap(0, 6, 8, MREMAP_MAYMOVE, 0), -EFAULT);
	expect(remap(0, 6, 4, MOVE, 20), -EFAULT);
	expect(remap(0, 6, 6, MREMAP_DONTUNMAP | MOVE, 20), -EFAULT);
	expect(remap(0, 6, 6, MOVE | 64, 20), -EINVAL);
	expect(fake_mremap(task, W, 6 * PG, 6 * PG, MOVE, at(20) + 1), -EINVAL);
	expect(fake_mremap(task, W + 1, 6 * PG, 6 * PG, MOVE, at(20)), -EINVAL);
	expect(remap(0, 6, 0, MOVE, 20), -EINVAL);
	expect(remap(0, 6, 6, MREMAP_FIXED, 20), -EINVAL);
	expect(fake_mremap(task, W, 6 * PG, 6 * PG, MOVE, UINT64_MAX - PG + 1),
	       -EINVAL);
	expect(remap(0, 6, 6, MREMAP_MAYMOVE, 0), W);
	expect_n(id, 2);
	expect(remap(0, 6, 2, MREMAP_MAYMOVE, 0), W);
	expect_n(id, 1);
}
END_TEST

START_TEST(a_range_from_a_foreign_mapping_into_a_piece_cannot_move)
{
	start(4);
	fake_munmap(task, W, PG);
	fake_mmap(task, W, PG, PROT_READ, MAP_FIXED);
	expect(remap(0, 3, 3, MOVE, 20), -EFAULT);
	expect(remap(0, 1, 1, MOVE, 20), W + 20 * PG);
	ck_assert_str_eq(pieces(W), "1-4@1");
}
END_TEST

START_TEST(a_piece_moved_back_extends_its_neighbour)
{
	start(6);
	expect(remap(3, 3, 3, MOVE, 20), at(20));
	expect_n(id, 2);
	fake_tick(machine);
	expect(remap(20, 3, 3, MOVE, 3), at(3));
	ck_assert_str_eq(pieces(W), "0-6@0");
	ck_assert_str_eq(moved(), "d");
	expect(remap(0, 2, 2, MOVE, 20), at(20));
	expect(remap(20, 2, 2, MOVE, 0), W);
	ck_assert_str_eq(pieces(W), "0-6@0");
	expect(fake_shmdt(task, W), 0);		/* the offset is right */
	expect_n(id, 0);
}
END_TEST

START_TEST(a_filled_hole_extends_the_lower_piece_only)
{
	start(6);
	expect(remap(2, 2, 2, MOVE, 20), at(20));
	expect_n(id, 3);
	expect(remap(20, 2, 2, MOVE, 2), at(2));
	ck_assert_str_eq(pieces(W), "0-4@0 4-6@4");
}
END_TEST

START_TEST(other_properties_keep_a_moved_piece_apart)
{
	start(6);
	remap(3, 3, 3, MOVE, 20);
	fake_mprotect(task, at(20), 3 * PG, PROT_READ);
	expect(remap(20, 3, 3, MOVE, 3), at(3));
	ck_assert_str_eq(pieces(W), "0-3@0 3-6@3");
}
END_TEST

START_TEST(remap_file_pages_maps_other_pages)
{
	start(4);
	expect(fake_remap_file_pages(task, W, 2 * PG, 2), 0);
	ck_assert_str_eq(pieces(W), "0-2@2 2-4@2");
	expect(fake_remap_file_pages(task, at(2), PG, 0), 0);
	ck_assert_str_eq(pieces(W), "0-2@2 2-3@0 3-4@3");
	expect(fake_shmdt(task, W), 0);
	ck_assert_str_eq(pieces(W), "0-2@2 2-3@0");
}
END_TEST

START_TEST(remap_file_pages_back_extends_the_lower_piece)
{
	start(4);
	expect(fake_remap_file_pages(task, at(2), PG, 0), 0);
	expect_n(id, 3);
	expect(fake_remap_file_pages(task, at(2) + 5, PG + 7, 2), 0);
	ck_assert_str_eq(pieces(W), "0-3@0 3-4@3");
}
END_TEST

START_TEST(remap_file_pages_gives_code_alone_its_key)
{
	fake_guard_code(machine);
	start(4);
	expect(fake_mprotect(task, W, 4 * PG, PROT_EXEC), 0);
	expect(fake_remap_file_pages(task, W, 2 * PG, 0), 0);
	ck_assert_str_eq(pieces(W), "0-4@0");
}
END_TEST

START_TEST(remap_file_pages_refuses_what_linux_refuses)
{
	start(4);
	expect(fake_remap_file_pages(task, at(3), 2 * PG, 0), -EINVAL);
	expect(fake_remap_file_pages(task, at(3), 0, 0), -EINVAL);
	expect(fake_remap_file_pages(task, at(3), PG, UINT64_MAX), -EINVAL);
	expect(fake_remap_file_pages(task, at(3), -(at(3)) + PG, 0), -EINVAL);
	fake_shmat(task, (uint64_t)id, at(4), SHM_RDONLY);
	expect(fake_remap_file_pages(task, at(3), 2 * PG, 0), -EINVAL);
	expect(fake_remap_file_pages(task, at(4), PG, 0), -EINVAL);
	fake_mprotect(task, at(2), PG, PROT_READ);
	expect(fake_remap_file_pages(task, at(1), 2 * PG, 0), -EINVAL);
	fake_mprotect(task, at(2), PG, PROT_READ | PROT_WRITE);
	expect(fake_remap_file_pages(task, at(1), 2 * PG, 0), 0);
	ck_assert_str_eq(pieces(W), "0-1@0 1-3@0 3-4@3 4-8@0");
	fake_mseal(task, at(1), PG);
	expect(fake_remap_file_pages(task, at(1), PG, 3), -EPERM);
}
END_TEST

START_TEST(remap_file_pages_keeps_lock_and_protection_only)
{
	start(4);
	fake_madvise(task, W, 4 * PG, MADV_RANDOM);
	fake_mlock2(task, W, 4 * PG, MLOCK_ONFAULT);
	expect(fake_remap_file_pages(task, W, 4 * PG, 0), 0);
	expect(fake_mlock(task, W, PG), 0);
	expect(fake_madvise(task, W, PG, MADV_NORMAL), 0);
	expect_n(id, 1);
}
END_TEST

START_TEST(remap_file_pages_of_all_of_a_removed_segment_drops_it)
{
	start(4);
	fake_mprotect(task, at(2), PG, PROT_READ);
	fake_mprotect(task, at(2), PG, PROT_READ | PROT_WRITE);
	fake_shmctl(task, (uint64_t)id, IPC_RMID, 0);
	expect(fake_remap_file_pages(task, W, 2 * PG, 2), 0);
	expect_n(id, 3);
	fake_fail_host(machine, 1, SYSRET_GONE);
	expect(fake_munmap(task, W, 3 * PG), 0);
	expect(fake_remap_file_pages(task, at(3), PG, 0), SYSRET_GONE);
	expect_n(id, 1);
	expect(fake_remap_file_pages(task, at(3), PG, 0), -EINVAL);
	expect_n(id, -EINVAL);
	ck_assert(fake_is_empty(task));
}
END_TEST

START_TEST(remap_file_pages_of_a_whole_living_attach_keeps_it)
{
	start(4);
	expect(fake_remap_file_pages(task, W, 4 * PG, 1), 0);
	ck_assert_str_eq(pieces(W), "0-4@1");
	ck_assert_str_eq(moved(), "ad");
}
END_TEST

Suite *suite_remap(void)
{
	Suite *suite = suite_create("remap");
	TCase *t = machine_case(suite, "remap");

	tcase_add_test(t, munmap_counts_pieces);
	tcase_add_test(t, munmap_stopped_by_a_seal_still_splits_at_its_start);
	tcase_add_test(t, fixed_mappings_cut_and_noreplace_does_not);
	tcase_add_test(t, growing_in_place_changes_no_count_and_no_time);
	tcase_add_test(t, growing_a_tail_and_moving_a_middle);
	tcase_add_test(t, shrinking_is_an_unmapping);
	tcase_add_test(t, shrinking_over_a_seal_splits_and_fails);
	tcase_add_test(t, moving_keeps_the_count_and_moves_both_times);
	tcase_add_test(t, moving_over_another_attach_unmaps_it);
	tcase_add_test(t, a_foreign_mapping_moved_over_an_attach_cuts_it);
	tcase_add_test(t, a_move_that_fails_late_has_unmapped_its_target);
	tcase_add_test(t, a_shrinking_move_needs_only_what_it_moves);
	tcase_add_test(t, dup_over_its_own_source_loses_it);
	tcase_add_test(t, all_the_splits_of_one_mremap);
	tcase_add_test(t,
		a_foreign_range_with_holes_does_not_move_over_a_piece);
	tcase_add_test(t, a_sealed_source_fails_before_anything);
	tcase_add_test(t, a_sealed_foreign_source_splits_no_target);
	tcase_add_loop_test(t,
		a_shrinking_move_stopped_by_its_tail_lost_its_target, 0, 2);
	tcase_add_test(t, dup_makes_a_second_mapping);
	tcase_add_test(t, dontunmap_leaves_the_source);
	tcase_add_test(t, dontunmap_unlocks_the_source);
	tcase_add_loop_test(t,
		a_range_over_several_pieces_cannot_move_or_grow, 0, 2);
	tcase_add_test(t,
		a_range_from_a_foreign_mapping_into_a_piece_cannot_move);
	tcase_add_test(t, a_piece_moved_back_extends_its_neighbour);
	tcase_add_test(t, a_filled_hole_extends_the_lower_piece_only);
	tcase_add_test(t, other_properties_keep_a_moved_piece_apart);
	tcase_add_test(t, remap_file_pages_maps_other_pages);
	tcase_add_test(t, remap_file_pages_back_extends_the_lower_piece);
	tcase_add_test(t, remap_file_pages_gives_code_alone_its_key);
	tcase_add_test(t, remap_file_pages_refuses_what_linux_refuses);
	tcase_add_test(t, remap_file_pages_keeps_lock_and_protection_only);
	tcase_add_test(t,
		remap_file_pages_of_all_of_a_removed_segment_drops_it);
	tcase_add_test(t, remap_file_pages_of_a_whole_living_attach_keeps_it);
	return suite;
}
