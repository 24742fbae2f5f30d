// SPDX-License-Identifier: MIT
/* test_flags.c - calls that change a part of an attach. */
#include "tests/unit/unit.h"

static int64_t id;
static uint64_t W;

static void attach8(void)
{
	id = new_segment(8);
	W = attach(id);
	fake_tick(machine);
}

static uint64_t at(uint64_t page)
{
	return W + page * PG;
}

START_TEST(mprotect_of_the_middle_makes_three_pieces)
{
	attach8();
	expect(fake_mprotect(task, at(2), 2 * PG, PROT_READ), 0);
	ck_assert_str_eq(pieces(W), "0-2@0 2-4@2 4-8@4");
	expect_n(id, 3);
}
END_TEST

START_TEST(mprotect_beside_equal_neighbour_moves_the_boundary)
{
	attach8();
	fake_mprotect(task, at(2), 2 * PG, PROT_READ);
	expect(fake_mprotect(task, at(4), PG, PROT_READ), 0);
	ck_assert_str_eq(pieces(W), "0-2@0 2-5@2 5-8@5");
	expect(fake_mprotect(task, at(1), PG, PROT_READ), 0);
	ck_assert_str_eq(pieces(W), "0-1@0 1-5@1 5-8@5");
	expect_n(id, 3);
}
END_TEST

START_TEST(a_boundary_moved_down_keeps_the_virtual_base)
{
	attach8();
	fake_mprotect(task, at(4), 4 * PG, PROT_READ);
	expect(fake_mprotect(task, at(2), 2 * PG, PROT_READ), 0);
	ck_assert_str_eq(pieces(W), "0-2@0 2-8@2");
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 0);
}
END_TEST

START_TEST(a_boundary_never_moves_between_two_attaches)
{
	uint64_t V;

	attach8();
	V = attach(id);
	fake_munmap(task, at(4), 4 * PG);
	fake_munmap(task, V, 4 * PG);
	expect(fake_mremap(task, V + 4 * PG, 4 * PG, 4 * PG,
			   MREMAP_MAYMOVE | MREMAP_FIXED, at(4)), at(4));
	fake_mprotect(task, W, 4 * PG, PROT_READ);
	expect(fake_mprotect(task, at(4), PG, PROT_READ), 0);
	expect(fake_mprotect(task, at(3), PG, PROT_READ | PROT_WRITE), 0);
	ck_assert_str_eq(pieces(W), "0-3@0 3-4@3 4-5@4 5-8@5");
}
END_TEST

START_TEST(equal_pieces_are_never_joined)
{
	attach8();
	fake_mprotect(task, at(2), 2 * PG, PROT_READ);
	expect(fake_mprotect(task, W, 8 * PG, PROT_READ | PROT_WRITE), 0);
	ck_assert_str_eq(pieces(W), "0-2@0 2-4@2 4-8@4");
	expect(fake_mprotect(task, W, 8 * PG, PROT_READ), 0);
	expect(fake_mprotect(task, at(1), 5 * PG, PROT_READ | PROT_WRITE), 0);
	ck_assert_str_eq(pieces(W), "0-1@0 1-2@1 2-6@2 6-8@6");
}
END_TEST

START_TEST(mprotect_spanning_equal_pieces_moves_what_it_can)
{
	attach8();
	fake_mprotect(task, at(2), 2 * PG, PROT_READ);
	fake_mprotect(task, at(2), 2 * PG, PROT_READ | PROT_WRITE);
	expect(fake_mprotect(task, at(1), 4 * PG, PROT_READ), 0);
	ck_assert_str_eq(pieces(W), "0-1@0 1-2@1 2-5@2 5-8@5");
	expect(fake_mprotect(task, W, 5 * PG, PROT_READ | PROT_WRITE), 0);
	ck_assert_str_eq(pieces(W), "0-1@0 1-2@1 2-5@2 5-8@5");
}
END_TEST

START_TEST(mprotect_over_a_hole_changes_what_is_before_it)
{
	attach8();
	fake_munmap(task, at(3), PG);
	expect(fake_mprotect(task, at(2), 4 * PG, PROT_READ), -ENOMEM);
	ck_assert_str_eq(pieces(W), "0-2@0 2-3@2 4-8@4");
}
END_TEST

