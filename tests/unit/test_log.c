// SPDX-License-Identifier: MIT
/*
 * test_log.c - messages: one line each, in the file that was asked for.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tracer/report/calllog.h"
#include "tracer/util/log.h"

static char path[] = "/tmp/shmtrace-log-XXXXXX";

static void open_log(void)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	log_open(path, false);
}

static void remove_log(void)
{
	unlink(path);
}

/* All that was logged so far. */
static const char *logged(void)
{
	static char text[16384];
	FILE *file = fopen(path, "re");
	size_t len;

	ck_assert_ptr_nonnull(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

static const struct {
	enum log_call call;
	uint64_t args[6];
	int64_t result;
	const char *line;
} calls[] = {
	{ LOG_SHMGET, { 0x1234, 4096, IPC_CREAT | 0600 }, 0,
	  "shmget(0x1234, 4096, IPC_CREAT|0600) = 0" },
	{ LOG_SHMGET, { 0, 1, IPC_CREAT | IPC_EXCL | SHM_HUGETLB |
	  SHM_NORESERVE }, -EEXIST, "shmget(IPC_PRIVATE, 1, IPC_CREAT|"
	  "IPC_EXCL|SHM_HUGETLB|SHM_NORESERVE) = -1 EEXIST (File exists)" },
	{ LOG_SHMGET, { 0xffffffffffffffff, 0, 0 }, -ENOENT,
	  "shmget(0xffffffff, 0, 000) = -1 ENOENT "
	  "(No such file or directory)" },
	{ LOG_SHMCTL, { 7, IPC_STAT, 0x7ffe0010 }, 0,
	  "shmctl(7, IPC_STAT, 0x7ffe0010) = 0" },
	{ LOG_SHMCTL, { (uint64_t)-1, 15, 0 }, -EINVAL,
	  "shmctl(-1, SHM_STAT_ANY, NULL) = -1 EINVAL (Invalid argument)" },
	{ LOG_SHMCTL, { 0, 0x102, 0 }, -ENOTTY,
	  "shmctl(0, 0x102, NULL) = -1 ERRNO_25 "
	  "(Inappropriate ioctl for device)" },
	{ LOG_SHMAT, { 3, 0, SHM_RDONLY | SHM_RND | SHM_EXEC },
	  0x200000001000, "shmat(3, NULL, SHM_RDONLY|SHM_RND|SHM_EXEC) = "
	  "0x200000001000" },
	{ LOG_SHMAT, { 3, 0x10000, SHM_REMAP | 1 }, -EACCES,
	  "shmat(3, 0x10000, SHM_REMAP|0x1) = -1 EACCES "
	  "(Permission denied)" },
	{ LOG_SHMAT, { 3, 0, 0 }, SYSRET_GONE, "shmat(3, NULL, 0) = ?" },
	{ LOG_SHMDT, { 0x200000001000 }, 0, "shmdt(0x200000001000) = 0" },
};

START_TEST(a_call_reads_as_strace_shows_it)
{
	char wanted[256];

	snprintf(wanted, sizeof(wanted), "[4711] %s\n", calls[_i].line);
	log_call(4711, calls[_i].call, calls[_i].args, calls[_i].result);
	ck_assert_str_eq(logged(), wanted);
}
END_TEST

START_TEST(a_warning_has_the_programs_name)
{
	log_warn("%s %d", "one", 2);
	log_line(" > %s", "plain");
	ck_assert_str_eq(logged(), "shmtrace: one 2\n > plain\n");
}
END_TEST

START_TEST(a_long_message_is_cut_to_one_line)
{
	char words[10000];
	const char *text;

	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	log_warn("%s", words);
	log_warn("next");
	text = logged();
	ck_assert_uint_eq(strcspn(text, "\n"), 4095);
	ck_assert_str_eq(strchr(text, '\n'), "\nshmtrace: next\n");
}
END_TEST

START_TEST(errno_survives_a_message)
{
	errno = ESRCH;
	log_warn("%d", 1);
	log_line("%d", 2);
	log_call(1, LOG_SHMDT, calls[0].args, 0);
	ck_assert_int_eq(errno, ESRCH);
}
END_TEST

START_TEST(the_file_is_emptied_and_out_of_the_way)
{
	log_warn("old");
	log_open(path, false);
	ck_assert_str_eq(logged(), "");
	/* Two were opened: neither below 100, nor open after an exec. */
	ck_assert_int_ge(fcntl(100, F_GETFD), 0);
	ck_assert_int_ne(fcntl(100, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(101, F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

START_TEST(what_is_there_is_kept_for_appending)
{
	log_warn("old");
	log_open(path, true);
	log_warn("new");
	ck_assert_str_eq(logged(), "shmtrace: old\nshmtrace: new\n");
}
END_TEST

START_TEST(only_hints_can_be_kept_quiet)
{
	log_hint("one");
	log_be_quiet(true);
	log_hint("two");
	log_warn("three");
	ck_assert_str_eq(logged(), "shmtrace: one\nshmtrace: three\n");
}
END_TEST

START_TEST(a_low_limit_of_descriptors_is_no_obstacle)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 50;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	log_open(path, false);
	log_warn("low");
	ck_assert_str_eq(logged(), "shmtrace: low\n");
}
END_TEST

START_TEST(a_fatal_message_ends_with_125)
{
	log_fatal("no use");
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_ends_with_125)
{
	log_open("/nowhere/at/all", false);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *suite_log(void)
{
	Suite *suite = suite_create("log");
	TCase *tcase = tcase_create("log");

	tcase_add_checked_fixture(tcase, open_log, remove_log);
	tcase_add_loop_test(tcase, a_call_reads_as_strace_shows_it, 0,
			    COUNT(calls));
	tcase_add_test(tcase, a_warning_has_the_programs_name);
	tcase_add_test(tcase, a_long_message_is_cut_to_one_line);
	tcase_add_test(tcase, errno_survives_a_message);
	tcase_add_test(tcase, the_file_is_emptied_and_out_of_the_way);
	tcase_add_test(tcase, what_is_there_is_kept_for_appending);
	tcase_add_test(tcase, only_hints_can_be_kept_quiet);
	tcase_add_test(tcase, a_low_limit_of_descriptors_is_no_obstacle);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("fatal");
	tcase_add_exit_test(tcase, a_fatal_message_ends_with_125, 125);
	tcase_add_exit_test(tcase, a_file_that_cannot_be_opened_ends_with_125,
			    125);
	suite_add_tcase(suite, tcase);
	return suite;
}
