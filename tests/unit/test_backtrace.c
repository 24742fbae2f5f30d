// SPDX-License-Identifier: MIT
/*
 * test_backtrace.c - the stack of a process of ours, stopped at a signal.
 */
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/report/backtrace.h"
#include "tracer/util/log.h"

static char path[] = "/tmp/shmtrace-stack-XXXXXX";
static pid_t stopped;

static void open_log(void)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	log_open(path, false);
}

static void end_process(void)
{
	kill(stopped, SIGKILL);
	ck_assert_int_eq(waitpid(stopped, NULL, 0), stopped);
	unlink(path);
}

static const char *logged(void)
{
	static char text[65536];
	FILE *file = fopen(path, "re");
	size_t len;

	ck_assert_ptr_nonnull(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

/* Not a tail call: something is left to do. */
static __attribute__((noinline)) int recurse_and_stop(int depth)
{
	volatile int left = depth;

	if (depth)
		left += recurse_and_stop(depth - 1);
	else
		raise(SIGSTOP);
	return left;
}

static void stop_at_depth(int depth)
{
	int status;

	stopped = fork();
	ck_assert_int_ge(stopped, 0);
	if (stopped == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		_exit(recurse_and_stop(depth));
	}
	ck_assert_int_eq(waitpid(stopped, &status, 0), stopped);
	ck_assert(WIFSTOPPED(status));
}

#ifdef HAVE_LIBUNWIND

static int count(const char *text, const char *word)
{
	int found = 0;

	while ((text = strstr(text, word))) {
		found++;
		text += strlen(word);
	}
	return found;
}

START_TEST(frames_have_names_and_files)
{
	stop_at_depth(3);
	backtrace_print(stopped, 128);
	ck_assert_int_eq(count(logged(), "(recurse_and_stop+0x"), 4);
	ck_assert_int_eq(count(logged(), "(main+0x"), 1);
	ck_assert_ptr_nonnull(strstr(logged(), "/libc.so.6("));
}
END_TEST

START_TEST(a_deep_stack_is_cut)
{
	stop_at_depth(1000);
	backtrace_print(stopped, 128);
	ck_assert_int_eq(count(logged(), "\n"), 129);
	ck_assert_ptr_nonnull(strstr(logged(), " > (more than 128 frames)\n"));
}
END_TEST

START_TEST(a_process_that_is_gone_has_no_stack)
{
	stop_at_depth(0);
	backtrace_print(getpid(), 128);	/* not traced: like one that is gone */
	ck_assert_int_le(count(logged(), "\n"), 1);
}
END_TEST

#else

START_TEST(without_libunwind_it_says_so_once)
{
	stop_at_depth(0);
	backtrace_print(stopped, 128);
	backtrace_print(stopped, 128);
	ck_assert_str_eq(logged(), "shmtrace: built without libunwind: "
			 "no stack traces\n");
}
END_TEST

#endif

Suite *suite_backtrace(void)
{
	Suite *suite = suite_create("backtrace");
	TCase *tcase = tcase_create("backtrace");

	tcase_add_checked_fixture(tcase, open_log, end_process);
#ifdef HAVE_LIBUNWIND
	tcase_add_test(tcase, frames_have_names_and_files);
	tcase_add_test(tcase, a_deep_stack_is_cut);
	tcase_add_test(tcase, a_process_that_is_gone_has_no_stack);
#else
	tcase_add_test(tcase, without_libunwind_it_says_so_once);
#endif
	suite_add_tcase(suite, tcase);
	return suite;
}
