// SPDX-License-Identifier: MIT
/* test_attach.c - shmat: where, over what, and what it refuses. */
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

START_TEST(addresses_are_rounded_only_when_asked)
{
	start(2);
	expect(at(W + 8 * PG + 1, 0), -EINVAL);
	expect(at(W + 8 * PG + 1, SHM_RND), W + 8 * PG);
	expect(at(W + 8 * PG + PG - 1, SHM_RND), -EINVAL);
	expect(at(W + 7 * PG + PG - 1, SHM_RND), -EINVAL);
	expect(at(W + 7 * PG, 0), -EINVAL);
	expect(at(W + 6 * PG, 0), W + 6 * PG);
	expect(at(W + 6 * PG + 5, SHM_REMAP), -EINVAL);
	expect(at(W + 6 * PG + 5, SHM_REMAP | SHM_RND), W + 6 * PG);
	expect_n(id, 2);
	expect(at(0, SHM_REMAP), -EINVAL);
	expect(at(0, SHM_REMAP | SHM_RND), -EINVAL);
	expect(at(5, SHM_REMAP | SHM_RND), -EINVAL);
	expect(at(5, SHM_REMAP), -EINVAL);
	expect(at(5, 0), -EINVAL);
}
END_TEST

START_TEST(rounding_to_zero_maps_at_zero_over_anything)
{
	start(2);
	expect(at(5, SHM_RND), 0);
	expect(at(5, SHM_RND), 0);
	expect_n(id, 1);
	expect(fake_mprotect(task, 0, PG, PROT_READ), 0);
	expect(fake_mprotect(task, PG, PG, PROT_READ), 0);
	expect_n(id, 2);
	expect(fake_mremap(task, PG, PG, PG,
			   MREMAP_MAYMOVE | MREMAP_FIXED, W), W);
	expect(fake_mremap(task, 0, PG, PG,
			   MREMAP_MAYMOVE | MREMAP_FIXED, W + PG), W + PG);
	expect(fake_mremap(task, W + PG, PG, PG,
			   MREMAP_MAYMOVE | MREMAP_FIXED, 0), 0);
	expect(fake_shmdt(task, 0), 0);
	task->euid = 1;
	expect(at(5, SHM_RND), -EPERM);
}
END_TEST

START_TEST(the_edges_of_the_address_space)
{
	uint64_t top = fake_default_config().task_size;

	start(2);
	expect(at(UINT64_MAX, 0), -EINVAL);
	expect(at(UINT64_MAX, SHM_RND), -EINVAL);
	expect(at(-PG, 0), -EINVAL);
	expect(at(top, 0), -ENOMEM);
	expect(at(top, SHM_REMAP), -ENOMEM);
	expect(at(top - PG, 0), -ENOMEM);
	expect(at(top + PG, 0), -ENOMEM);
	expect(at(UINT64_C(0xffff888000000000), 0), -ENOMEM);
	expect(at(top - 2 * PG, 0), top - 2 * PG);
	expect(at(top - PG, 0), -EINVAL);	/* busy comes first */
	expect(at(top - PG, SHM_REMAP), -ENOMEM);
	expect(fake_shmdt(task, top - 2 * PG), 0);
	fake_mmap(task, top - PG, PG, PROT_NONE, MAP_FIXED);
	expect(at(top - PG, 0), -EINVAL);
}
END_TEST

START_TEST(checks_come_in_the_kernels_order)
{
	struct fake_task *nobody = user(9);

	start(2);
	expect(at(W, 0), W);
	expect(fake_shmat(nobody, (uint64_t)id, W + 1, 0), -EINVAL);
	expect(fake_shmat(nobody, (uint64_t)id, W, 0), -EACCES);
	expect(fake_shmat(nobody, (uint64_t)id, 0, SHM_REMAP), -EINVAL);
	expect(fake_shmat(task, 9999, W + 1, 0), -EINVAL);
	expect(fake_shmat(task, 9999, W, 0), -EINVAL);
	expect(fake_shmat(task, UINT64_MAX, W + 20 * PG, 0), -EINVAL);
	expect(fake_shmat(task, (uint64_t)id | UINT64_C(1) << 32, W + 20 * PG,
			  UINT64_C(1) << 32), W + 20 * PG);
}
END_TEST

START_TEST(too_big_for_the_address_space_is_enomem)
{
	id = fake_shmget(task, IPC_PRIVATE, INT64_MAX, SHM_NORESERVE | 0600);
	W = fake_room(task, PG);
	expect(at(0, 0), -ENOMEM);
	expect(at(W, 0), -ENOMEM);
	expect(at(W, SHM_REMAP), -ENOMEM);
	id = fake_shmget(task, IPC_PRIVATE, UINT64_C(1) << 44,
			 SHM_NORESERVE | 0600);
	ck_assert_int_gt(at(0, 0), 0);	/* larger than the arena */
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
	ck_assert_str_eq(pieces(W), "0-2@0");
}
END_TEST

START_TEST(remap_cuts_what_was_there)
{
	int64_t other;

	start(8);
	expect(at(W, 0), W);
	other = new_segment(2);
	expect(fake_shmat(task, (uint64_t)other, W + 3 * PG, SHM_REMAP),
	       W + 3 * PG);
	ck_assert_str_eq(pieces(W), "0-3@0 3-5@0 5-8@5");
	expect_n(id, 2);
	expect_n(other, 1);
	expect(fake_shmat(task, (uint64_t)other, W + 2 * PG, SHM_REMAP),
	       W + 2 * PG);
	ck_assert_str_eq(pieces(W), "0-2@0 2-4@0 4-5@1 5-8@5");
	expect_n(other, 2);
}
END_TEST