START_TEST(mprotect_write_stops_at_a_read_only_attach)
{
	int64_t other;

	attach8();
	other = new_segment(2);
	expect(fake_shmat(task, (uint64_t)other, at(8), SHM_RDONLY), at(8));
	fake_mprotect(task, W, 8 * PG, PROT_READ);
	expect(fake_mprotect(task, at(4), 6 * PG, PROT_READ | PROT_WRITE),
	       -EACCES);
	ck_assert_str_eq(pieces(W), "0-4@0 4-8@4 8-10@0");
	expect(fake_mprotect(task, at(9), PG, PROT_READ | PROT_EXEC), 0);
	expect_n(other, 2);
}
END_TEST

START_TEST(mprotect_stops_at_a_sealed_piece)
{
	attach8();
	expect(fake_mseal(task, at(4), PG), 0);
	expect_n(id, 3);
	expect(fake_mprotect(task, at(2), 4 * PG, PROT_READ), -EPERM);
	ck_assert_str_eq(pieces(W), "0-2@0 2-4@2 4-5@4 5-8@5");
}
END_TEST

START_TEST(mprotect_refused_elsewhere_changes_what_is_before_it)
{
	struct shmid_ds before;

	attach8();
	fake_mmap(task, at(4), PG, PROT_READ, MAP_FIXED);
	fake_mseal(task, at(4), PG);
	before = stat_of(id);
	expect(fake_mprotect(task, at(2), 4 * PG, PROT_READ), -EPERM);
	ck_assert_str_eq(pieces(W), "0-2@0 2-4@2 5-8@5");
	expect(before.shm_nattch + 1, stat_of(id).shm_nattch);
}
END_TEST

/* The host cannot tell how far a failed call came. */
START_TEST(a_blind_host_makes_emul_go_by_the_error)
{
	attach8();
	fake_set_blind(machine);
	fake_set_checks(machine, false);
	expect(fake_shmat(task, (uint64_t)new_segment(1), at(8), SHM_RDONLY),
	       at(8));
	fake_mmap(task, at(9), PG, PROT_READ, MAP_FIXED);
	fake_mseal(task, at(9), PG);
	expect(fake_mprotect(task, at(7), 2 * PG, PROT_WRITE), -EACCES);
	ck_assert_str_eq(pieces(W), "0-7@0 7-8@7 8-9@0");
	expect(fake_mprotect(task, at(6), 4 * PG, PROT_READ), -EPERM);
	ck_assert_str_eq(pieces(W), "0-6@0 6-7@6 7-8@7 8-9@0");
	fake_mseal(task, at(3), PG);
	expect(fake_mprotect(task, at(2), 4 * PG, PROT_READ), -EPERM);
	ck_assert_str_eq(pieces(W),
			 "0-2@0 2-3@2 3-4@3 4-6@4 6-7@6 7-8@7 8-9@0");
	fake_munmap(task, at(6), PG);
	expect(fake_mprotect(task, at(5), 3 * PG, PROT_READ), -ENOMEM);
	ck_assert_str_eq(pieces(W),
			 "0-2@0 2-3@2 3-4@3 4-5@4 5-6@5 7-8@7 8-9@0");
	expect(fake_mlock(task, at(5), 3 * PG), -ENOMEM);
	expect(fake_mprotect(task, at(20), PG, PROT_READ), -ENOMEM);
}
END_TEST

START_TEST(protection_keys_tell_pieces_apart)
{
	attach8();
	expect(fake_pkey_mprotect(task, at(2), PG, PROT_READ | PROT_WRITE, 3),
	       0);
	expect_n(id, 3);
	expect(fake_pkey_mprotect(task, at(3), PG, PROT_READ | PROT_WRITE, 3),
	       0);
	ck_assert_str_eq(pieces(W), "0-2@0 2-4@2 4-8@4");
	expect(fake_mprotect(task, W, 8 * PG, PROT_READ | PROT_WRITE), 0);
	expect(fake_pkey_mprotect(task, at(2), PG, PROT_READ | PROT_WRITE, 0),
	       0);
	ck_assert_str_eq(pieces(W), "0-3@0 3-4@3 4-8@4");
}
END_TEST

