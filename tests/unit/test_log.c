// SPDX-License-Identifier: MIT
/*
 * test_log.c - messages: one line each, in the file that was asked for.
 */
#include "tests/unit/unit.h"

#include <asm/ipcbuf.h>
#include <asm/shmbuf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tracer/report/calllog.h"
#include "tracer/report/journal.h"
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

static const struct shmid64_ds segment = {
	.shm_perm = { .key = -5,
		      .uid = 1,
		      .gid = 2,
		      .cuid = 3,
		      .cgid = UINT32_MAX,
		      .mode = 03600 },
	.shm_segsz = 4096,
	.shm_cpid = 7,
	.shm_lpid = 8,
	.shm_nattch = 9,
	.shm_atime = 10,
	.shm_dtime = 11,
	.shm_ctime = 12,
};
static const struct shminfo64 limits = {
	.shmmax = 1,
	.shmmin = 2,
	.shmmni = 3,
	.shmseg = 4,
	.shmall = UINT64_MAX,
};
static const struct shm_info usage = { 1, 2, 3, 4, 5, 6 };

/* The lines are those that strace 6.1 prints. */
static const struct {
	enum journal_nr nr;
	uint64_t args[6];
	int64_t result;
	const char *line;
	const void *buffer;
	size_t size;
} calls[] = {
	{ JOURNAL_SHMGET,
	  { 0x1234, 4096, IPC_CREAT | 0600 },
	  0,
	  "shmget(0x1234, 4096, IPC_CREAT|0600) = 0",
	  NULL,
	  0 },
	{ JOURNAL_SHMGET,
	  { 0, 1, IPC_CREAT | IPC_EXCL | SHM_HUGETLB | SHM_NORESERVE },
	  -EEXIST,
	  "shmget(IPC_PRIVATE, 1, IPC_CREAT|"
	  "IPC_EXCL|SHM_HUGETLB|SHM_NORESERVE|000) = -1 EEXIST (File exists)",
	  NULL,
	  0 },
	{ JOURNAL_SHMGET,
	  { 0xffffffffffffffff, 0, 0 },
	  -ENOENT,
	  "shmget(0xffffffff, 0, 000) = -1 ENOENT "
	  "(No such file or directory)",
	  NULL,
	  0 },
	{ JOURNAL_SHMGET,
	  { 5, 1, 0x8000 | 21 << 26 | 07 },
	  -ENOENT,
	  "shmget(0x5, 1, 0x8000|21<<SHM_HUGE_SHIFT|007) = -1 ENOENT "
	  "(No such file or directory)",
	  NULL,
	  0 },
	{ JOURNAL_SHMGET,
	  { 5, 1, 0x8000 },
	  -600,
	  "shmget(0x5, 1, 0x8000|000) = -1 (errno 600)",
	  NULL,
	  0 },
	{ JOURNAL_SHMCTL,
	  { 7, IPC_STAT, 0x7ffe0010 },
	  0,
	  "shmctl(7, IPC_STAT, 0x7ffe0010) = 0",
	  NULL,
	  0 },
	{ JOURNAL_SHMCTL,
	  { (uint64_t)-1, 15, 0 },
	  -EINVAL,
	  "shmctl(-1, SHM_STAT_ANY, NULL) = -1 EINVAL (Invalid argument)",
	  NULL,
	  0 },
	{ JOURNAL_SHMCTL,
	  { 0, 0x102, 0 },
	  -EINVAL,
	  "shmctl(0, IPC_64|IPC_STAT, NULL) = -1 EINVAL (Invalid argument)",
	  NULL,
	  0 },
	{ JOURNAL_SHMCTL,
	  { 0, 0xffffffff, 0 },
	  -ENOTTY,
	  "shmctl(0, IPC_64|0xfffffeff /* SHM_?"
	  "?? */, NULL) = -1 ENOTTY "
	  "(Inappropriate ioctl for device)",
	  NULL,
	  0 },
	{ JOURNAL_SHMCTL,
	  { 1, SHM_STAT, 1 },
	  1,
	  "shmctl(1, "
	  "SHM_STAT, {shm_perm={uid=1, gid=2, mode=03600, key=4294967291, "
	  "cuid=3, cgid=-1}, shm_segsz=4096, shm_cpid=7, shm_lpid=8, "
	  "shm_nattch=9, shm_atime=10, shm_dtime=11, shm_ctime=12}) = 1",
	  &segment,
	  sizeof(segment) },
	{ JOURNAL_SHMCTL,
	  { 1, IPC_SET, 1 },
	  -EINVAL,
	  "shmctl(1, "
	  "IPC_SET, {shm_perm={uid=1, gid=2, mode=03600}}) = -1 EINVAL "
	  "(Invalid argument)",
	  &segment,
	  sizeof(segment) },
	{ JOURNAL_SHMCTL,
	  { 1, IPC_INFO, 1 },
	  3,
	  "shmctl(1, "
	  "IPC_INFO, {shmmax=1, shmmin=2, shmmni=3, shmseg=4, "
	  "shmall=18446744073709551615}) = 3",
	  &limits,
	  sizeof(limits) },
	{ JOURNAL_SHMCTL,
	  { 1, SHM_INFO, 1 },
	  3,
	  "shmctl(1, "
	  "SHM_INFO, {used_ids=1, shm_tot=2, shm_rss=3, shm_swp=4, "
	  "swap_attempts=5, swap_successes=6}) = 3",
	  &usage,
	  sizeof(usage) },
	{ JOURNAL_SHMAT,
	  { 3, 0, SHM_RDONLY | SHM_RND | SHM_EXEC },
	  0x200000001000,
	  "shmat(3, NULL, SHM_RDONLY|SHM_RND|SHM_EXEC) = "
	  "0x200000001000",
	  NULL,
	  0 },
	{ JOURNAL_SHMAT,
	  { 3, 0x10000, SHM_REMAP | 1 },
	  -EACCES,
	  "shmat(3, 0x10000, SHM_REMAP|0x1) = -1 EACCES "
	  "(Permission denied)",
	  NULL,
	  0 },
	{ JOURNAL_SHMAT,
	  { 3, 0, 0x10 },
	  0,
	  "shmat(3, NULL, 0x10 /* SHM_?"
	  "?? */) = 0",
	  NULL,
	  0 },
	{ JOURNAL_SHMAT,
	  { 3, 0, 0 },
	  SYSRET_GONE,
	  "shmat(3, NULL, 0) = ?",
	  NULL,
	  0 },
	{ JOURNAL_SHMDT,
	  { 0x200000001000 },
	  0,
	  "shmdt(0x200000001000) = 0",
	  NULL,
	  0 },
};