START_TEST(remap_keeps_a_removed_segment_over_itself)
{
	char byte = 0;

	start(2);
	expect(at(W, 0), W);
	fake_poke(task, W, "x", 1);
	expect(fake_shmctl(task, (uint64_t)id, IPC_RMID, 0), 0);
	expect(at(W, SHM_REMAP), W);
	expect_n(id, 1);
	fake_peek(task, W, &byte, 1);
	expect(byte, 'x');
	expect(fake_shmat(task, (uint64_t)new_segment(2), W, SHM_REMAP), W);
	expect_n(id, -EINVAL);
}
END_TEST

START_TEST(remap_over_a_sealed_piece_is_eperm)
{
	start(4);
	expect(at(W, 0), W);
	expect(fake_mseal(task, W + PG, PG), 0);
	expect(at(W, SHM_REMAP), -EPERM);
	expect_n(id, 3);
	expect(fake_munmap(task, W + 2 * PG, PG), 0);
	expect(fake_munmap(task, W, PG), 0);
	expect(at(W + PG, SHM_REMAP), -EPERM);
	expect_n(id, 2);
}
END_TEST

START_TEST(remap_over_the_address_space_limit_leaves_the_cuts)
{
	start(2);
	expect(at(W, 0), W);
	task->as_limit = PG;
	expect(at(W + PG, SHM_REMAP), -ENOMEM);
	ck_assert_str_eq(pieces(W), "0-1@0 1-2@1");
}
END_TEST

START_TEST(times_and_lpid_of_an_attach)
{
	struct shmid_ds ds;

	start(2);
	fake_tick(machine);
	at(W, 0);
	ds = stat_of(id);
	expect(ds.shm_atime, fake_now(machine));
	expect(ds.shm_dtime, 0);
	expect(ds.shm_lpid, task->pid);
	fake_tick(machine);
	at(W, SHM_REMAP);
	ds = stat_of(id);
	expect(ds.shm_atime, fake_now(machine));
	expect(ds.shm_dtime, fake_now(machine));
	expect(ds.shm_ctime, fake_now(machine) - 2);
}
END_TEST

START_TEST(protection_follows_the_flags)
{
	struct emul_piece_info info[4];

	start(1);
	at(W, 0);
	at(W + PG, SHM_RDONLY);
	at(W + 2 * PG, SHM_EXEC);
	at(W + 3 * PG, 0xffff0000 & ~(uint64_t)SHM_EXEC);
	expect(fake_pieces(task, info, 4), 4);
	expect(info[0].prot, EMUL_READ | EMUL_WRITE);
	expect(info[1].prot, EMUL_READ);
	expect(info[2].prot, EMUL_READ | EMUL_WRITE | EMUL_EXEC);
	expect(info[3].prot, EMUL_READ | EMUL_WRITE);
	ck_assert_uint_ne(info[0].attach, info[1].attach);
	task->read_implies_exec = true;
	at(W, SHM_REMAP | SHM_RDONLY);
	expect(fake_pieces(task, info, 4), 4);
	expect(info[0].prot, EMUL_READ | EMUL_EXEC);
	expect(fake_mprotect(task, W + PG, PG, PROT_WRITE), -EACCES);
}
END_TEST

START_TEST(shmseg_limits_attaches_not_pieces)
{
	start(4);
	emul_ns_limits(fake_ns(machine))->shmseg = 2;
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
	struct emul_piece_info info;

	start(2);
	expect(fake_pieces(other, &info, 1), 0);
	ck_assert_int_gt(at(0, 0), 0);
	ck_assert(!fake_is_outside(task));
	expect(at(W, 0), W);
	ck_assert(fake_is_outside(task));
	expect(fake_shmdt(task, W), 0);
	ck_assert(!fake_is_outside(task));
}
END_TEST

Suite *suite_attach(void)
{
	Suite *suite = suite_create("attach");
	TCase *t = machine_case(suite, "attach");

	tcase_add_test(t, without_address_from_the_top_of_the_arena);
	tcase_add_test(t, the_first_page_of_the_arena_stays_free);
	tcase_add_loop_test(t, without_an_arena_the_host_picks, 0, 3);
	tcase_add_test(t, a_foreign_mapping_in_the_arena_is_avoided);
	tcase_add_test(t, addresses_are_rounded_only_when_asked);
	tcase_add_test(t, rounding_to_zero_maps_at_zero_over_anything);
	tcase_add_test(t, the_edges_of_the_address_space);
	tcase_add_test(t, checks_come_in_the_kernels_order);
	tcase_add_test(t, too_big_for_the_address_space_is_enomem);
	tcase_add_test(t, a_failed_attach_changes_nothing);
	tcase_add_test(t, remap_cuts_what_was_there);
	tcase_add_test(t, remap_keeps_a_removed_segment_over_itself);
	tcase_add_test(t, remap_over_a_sealed_piece_is_eperm);
	tcase_add_test(t, remap_over_the_address_space_limit_leaves_the_cuts);
	tcase_add_test(t, times_and_lpid_of_an_attach);
	tcase_add_test(t, protection_follows_the_flags);
	tcase_add_test(t, shmseg_limits_attaches_not_pieces);
	tcase_add_test(t, huge_attaches_are_aligned_and_rounded);
	tcase_add_test(t, an_attach_can_be_taken_back);
	tcase_add_test(t, a_space_knows_whether_it_is_outside_the_arena);
	return suite;
}