START_TEST(code_alone_has_a_key_of_its_own)
{
	int both = PROT_READ | PROT_WRITE;

	fake_guard_code(machine);
	attach8();
	/* an explicit key is lost, and not found again */
	expect(fake_pkey_mprotect(task, at(2), 2 * PG, both, 3), 0);
	expect(fake_mprotect(task, at(2), 2 * PG, PROT_EXEC), 0);
	expect(fake_mprotect(task, at(2), PG, both), 0);
	ck_assert_str_eq(pieces(W), "0-3@0 3-4@3 4-8@4");
	/* mprotect keeps it else */
	expect(fake_pkey_mprotect(task, at(5), 2 * PG, both, 3), 0);
	expect(fake_mprotect(task, at(5), 2 * PG, PROT_READ), 0);
	expect(fake_mprotect(task, at(5), PG, both), 0);
	ck_assert_str_eq(pieces(W),
			 "0-3@0 3-4@3 4-5@4 5-6@5 6-7@6 7-8@7");
	/* the default key by name is another one */
	expect(fake_pkey_mprotect(task, W, PG, PROT_EXEC, 0), 0);
	expect(fake_mprotect(task, at(1), PG, PROT_EXEC), 0);
	ck_assert_str_eq(pieces(W),
			 "0-1@0 1-2@1 2-3@2 3-4@3 4-5@4 5-6@5 6-7@6 7-8@7");
}
END_TEST

START_TEST(madvise_stopped_by_a_seal_changes_what_is_before_it)
{
	struct emul_mmcall call = { .op = EMUL_MM_MADVISE,
				    .advice = MADV_DONTFORK };

	attach8();
	fake_mseal(task, at(4), PG);	/* shared memory does not mind */
	fake_mmap(task, at(6), PG, PROT_READ, MAP_FIXED);
	fake_mseal(task, at(6), PG);
	fake_set_checks(machine, false);
	call.addr = at(2);
	call.len = 6 * PG;
	fake_leave(task, &call, -EPERM);
	ck_assert_str_eq(pieces(W), "0-2@0 2-4@2 4-5@4 5-6@5 7-8@7");
	call.advice = MADV_NORMAL;
	fake_leave(task, &call, -EINVAL);
	call.op = EMUL_MM_MBIND;
	call.flags = 2;		/* MPOL_MF_MOVE */
	call.policy = 0;
	fake_leave(task, &call, -EIO);
	fake_leave(task, &call, SYSRET_GONE);
	call.op = EMUL_MM_MLOCK;
	call.flags = 0;
	call.addr = at(1);
	call.len = PG;
	fake_leave(task, &call, -EAGAIN);	/* locked, but no pages */
	call.op = EMUL_MM_MPROTECT;
	fake_leave(task, &call, -EINTR);
	ck_assert_str_eq(pieces(W), "0-1@0 1-2@1 2-4@2 4-5@4 5-6@5 7-8@7");
}
END_TEST

START_TEST(mprotect_refused_after_a_foreign_mapping_is_looked_up)
{
	attach8();
	fake_mmap(task, at(2), PG, PROT_WRITE, MAP_FIXED);
	fake_mmap(task, at(6), PG, PROT_READ, MAP_FIXED);
	fake_mseal(task, at(6), PG);
	expect(fake_mprotect(task, at(1), 7 * PG, PROT_READ), -EPERM);
	ck_assert_str_eq(pieces(W), "0-1@0 1-2@1 3-6@3 7-8@7");
	expect(fake_munmap(task, at(3), PG), 0);
	expect(fake_mprotect(task, at(4), 4 * PG, PROT_WRITE), -EPERM);
	expect_n(id, 4);
}
END_TEST

START_TEST(mprotect_without_effect_splits_nothing)
{
	struct shmid_ds before, after;

	attach8();
	before = stat_of(id);
	expect(fake_mprotect(task, at(2), PG, PROT_READ | PROT_WRITE), 0);
	expect(fake_mprotect(task, at(2), PG, 0x1000), -EINVAL);
	expect(fake_mprotect(task, at(2) + 1, PG, PROT_READ), -EINVAL);
	expect(fake_mprotect(task, at(2), 0, PROT_READ), 0);
	after = stat_of(id);
	ck_assert_mem_eq(&before, &after, sizeof before);
}
END_TEST

