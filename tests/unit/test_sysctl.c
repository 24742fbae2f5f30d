// SPDX-License-Identifier: MIT
/* test_sysctl.c - what /proc/sys/kernel/shm* hold and accept. */
#include "tests/unit/unit.h"

#include <string.h>

static int64_t put(enum emul_sysctl which, const char *text)
{
	return emul_sysctl_write(fake_ns(machine), which, text, strlen(text));
}

static const char *get(enum emul_sysctl which)
{
	static char text[24];
	size_t len = emul_sysctl_read(fake_ns(machine), which, text);

	ck_assert_uint_eq(len, strlen(text));
	return text;
}

START_TEST(the_files_start_at_linuxs_defaults)
{
	ck_assert_str_eq(get(EMUL_SHMMAX), "18446744073692774399\n");
	ck_assert_str_eq(get(EMUL_SHMALL), "18446744073692774399\n");
	ck_assert_str_eq(get(EMUL_SHMMNI), "4096\n");
	ck_assert_str_eq(get(EMUL_SHM_RMID_FORCED), "0\n");
	ck_assert_str_eq(get(EMUL_SHM_NEXT_ID), "-1\n");
}
END_TEST

START_TEST(what_is_written_is_read_and_used)
{
	expect(put(EMUL_SHMMAX, "8192\n"), 5);
	ck_assert_str_eq(get(EMUL_SHMMAX), "8192\n");
	expect(fake_shmget(task, 1, 8193, IPC_CREAT), -EINVAL);
	expect(put(EMUL_SHMALL, " 0x10\n"), 6);
	ck_assert_str_eq(get(EMUL_SHMALL), "16\n");
	expect(put(EMUL_SHMALL, "0XfF"), 4);
	ck_assert_str_eq(get(EMUL_SHMALL), "255\n");
	expect(put(EMUL_SHMMNI, "010"), 3);
	ck_assert_str_eq(get(EMUL_SHMMNI), "8\n");
	expect(put(EMUL_SHM_NEXT_ID, "77"), 2);
	expect(fake_shmget(task, 1, 1, IPC_CREAT), 77);
	ck_assert_str_eq(get(EMUL_SHM_NEXT_ID), "-1\n");
	expect(put(EMUL_SHM_RMID_FORCED, "1"), 1);
	ck_assert_str_eq(get(EMUL_SHM_RMID_FORCED), "1\n");
	expect(put(EMUL_SHMMAX, "18446744073709551615"), 20);
}
END_TEST

START_TEST(what_linux_refuses_is_einval)
{
	static const struct {
		enum emul_sysctl which;
		const char *text;
	} bad[] = {
		{ EMUL_SHMMNI, "32769" }, { EMUL_SHMMNI, "-1" },
		{ EMUL_SHM_RMID_FORCED, "2" }, { EMUL_SHM_NEXT_ID, "-5" },
		{ EMUL_SHM_NEXT_ID, "2147483648" }, { EMUL_SHMMAX, "x" },
		{ EMUL_SHMMAX, "12z" }, { EMUL_SHMMAX, "-" },
		{ EMUL_SHMMAX, "0x" }, { EMUL_SHMMAX, "09" },
		{ EMUL_SHMMAX, "18446744073709551616" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		expect(put(bad[i].which, bad[i].text), -EINVAL);
	expect(put(EMUL_SHMMNI, " \n"), 2);
	ck_assert_str_eq(get(EMUL_SHMMNI), "4096\n");
}
END_TEST

Suite *suite_sysctl(void)
{
	Suite *suite = suite_create("sysctl");
	TCase *t = machine_case(suite, "sysctl");

	tcase_add_test(t, the_files_start_at_linuxs_defaults);
	tcase_add_test(t, what_is_written_is_read_and_used);
	tcase_add_test(t, what_linux_refuses_is_einval);
	return suite;
}