START_TEST(a_call_reads_as_strace_shows_it)
{
	struct journal_call call = {
		.tid = 4711,
		.nr = calls[_i].nr,
		.result = calls[_i].result,
		.has_buffer = calls[_i].size != 0,
	};
	char wanted[512];

	memcpy(call.args, calls[_i].args, sizeof(call.args));
	if (call.has_buffer)
		memcpy(call.buffer, calls[_i].buffer, calls[_i].size);
	snprintf(wanted, sizeof(wanted), "[pid  4711] %s\n", calls[_i].line);
	calllog_print(&call);
	ck_assert_str_eq(logged(), wanted);
}
END_TEST

static const struct journal_call detach = {
	.tid = 4711,
	.nr = JOURNAL_SHMDT,
	.args = { 0x1000 },
};

START_TEST(a_line_for_a_file_begins_with_the_bare_pid)
{
	const struct journal_options options = {
		.log = JOURNAL_IPC, .to_file = true,
	};
	struct journal_call call = detach;

	journal_set_up(&options);
	journal_call(&call);
	call.tid = 123456;
	journal_call(&call);
	ck_assert_str_eq(logged(), "4711  shmdt(0x1000) = 0\n"
				   "123456 shmdt(0x1000) = 0\n");
}
END_TEST

static const struct {
	struct journal_options options;
	const char *first, *second;
} prefixes[] = {
	{ { .stamp = STAMP_TIME }, "[pid  4711] 00:00:01 shmdt(0x1000) = 0",
	  "[pid  4711] 00:01:02 shmdt(0x1000) = 0" },
	{ { .stamp = STAMP_US },
	  "[pid  4711] 00:00:01.000002 shmdt(0x1000) = 0",
	  "[pid  4711] 00:01:02.000001 shmdt(0x1000) = 0" },
	{ { .stamp = STAMP_UNIX }, "[pid  4711] 1.000002 shmdt(0x1000) = 0",
	  "[pid  4711] 62.000001 shmdt(0x1000) = 0" },
	{ { .relative = true }, "[pid  4711]      0.000000 shmdt(0x1000) = 0",
	  "[pid  4711]     60.999999 shmdt(0x1000) = 0" },
	{ { .relative = true, .stamp = STAMP_TIME, .to_file = true },
	  "4711  00:00:01 (+     0.000000) shmdt(0x1000) = 0",
	  "4711  00:01:02 (+    60.999999) shmdt(0x1000) = 0" },
	{ { .durations = true }, "[pid  4711] shmdt(0x1000) = 0 <0.500000>",
	  "[pid  4711] shmdt(0x1000) = 0 <0.000000>" },
	{ { .decode_ids = 1 }, "[pid  4711] shmdt(0x1000<3>) = 0",
	  "[pid  4711] shmdt(0x1000) = 0" },
	{ { .decode_ids = 2 }, "[pid  4711] shmdt(0x1000<3<0x1234, 4096, "
	  "1:2 0600, by 7>>) = 0", "[pid  4711] shmdt(0x1000) = 0" },
};

START_TEST(a_line_has_what_was_asked_for)
{
	struct journal_options options = prefixes[_i].options;
	struct journal_call call = detach;
	char wanted[256];

	setenv("TZ", "UTC", 1);
	options.log = JOURNAL_IPC;
	journal_set_up(&options);
	call.start = (struct timespec){ 1, 2000 };
	call.end = (struct timespec){ 1, 500002000 };
	call.is_about = true;
	call.about = (struct emul_segment){
		.shmid = 3, .key = 0x1234, .size = 4096, .uid = 1, .gid = 2,
		.mode = 01600, .cpid = 7,
	};
	journal_call(&call);
	call.start = (struct timespec){ 62, 1999 };
	call.end = (struct timespec){ 61, 0 };	/* the clock was set */
	call.is_about = false;
	journal_call(&call);
	snprintf(wanted, sizeof(wanted), "%s\n%s\n", prefixes[_i].first,
		 prefixes[_i].second);
	ck_assert_str_eq(logged(), wanted);
}
END_TEST

START_TEST(what_programs_make_up_is_escaped)
{
	struct line line = { .len = 0 };

	line_add_escaped(&line, "a>7<\"\\\n\303\244 z");
	line_log(&line);
	ck_assert_str_eq(logged(), "a\\0767\\74\\\"\\\\\\12\\303\\244 z\n");
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
	calllog_print(&detach);
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
	tcase_add_test(tcase, a_line_for_a_file_begins_with_the_bare_pid);
	tcase_add_loop_test(tcase, a_line_has_what_was_asked_for, 0,
			    COUNT(prefixes));
	tcase_add_test(tcase, what_programs_make_up_is_escaped);
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