START_TEST(a_split_moves_atime_and_lpid_only)
{
	struct fake_task *thread;
	struct shmid_ds ds;

	attach8();
	thread = fake_vfork(task);
	expect(fake_mprotect(thread, at(2), PG, PROT_READ), 0);
	ds = stat_of(id);
	expect(ds.shm_atime, fake_now(machine));
	expect(ds.shm_dtime, 0);
	expect(ds.shm_lpid, thread->pid);
	fake_tick(machine);
	expect(fake_mprotect(task, at(3), PG, PROT_READ), 0);
	ds = stat_of(id);
	expect(ds.shm_atime, fake_now(machine) - 1);
	expect(ds.shm_lpid, thread->pid);
}
END_TEST

struct advice {
	int advice;
	int n;
};

static const struct advice advices[] = {
	{ MADV_NORMAL, 1 }, { MADV_RANDOM, 3 }, { MADV_SEQUENTIAL, 3 },
	{ MADV_WILLNEED, 1 }, { MADV_DONTNEED, 1 }, { MADV_REMOVE, 1 },
	{ MADV_DONTFORK, 3 }, { MADV_DOFORK, 1 }, { MADV_MERGEABLE, 1 },
	{ MADV_HUGEPAGE, 3 }, { MADV_NOHUGEPAGE, 3 }, { MADV_DONTDUMP, 3 },
	{ MADV_DODUMP, 1 }, { 19, 1 }, { 20, 1 }, { 24, 1 }, { 102, 1 },
};

START_TEST(madvise_splits_only_when_it_changes_the_mapping)
{
	attach8();
	expect(fake_madvise(task, at(2), 2 * PG, advices[_i].advice), 0);
	expect_n(id, advices[_i].n);
	expect(fake_madvise(task, at(2), PG, advices[_i].advice), 0);
	expect_n(id, advices[_i].n);
}
END_TEST

START_TEST(madvise_over_holes_changes_all_that_is_mapped)
{
	attach8();
	fake_munmap(task, at(3), PG);
	fake_munmap(task, at(5), PG);
	expect(fake_madvise(task, at(2), 5 * PG, MADV_DONTFORK), -ENOMEM);
	ck_assert_str_eq(pieces(W), "0-2@0 2-3@2 4-5@4 6-7@6 7-8@7");
	expect(fake_madvise(task, at(2), PG, 8), -EINVAL);
	expect(fake_madvise(task, at(2), PG, 77), -EINVAL);
}
END_TEST

START_TEST(advice_can_be_taken_back)
{
	attach8();
	fake_madvise(task, W, 8 * PG, MADV_RANDOM);
	fake_madvise(task, at(4), 4 * PG, MADV_SEQUENTIAL);
	expect_n(id, 2);
	fake_madvise(task, at(4), PG, MADV_RANDOM);
	ck_assert_str_eq(pieces(W), "0-5@0 5-8@5");
	fake_madvise(task, W, 8 * PG, MADV_NORMAL);
	fake_madvise(task, W, PG, MADV_NORMAL);
	expect_n(id, 2);
	fake_madvise(task, W, 5 * PG, MADV_HUGEPAGE);
	fake_madvise(task, at(4), PG, MADV_NOHUGEPAGE);
	expect_n(id, 3);
}
END_TEST

START_TEST(mlock_splits_and_munlock_keeps_the_pieces)
{
	attach8();
	expect(fake_mlock(task, at(2), 2 * PG), 0);
	expect_n(id, 3);
	expect(fake_munlock(task, W, 8 * PG), 0);
	expect_n(id, 3);
	expect(fake_mlock(task, W, 8 * PG), 0);
	expect(fake_munlock(task, W, 3 * PG), 0);
	ck_assert_str_eq(pieces(W), "0-3@0 3-4@3 4-8@4");
}
END_TEST

