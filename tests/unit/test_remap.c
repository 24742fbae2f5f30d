// SPDX-License-Identifier: MIT
/* test_remap.c - mremap and remap_file_pages on attaches, where a case cannot
   say it: what differs from Linux, a blind host, a host that is gone. */
#include "tests/unit/unit.h"

static int64_t id;
static uint64_t W;

static void start(uint64_t pages)
{
	id = new_segment(pages);
	W = attach(id);
}

static uint64_t at(uint64_t page)
{
	return W + page * PG;
}

static int64_t remap(uint64_t from, uint64_t old, uint64_t new, uint64_t flags,
		     uint64_t to)
{
	return fake_mremap(task, at(from), old * PG, new *PG, flags, at(to));
}

enum { MOVE = MREMAP_MAYMOVE | MREMAP_FIXED };

START_TEST(a_blind_host_sees_the_lost_target_of_a_move_that_failed)
{
	start(8);
	fake_set_blind(machine);
	fake_mseal(task, at(6), PG);
	expect(fake_shmat(task, (uint64_t)id, at(20), 0), at(20));
	expect(remap(0, 8, 2, MOVE, 21), -EPERM);
	ck_assert_str_eq(vmas(W), "0-2@0 2-6@2 6-7@6 7-8@7 20-21@0 23-28@3");
	fake_mmap(task, at(40), 4 * PG, PROT_READ, MAP_FIXED);
	fake_mseal(task, at(42), PG);
	expect(remap(40, 4, 1, MOVE, 24), -EPERM);
	ck_assert_str_eq(vmas(W),
			 "0-2@0 2-6@2 6-7@6 7-8@7 20-21@0 23-24@3 25-28@5");
}
END_TEST

START_TEST(remap_file_pages_gives_code_alone_its_key)
{
	fake_guard_code(machine);
	start(4);
	expect(fake_mprotect(task, W, 4 * PG, PROT_EXEC), 0);
	expect(fake_remap_file_pages(task, W, 2 * PG, 0), 0);
	ck_assert_str_eq(vmas(W), "0-4@0");
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

/* The attach at the top of the arena has nothing above it, where Linux has
   something: growth moves it, or finds no room. */
START_TEST(the_topmost_attach_moves_when_it_grows)
{
	uint64_t top, grown;

	id = new_segment(4);
	top = (uint64_t)fake_shmat(task, (uint64_t)id, 0, 0);
	expect(fake_mremap(task, top + 3 * PG, PG, 2 * PG, 0, 0), -ENOMEM);
	expect_n(id, 1);
	grown = (uint64_t)fake_mremap(task, top + 3 * PG, PG, 2 * PG,
				      MREMAP_MAYMOVE, 0);
	ck_assert_uint_lt(grown, top);
	expect_n(id, 2);
}
END_TEST

START_TEST(the_topmost_attach_grows_in_place_on_a_blind_host)
{
	uint64_t last;

	id = new_segment(4);
	last = (uint64_t)fake_shmat(task, (uint64_t)id, 0, 0) + 3 * PG;
	fake_set_blind(machine);
	expect(fake_mremap(task, last, PG, 2 * PG, MREMAP_MAYMOVE, 0),
	       (int64_t)last);
	expect_n(id, 1);
}
END_TEST

START_TEST(attachments_outside_the_arena_are_found_in_order)
{
	uint64_t start_of, end_of, far;

	id = new_segment(2);
	ck_assert(!emul_mm_next_outside(fake_emul_mm(task), 0, &start_of,
					&end_of));
	fake_shmat(task, (uint64_t)id, 0, 0);
	far = fake_room(task, 2 * PG);
	expect(fake_shmat(task, (uint64_t)id, far, 0), (int64_t)far);
	ck_assert(emul_mm_next_outside(fake_emul_mm(task), 0, &start_of,
				       &end_of));
	ck_assert_uint_eq(start_of, far);
	ck_assert_uint_eq(end_of, far + 2 * PG);
	ck_assert(!emul_mm_next_outside(fake_emul_mm(task), end_of, &start_of,
					&end_of));
}
END_TEST

Suite *suite_remap(void)
{
	Suite *suite = suite_create("remap");
	TCase *t = machine_case(suite, "remap");

	tcase_add_test(t,
		       a_blind_host_sees_the_lost_target_of_a_move_that_failed);
	tcase_add_test(t, remap_file_pages_gives_code_alone_its_key);
	tcase_add_test(t, the_topmost_attach_moves_when_it_grows);
	tcase_add_test(t,
		       the_topmost_attach_grows_in_place_on_a_blind_host);
	tcase_add_test(t, attachments_outside_the_arena_are_found_in_order);
	tcase_add_test(t,
		       remap_file_pages_of_all_of_a_removed_segment_drops_it);
	return suite;
}
