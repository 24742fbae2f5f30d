// SPDX-License-Identifier: MIT
/* test_shmdt.c - a detach and its host: which call may be the last one, and
   what a thread that dies in it has done. */
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

START_TEST(shmdt_may_end_by_itself_unless_pages_go_with_it)
{
	start(2);
	attach(id);
	expect(fake_shmdt(task, W), 0);
	expect(fake_last_unmaps(machine), 1);
	W = attach(id);
	fake_mprotect(task, at(1), PG, PROT_READ);
	expect(fake_shmdt(task, W), 0); /* one call more is to come */
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
	ck_assert_str_eq(vmas(W), "3-6@3");
	fake_fail_host(machine, 1, -ENOMEM);
	expect(fake_shmdt(task, W), 0);
	expect_n(id, 1);
}
END_TEST

/* What a report shows for the address is what shmdt would detach. */
START_TEST(an_attached_address_tells_its_segment)
{
	const struct emul_mm *mm = fake_emul_mm(task);
	const struct emul_ns *ns = fake_ns(machine);
	struct emul_segment look;

	id = new_segment(4);
	W = attach(id);
	ck_assert(emul_attached_look(mm, W, &look));
	expect(look.shmid, id);
	expect(look.size, 4 * PG);
	ck_assert(!emul_attached_look(mm, W + 1, &look));
	ck_assert(!emul_attached_look(mm, W + PG, &look));
	ck_assert(emul_segment_look(ns, (int32_t)id, &look));
	expect(look.key, IPC_PRIVATE);
	ck_assert(!emul_segment_look(ns, (int32_t)id + 1, &look));
	expect(fake_shmdt(task, W), 0);
	ck_assert(!emul_attached_look(mm, W, &look));
}
END_TEST

Suite *suite_shmdt(void)
{
	Suite *suite = suite_create("shmdt");
	TCase *t = machine_case(suite, "shmdt");

	tcase_add_test(t, an_attached_address_tells_its_segment);
	tcase_add_test(t, shmdt_may_end_by_itself_unless_pages_go_with_it);
	tcase_add_test(t, shmdt_by_a_dying_thread_records_what_happened);
	return suite;
}