START_TEST(mlock_cannot_touch_guarded_code)
{
	attach8();
	fake_mprotect(task, at(2), PG, PROT_EXEC);
	fake_mprotect(task, at(4), PG, PROT_READ | PROT_EXEC);
	expect(fake_mlock(task, W, 8 * PG), 0);
	expect(fake_munlock(task, W, 8 * PG), 0);
	fake_guard_code(machine);
	fake_mprotect(task, at(2), PG, PROT_READ);
	fake_mprotect(task, at(2), PG, PROT_EXEC);
	expect(fake_mlock(task, at(3), 5 * PG), 0);
	expect(fake_mlock(task, W, 3 * PG), -ENOMEM);	/* but locked */
	expect_n(id, 5);
}
END_TEST

START_TEST(mlock_takes_whole_pages_and_moves_boundaries)
{
	attach8();
	expect(fake_mlock(task, W + 5, 2 * PG), 0);	/* pages 0..2 */
	ck_assert_str_eq(pieces(W), "0-3@0 3-8@3");
	expect(fake_mlock(task, at(3), 1), 0);
	ck_assert_str_eq(pieces(W), "0-4@0 4-8@4");
	expect(fake_mlock2(task, at(4), PG, MLOCK_ONFAULT), 0);
	ck_assert_str_eq(pieces(W), "0-4@0 4-5@4 5-8@5");
	expect(fake_mlock2(task, at(4), PG, 2), -EINVAL);
	expect(fake_munlockall(task), 0);
	expect_n(id, 3);
}
END_TEST

START_TEST(mlock_over_a_hole_locks_up_to_it)
{
	attach8();
	fake_munmap(task, at(4), PG);
	expect(fake_mlock(task, at(2), 4 * PG), -ENOMEM);
	ck_assert_str_eq(pieces(W), "0-2@0 2-4@2 5-8@5");
	expect(fake_munlock(task, at(3), 4 * PG), -ENOMEM);
	ck_assert_str_eq(pieces(W), "0-2@0 2-3@2 3-4@3 5-8@5");
}
END_TEST

START_TEST(mlock_over_the_limit_changes_nothing)
{
	attach8();
	task->caps = 0;
	task->memlock = 2 * PG;
	expect(fake_mlock(task, at(2), 3 * PG), -ENOMEM);
	expect_n(id, 1);
	expect(fake_mlock(task, at(2), 2 * PG), 0);
	expect_n(id, 3);
	expect(fake_mlock(task, at(3), 2 * PG), -ENOMEM);
	expect_n(id, 3);
	task->memlock = 0;
	expect(fake_mlock(task, at(6), PG), -EPERM);
	expect_n(id, 3);
}
END_TEST

START_TEST(mlock_of_pages_that_cannot_be_had_still_locks)
{
	attach8();
	task->caps = (uint32_t)(_i ? EMUL_CAP_IPC_LOCK : 0);
	fake_mprotect(task, at(4), 2 * PG, PROT_NONE);
	expect_n(id, 3);
	expect(fake_mlock(task, at(5), 2 * PG), -ENOMEM);
	ck_assert_str_eq(pieces(W), "0-4@0 4-5@4 5-6@5 6-7@6 7-8@7");
}
END_TEST

START_TEST(mlockall_changes_whole_pieces_and_future_attaches)
{
	uint64_t addr;

	attach8();
	fake_mlock(task, W, 3 * PG);
	expect(fake_mlockall(task, MCL_CURRENT), 0);
	expect_n(id, 2);
	expect(fake_mlockall(task, MCL_FUTURE), 0);
	addr = attach(id);
	expect_n(id, 3);
	expect(fake_munlock(task, addr, PG), 0);
	expect_n(id, 4);
	expect(fake_munlockall(task), 0);
	addr = attach(id);
	expect(fake_munlock(task, addr, PG), 0);
	expect_n(id, 5);
	expect(fake_mlockall(task, 0), -EINVAL);
	expect(fake_mlockall(task, MCL_CURRENT | MCL_ONFAULT), 0);
	expect(fake_mlock(task, addr, PG), 0);
	expect_n(id, 6);
}
END_TEST

