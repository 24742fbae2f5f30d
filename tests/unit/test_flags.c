// SPDX-License-Identifier: MIT
/* test_flags.c - calls that change a part of an attach, where a case cannot
   say it: protection keys, a blind host, errors of other kernels. */
#include "tests/unit/unit.h"

static int64_t id;
static uint64_t W;

static void attach8(void)
{
	id = new_segment(8);
	W = attach(id);
}

static uint64_t at(uint64_t page)
{
	return W + page * PG;
}

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
	ck_assert_str_eq(vmas(W), "0-7@0 7-8@7 8-9@0");
	expect(fake_mprotect(task, at(6), 4 * PG, PROT_READ), -EPERM);
	ck_assert_str_eq(vmas(W), "0-6@0 6-7@6 7-8@7 8-9@0");
	fake_mseal(task, at(3), PG);
	expect(fake_mprotect(task, at(2), 4 * PG, PROT_READ), -EPERM);
	ck_assert_str_eq(vmas(W), "0-2@0 2-3@2 3-4@3 4-6@4 6-7@6 7-8@7 8-9@0");
	fake_munmap(task, at(6), PG);
	expect(fake_mprotect(task, at(5), 3 * PG, PROT_READ), -ENOMEM);
	ck_assert_str_eq(vmas(W), "0-2@0 2-3@2 3-4@3 4-5@4 5-6@5 7-8@7 8-9@0");
	expect(fake_mlock(task, at(5), 3 * PG), -ENOMEM);
	expect(fake_mprotect(task, at(20), PG, PROT_READ), -ENOMEM);
}
END_TEST

START_TEST(protection_keys_tell_vmas_apart)
{
	attach8();
	expect(fake_pkey_mprotect(task, at(2), PG, PROT_READ | PROT_WRITE, 3),
	       0);
	expect_n(id, 3);
	expect(fake_pkey_mprotect(task, at(3), PG, PROT_READ | PROT_WRITE, 3),
	       0);
	ck_assert_str_eq(vmas(W), "0-2@0 2-4@2 4-8@4");
	expect(fake_mprotect(task, W, 8 * PG, PROT_READ | PROT_WRITE), 0);
	expect(fake_pkey_mprotect(task, at(2), PG, PROT_READ | PROT_WRITE, 0),
	       0);
	ck_assert_str_eq(vmas(W), "0-3@0 3-4@3 4-8@4");
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
	ck_assert_str_eq(vmas(W), "0-3@0 3-4@3 4-8@4");
	/* mprotect keeps it else */
	expect(fake_pkey_mprotect(task, at(5), 2 * PG, both, 3), 0);
	expect(fake_mprotect(task, at(5), 2 * PG, PROT_READ), 0);
	expect(fake_mprotect(task, at(5), PG, both), 0);
	ck_assert_str_eq(vmas(W), "0-3@0 3-4@3 4-5@4 5-6@5 6-7@6 7-8@7");
	/* the default key by name is another one */
	expect(fake_pkey_mprotect(task, W, PG, PROT_EXEC, 0), 0);
	expect(fake_mprotect(task, at(1), PG, PROT_EXEC), 0);
	ck_assert_str_eq(vmas(W),
			 "0-1@0 1-2@1 2-3@2 3-4@3 4-5@4 5-6@5 6-7@6 7-8@7");
}
END_TEST

START_TEST(madvise_stopped_by_a_seal_changes_what_is_before_it)
{
	struct emul_mmcall call = { .op = EMUL_MM_MADVISE,
				    .advice = MADV_DONTFORK };

	attach8();
	fake_mseal(task, at(4), PG); /* shared memory does not mind */
	fake_mmap(task, at(6), PG, PROT_READ, MAP_FIXED);
	fake_mseal(task, at(6), PG);
	fake_set_checks(machine, false);
	call.addr = at(2);
	call.len = 6 * PG;
	fake_leave(task, &call, -EPERM);
	ck_assert_str_eq(vmas(W), "0-2@0 2-4@2 4-5@4 5-6@5 7-8@7");
	call.advice = MADV_NORMAL;
	fake_leave(task, &call, -EINVAL);
	call.op = EMUL_MM_MBIND;
	call.flags = 2; /* MPOL_MF_MOVE */
	call.policy = 0;
	fake_leave(task, &call, -EIO);
	fake_leave(task, &call, SYSRET_GONE);
	call.op = EMUL_MM_MLOCK;
	call.flags = 0;
	call.addr = at(1);
	call.len = PG;
	fake_leave(task, &call, -EAGAIN); /* locked, but no pages */
	call.op = EMUL_MM_MPROTECT;
	fake_leave(task, &call, -EINTR);
	ck_assert_str_eq(vmas(W), "0-1@0 1-2@1 2-4@2 4-5@4 5-6@5 7-8@7");
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
	expect(fake_mlock(task, W, 3 * PG), -ENOMEM); /* but locked */
	expect_n(id, 5);
}
END_TEST

Suite *suite_flags(void)
{
	Suite *suite = suite_create("flags");
	TCase *t = machine_case(suite, "flags");

	tcase_add_test(t, a_blind_host_makes_emul_go_by_the_error);
	tcase_add_test(t, mlock_cannot_touch_guarded_code);
	tcase_add_test(t, protection_keys_tell_vmas_apart);
	tcase_add_test(t, code_alone_has_a_key_of_its_own);
	tcase_add_test(t, madvise_stopped_by_a_seal_changes_what_is_before_it);
	return suite;
}