START_TEST(mlockall_future_makes_attaches_obey_the_limit)
{
	attach8();
	expect(fake_mlockall(task, MCL_FUTURE), 0);
	task->caps = 0;
	task->memlock = 4 * PG;
	expect(fake_shmat(task, (uint64_t)id, 0, 0), -EAGAIN);
	expect(fake_shmat(task, (uint64_t)id, W, SHM_REMAP), -EAGAIN);
	expect_n(id, 1);
}
END_TEST

START_TEST(mbind_splits_by_policy)
{
	attach8();
	expect(fake_mbind(task, at(2), 2 * PG, 77777), 0);
	expect_n(id, 3);
	expect(fake_mbind(task, at(4), PG, 77777), 0);
	expect(fake_mbind(task, at(5), PG, 99999), 0);
	ck_assert_str_eq(pieces(W), "0-2@0 2-5@2 5-6@5 6-8@6");
	expect(fake_mbind(task, at(5), PG, 0), 0);
	expect(fake_mbind(task, at(5), PG, 0), 0);
	expect_n(id, 4);
	fake_munmap(task, at(7), PG);
	expect(fake_mbind(task, at(6), 2 * PG, 5), -EFAULT);
	expect_n(id, 4);
}
END_TEST

START_TEST(mseal_over_a_hole_seals_nothing)
{
	attach8();
	fake_munmap(task, at(4), PG);
	expect(fake_mseal(task, at(2), 4 * PG), -ENOMEM);
	expect_n(id, 2);
}
END_TEST

Suite *suite_flags(void)
{
	Suite *suite = suite_create("flags");
	TCase *t = machine_case(suite, "flags");

	tcase_add_test(t, mprotect_of_the_middle_makes_three_pieces);
	tcase_add_test(t, mprotect_beside_equal_neighbour_moves_the_boundary);
	tcase_add_test(t, a_boundary_moved_down_keeps_the_virtual_base);
	tcase_add_test(t, a_boundary_never_moves_between_two_attaches);
	tcase_add_test(t, equal_pieces_are_never_joined);
	tcase_add_test(t, mprotect_spanning_equal_pieces_moves_what_it_can);
	tcase_add_test(t, mprotect_over_a_hole_changes_what_is_before_it);
	tcase_add_test(t, mprotect_write_stops_at_a_read_only_attach);
	tcase_add_test(t, mprotect_stops_at_a_sealed_piece);
	tcase_add_test(t,
		mprotect_refused_elsewhere_changes_what_is_before_it);
	tcase_add_test(t, a_blind_host_makes_emul_go_by_the_error);
	tcase_add_test(t, mlock_cannot_touch_guarded_code);
	tcase_add_test(t, protection_keys_tell_pieces_apart);
	tcase_add_test(t, code_alone_has_a_key_of_its_own);
	tcase_add_test(t,
		madvise_stopped_by_a_seal_changes_what_is_before_it);
	tcase_add_test(t,
		mprotect_refused_after_a_foreign_mapping_is_looked_up);
	tcase_add_test(t, mprotect_without_effect_splits_nothing);
	tcase_add_test(t, a_split_moves_atime_and_lpid_only);
	tcase_add_loop_test(t, madvise_splits_only_when_it_changes_the_mapping,
			    0, sizeof advices / sizeof advices[0]);
	tcase_add_test(t, madvise_over_holes_changes_all_that_is_mapped);
	tcase_add_test(t, advice_can_be_taken_back);
	tcase_add_test(t, mlock_splits_and_munlock_keeps_the_pieces);
	tcase_add_test(t, mlock_takes_whole_pages_and_moves_boundaries);
	tcase_add_test(t, mlock_over_a_hole_locks_up_to_it);
	tcase_add_test(t, mlock_over_the_limit_changes_nothing);
	tcase_add_loop_test(t, mlock_of_pages_that_cannot_be_had_still_locks,
			    0, 2);
	tcase_add_test(t, mlockall_changes_whole_pieces_and_future_attaches);
	tcase_add_test(t, mlockall_future_makes_attaches_obey_the_limit);
	tcase_add_test(t, mbind_splits_by_policy);
	tcase_add_test(t, mseal_over_a_hole_seals_nothing);
	return suite;
}
