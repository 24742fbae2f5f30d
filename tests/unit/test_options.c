// SPDX-License-Identifier: MIT
/*
 * test_options.c - the command line: what it accepts, and the one clear line
 * about what it does not.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/options.h"
#include "tracer/output.h"
#include "tracer/util/exit.h"

/* Parse a command line after "shmtrace".  The options point into what the
   next call overwrites. */
static struct options parse(const char *words)
{
	static char name[] = "shmtrace", text[128];
	static char *argv[10];
	struct options options;
	char *rest = text, *word;
	int argc = 0;

	snprintf(text, sizeof(text), "%s", words);
	argv[argc++] = name;
	while ((word = strsep(&rest, " ")) && *word)
		argv[argc++] = word;
	argv[argc] = NULL;
	options_parse(argc, argv, &options);
	return options;
}

/* Do it in a process of its own: its exit status, and all that it said. */
static int run_aside(void (*what)(const char *), const char *words, char *said,
		     size_t size)
{
	int pipe_fds[2], status;
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(pipe_fds[1], STDOUT_FILENO);
		dup2(pipe_fds[1], STDERR_FILENO);
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		what(words);
		_exit(0);
	}
	close(pipe_fds[1]);
	while ((got = read(pipe_fds[0], said + len, size - 1 - len)) > 0)
		len += (size_t)got;
	said[len] = '\0';
	close(pipe_fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void parse_only(const char *words)
{
	parse(words);
}

static int parse_aside(const char *words, char *said, size_t size)
{
	return run_aside(parse_only, words, said, size);
}

static const struct {
	const char *words, *message;
} refused[] = {
	{ "--foo true", "unknown option '--foo'; try 'shmtrace --help'" },
	{ "--verb true", "unknown option '--verb'; try 'shmtrace --help'" },
	{ "--verbosely true",
	  "unknown option '--verbosely'; try 'shmtrace --help'" },
	{ "-x true", "unknown option '-x'; try 'shmtrace --help'" },
	{ "-vx true", "unknown option '-x'; try 'shmtrace --help'" },
	{ "--=3 true", "unknown option '--'; try 'shmtrace --help'" },
	{ "--verbose=1 true", "option '--verbose' takes no value; "
			      "try 'shmtrace --help'" },
	{ "--output", "option '--output' needs a value (FILE); "
		      "try 'shmtrace --help'" },
	{ "-o", "option '-o' needs a value (FILE); try 'shmtrace --help'" },
	{ "--output= true", "--output: the file name is empty" },
	{ "--seccomp-bpf=yes true",
	  "--seccomp-bpf: 'yes' is none of auto, on, off" },
	{ "--proc=x true", "--proc: 'x' is none of auto, on, off" },
	{ "--shmmax=12X true", "--shmmax: '12X' is not a number "
			       "(K, M, G, T may follow it)" },
	{ "--shmmax=1MB true", "--shmmax: '1MB' is not a number "
			       "(K, M, G, T may follow it)" },
	{ "--shmmax=-1 true", "--shmmax: '-1' is not a number "
			      "(K, M, G, T may follow it)" },
	{ "--shmmax=K true", "--shmmax: 'K' is not a number "
			     "(K, M, G, T may follow it)" },
	{ "--shmmax=16777216T true", "--shmmax: '16777216T' is more than "
				     "18446744073709551615" },
	{ "--shmmax=18446744073709551616 true",
	  "--shmmax: '18446744073709551616' is more than "
	  "18446744073709551615" },
	{ "--shmall=4K true", "--shmall: '4K' is not a number" },
	{ "--shmall=0x10 true", "--shmall: '0x10' is not a number" },
	{ "--shmmni=32769 true", "--shmmni: '32769' is more than 32768" },
	{ "--shmseg= true", "--shmseg: '' is not a number" },
	{ "--orphans=auto true", "--orphans: 'auto' is none of wait, kill" },
	{ "-p 4711", "shmtrace cannot attach: a segment must have been "
	  "emulated from its shmget on; start the program under it" },
	{ "--attach=4711", "shmtrace cannot attach: a segment must have been "
	  "emulated from its shmget on; start the program under it" },
	{ "--tips true", "unknown option '--tips'; try 'shmtrace --help'" },
	{ "--leak-check-heuristics=all true", "unknown option "
	  "'--leak-check-heuristics'; try 'shmtrace --help'" },
	{ "-e shmfoo true", "--trace: 'shmfoo' is none of shmget, shmat, "
	  "shmdt, shmctl, %ipc, all, none" },
	{ "-e trace= true", "--trace: '' is none of shmget, shmat, shmdt, "
	  "shmctl, %ipc, all, none" },
	{ "--trace=shmget,,shmat true", "--trace: '' is none of shmget, "
	  "shmat, shmdt, shmctl, %ipc, all, none" },
	{ "--trace=shmget,!shmat true", "--trace: '!shmat' is none of shmget, "
	  "shmat, shmdt, shmctl, %ipc, all, none" },
	{ "-e signal=none true", "-e: 'signal' is none of trace, status" },
	{ "-e", "option '-e' needs a value (SET); try 'shmtrace --help'" },
	{ "-e status=detached true",
	  "--status: 'detached' is none of successful, failed" },
	{ "--status=failed, true",
	  "--status: '' is none of successful, failed" },
	{ "--absolute-timestamps=ms true",
	  "--absolute-timestamps: 'ms' is none of time; us; unix,us" },
	{ "--decode-pids=pidns true", "--decode-pids: 'pidns' is not comm" },
	{ "--stack-trace-frame-limit=0 true", "--stack-trace-frame-limit: "
	  "'0' is not a number from 1 to 65535" },
	{ "--stack-trace-frame-limit=3x true", "--stack-trace-frame-limit: "
	  "'3x' is not a number from 1 to 65535" },
	{ "", "no program given; try 'shmtrace --help'" },
	{ "-v", "no program given; try 'shmtrace --help'" },
	{ "--", "no program given; try 'shmtrace --help'" },
};

START_TEST(what_cannot_be_used_is_one_line_and_125)
{
	char said[256], wanted[256];

	snprintf(wanted, sizeof(wanted), "shmtrace: %s\n",
		 refused[_i].message);
	ck_assert_int_eq(parse_aside(refused[_i].words, said, sizeof(said)),
			 125);
	ck_assert_str_eq(said, wanted);
}
END_TEST

START_TEST(help_lists_options_and_succeeds)
{
	char said[4096], other[4096];

	ck_assert_int_eq(parse_aside("--help", said, sizeof(said)), 0);
	ck_assert_ptr_nonnull(strstr(said, "  -o, --output=FILE  "));
	ck_assert_ptr_nonnull(strstr(said, "      --shmmax=BYTES  "));
	ck_assert_int_eq(parse_aside("-vh", other, sizeof(other)), 0);
	ck_assert_str_eq(said, other);
}
END_TEST

START_TEST(version_says_what_is_built_in)
{
	char said[4096];

	ck_assert_int_eq(parse_aside("--version --foo", said, sizeof(said)),
			 0);
	ck_assert_ptr_eq(strstr(said, "shmtrace " VERSION "\n"), said);
	ck_assert_ptr_nonnull(strstr(said, "CPU: " CPU_NAME "; "));
	ck_assert_ptr_nonnull(strstr(said, "(libunwind): "));
	ck_assert_ptr_nonnull(strstr(said, "MIT license"));
}
END_TEST

START_TEST(without_options_nothing_is_set)
{
	struct options options = parse("true -v --foo");

	ck_assert_int_eq(options.seccomp, SECCOMP_AUTO);
	ck_assert(!options.self_check);
	ck_assert(!options.journal.log);
	ck_assert(!options.journal.stack);
	ck_assert_ptr_null(options.output);
	ck_assert(!options.append);
	ck_assert(!options.quiet);
	ck_assert(!options.shmmax.is_set);
	ck_assert(!options.shmall.is_set);
	ck_assert(!options.shmmni.is_set);
	ck_assert(!options.shmseg.is_set);
}
END_TEST

START_TEST(orphans_are_waited_for_or_killed)
{
	ck_assert_int_eq(parse("true").orphans, ORPHANS_WAIT);
	ck_assert_int_eq(parse("--orphans=kill true").orphans, ORPHANS_KILL);
	ck_assert_int_eq(parse("--orphans=kill --orphans wait true").orphans,
			 ORPHANS_WAIT);
}
END_TEST

START_TEST(options_stop_at_the_first_other_word)
{
	struct options options = parse("-v true -k --foo");

	ck_assert(options.journal.log);
	ck_assert(!options.journal.stack);
	ck_assert_str_eq(options.argv[0], "true");
	ck_assert_str_eq(options.argv[1], "-k");
	ck_assert_str_eq(options.argv[2], "--foo");
	ck_assert_ptr_null(options.argv[3]);
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
	struct options options = parse("-v -- --foo --");

	ck_assert_str_eq(options.argv[0], "--foo");
	ck_assert_str_eq(options.argv[1], "--");
	ck_assert_ptr_null(options.argv[2]);
}
END_TEST

START_TEST(one_dash_is_a_program)
{
	ck_assert_str_eq(parse("-v - -k").argv[0], "-");
}
END_TEST

/* The same option, written in each way that it can be. */
static const char *const outputs[] = {
	"-o FILE true", "-oFILE true", "-vo FILE true", "-voFILE true",
	"--output FILE true", "--output=FILE true",
};

START_TEST(a_value_follows_or_is_attached)
{
	struct options options = parse(outputs[_i]);

	ck_assert_str_eq(options.output, "FILE");
	ck_assert_str_eq(options.argv[0], "true");
}
END_TEST

START_TEST(a_value_may_look_like_an_option)
{
	struct options options = parse("-o -v true");

	ck_assert_str_eq(options.output, "-v");
	ck_assert(!options.journal.log);
}
END_TEST

START_TEST(the_last_of_equal_options_counts)
{
	struct options options = parse("--shmmni=3 --seccomp-bpf=on "
				       "--shmmni=4 --seccomp-bpf=off true");

	ck_assert_uint_eq(options.shmmni.value, 4);
	ck_assert_int_eq(options.seccomp, SECCOMP_OFF);
}
END_TEST

static const struct {
	const char *words;
	enum seccomp_mode seccomp;
	enum proc_mode proc;
} modes[] = {
	{ "--seccomp-bpf=on true", SECCOMP_ON, PROC_AUTO },
	{ "--seccomp-bpf=off --proc on true", SECCOMP_OFF, PROC_ON },
	{ "--seccomp-bpf=auto --proc=off true", SECCOMP_AUTO, PROC_OFF },
	{ "--seccomp-bpf off", SECCOMP_ON, PROC_AUTO },
	{ "--seccomp-bpf=off --seccomp-bpf true", SECCOMP_ON, PROC_AUTO },
	{ "--proc=off --proc=auto true", SECCOMP_AUTO, PROC_AUTO },
};

START_TEST(modes_are_auto_on_and_off)
{
	struct options options = parse(modes[_i].words);

	ck_assert_int_eq(options.seccomp, modes[_i].seccomp);
	ck_assert_int_eq(options.proc, modes[_i].proc);
}
END_TEST

enum {
	GET = JOURNAL_BIT(JOURNAL_SHMGET),
	CTL = JOURNAL_BIT(JOURNAL_SHMCTL),
	AT = JOURNAL_BIT(JOURNAL_SHMAT),
	DT = JOURNAL_BIT(JOURNAL_SHMDT),
};

static const struct {
	const char *words;
	unsigned log;
} sets[] = {
	{ "true", 0 },
	{ "-v true", GET | CTL | AT | DT },
	{ "-e shmget true", GET },
	{ "-eshmget,shmdt true", GET | DT },
	{ "-e trace=shmat true", AT },
	{ "--trace=shmctl true", CTL },
	{ "--trace %ipc true", GET | CTL | AT | DT },
	{ "-e ipc true", GET | CTL | AT | DT },
	{ "-e all true", GET | CTL | AT | DT },
	{ "-e trace=!shmat,shmdt true", GET | CTL },
	{ "-e !none true", GET | CTL | AT | DT },
	{ "-v -e none true", 0 },
	{ "-e shmget -v true", GET | CTL | AT | DT },
	{ "-k true", GET | CTL | AT | DT },
	{ "-k -e shmget true", GET },
	{ "-e none -k true", 0 },
	{ "-t true", GET | CTL | AT | DT },
	{ "-Z true", GET | CTL | AT | DT },
	{ "-T -e shmat true", AT },
};

START_TEST(calls_are_chosen_as_in_strace)
{
	ck_assert_uint_eq(parse(sets[_i].words).journal.log, sets[_i].log);
}
END_TEST

static const struct {
	const char *words;
	bool successful, failed;
} statuses[] = {
	{ "-v true", true, true },
	{ "-z true", true, false },
	{ "-Z true", false, true },
	{ "-z -Z true", false, true },
	{ "-e status=successful true", true, false },
	{ "--status=failed,successful true", true, true },
	{ "-Z --status successful true", true, false },
};

START_TEST(statuses_are_chosen_as_in_strace)
{
	struct options options = parse(statuses[_i].words);

	ck_assert_int_eq(!options.journal.no_successful,
			 statuses[_i].successful);
	ck_assert_int_eq(!options.journal.no_failed, statuses[_i].failed);
}
END_TEST

static const struct {
	const char *words;
	enum journal_stamp stamp;
} stamps[] = {
	{ "-v true", STAMP_NONE },
	{ "-t true", STAMP_TIME },
	{ "-tt true", STAMP_US },
	{ "-t -t true", STAMP_US },
	{ "-ttt true", STAMP_UNIX },
	{ "-tttt true", STAMP_UNIX },
	{ "--absolute-timestamps true", STAMP_TIME },
	{ "--absolute-timestamps=us true", STAMP_US },
	{ "--absolute-timestamps=unix,us true", STAMP_UNIX },
	{ "-ttt --absolute-timestamps=time true", STAMP_TIME },
};

START_TEST(letters_are_repeated)
{
	ck_assert_int_eq(parse(stamps[_i].words).journal.stamp,
			 stamps[_i].stamp);
}
END_TEST

START_TEST(each_part_of_a_line_has_its_option)
{
	struct options options = parse("-rTyyY --stack-trace-frame-limit=3 "
				       "true");

	ck_assert(options.journal.relative);
	ck_assert(options.journal.durations);
	ck_assert_uint_eq(options.journal.decode_ids, 2);
	ck_assert(options.journal.decode_pids);
	ck_assert_uint_eq(options.journal.frames, 3);
	ck_assert(parse("--decode-pids=comm true").journal.decode_pids);
	ck_assert_uint_eq(parse("true").journal.frames, 128);
}
END_TEST

START_TEST(a_stack_trace_implies_verbose)
{
	struct options options = parse("--stack-trace --self-check true");

	ck_assert(options.journal.stack);
	ck_assert(options.journal.log);
	ck_assert(options.self_check);
}
END_TEST

START_TEST(the_environment_comes_first)
{
	struct options options;

	setenv("SHMTRACE_OPTIONS", "  --shmmni=3 -vo\tFILE\n", 1);
	options = parse("--shmmni=4 true");
	ck_assert_uint_eq(options.shmmni.value, 4);
	ck_assert(options.journal.log);
	ck_assert_str_eq(options.output, "FILE");
	ck_assert_str_eq(options.argv[0], "true");
	setenv("SHMTRACE_OPTIONS", " ", 1);
	ck_assert(!parse("true").journal.log);
}
END_TEST

static const struct {
	const char *value, *message;
} environments[] = {
	{ "-v true", "SHMTRACE_OPTIONS: 'true' is not an option" },
	{ "true -v", "SHMTRACE_OPTIONS: 'true' is not an option" },
	{ "-v --", "SHMTRACE_OPTIONS: '--' is not an option" },
	{ "-- -v", "SHMTRACE_OPTIONS: '-v' is not an option" },
	{ "-", "SHMTRACE_OPTIONS: '-' is not an option" },
	{ "-o", "option '-o' needs a value (FILE); try 'shmtrace --help'" },
	{ "--foo", "unknown option '--foo'; try 'shmtrace --help'" },
};

START_TEST(the_environment_holds_options_only)
{
	char said[256], wanted[256];

	setenv("SHMTRACE_OPTIONS", environments[_i].value, 1);
	snprintf(wanted, sizeof(wanted), "shmtrace: %s\n",
		 environments[_i].message);
	ck_assert_int_eq(parse_aside("true", said, sizeof(said)), 125);
	ck_assert_str_eq(said, wanted);
}
END_TEST

START_TEST(a_file_name_has_a_pid_and_variables)
{
	char wanted[64];
	char *name;

	setenv("HERE", "there", 1);
	setenv("EMPTY", "", 1);
	name = output_name("a%p.%q{HERE}%q{EMPTY}%%%q{HERE}");
	snprintf(wanted, sizeof(wanted), "a%d.there%%there", (int)getpid());
	ck_assert_str_eq(name, wanted);
	free(name);
}
END_TEST

static const struct {
	const char *pattern, *message;
} names[] = {
	{ "a%", "--output: 'a%': % is followed by none of p, q, %" },
	{ "%d", "--output: '%d': % is followed by none of p, q, %" },
	{ "%q", "--output: '%q': %q needs {VARIABLE}" },
	{ "%q{", "--output: '%q{': %q needs {VARIABLE}" },
	{ "%q{}", "--output: '%q{}': %q needs {VARIABLE}" },
	{ "%qHOME}", "--output: '%qHOME}': %q needs {VARIABLE}" },
	{ "%q{NOT_SET}", "--output: '%q{NOT_SET}': NOT_SET is not set" },
};

static void name_output(const char *pattern)
{
	free(output_name(pattern));
}

START_TEST(a_bad_file_name_is_one_line_and_125)
{
	char said[256], wanted[256];

	unsetenv("NOT_SET");
	snprintf(wanted, sizeof(wanted), "shmtrace: %s\n",
		 names[_i].message);
	ck_assert_int_eq(run_aside(name_output, names[_i].pattern, said,
				   sizeof(said)), 125);
	ck_assert_str_eq(said, wanted);
}
END_TEST

static const struct {
	const char *words;
	uint64_t bytes;
} sizes[] = {
	{ "--shmmax=0 true", 0 },
	{ "--shmmax=010 true", 10 },
	{ "--shmmax=3K true", 3 << 10 },
	{ "--shmmax=3M true", 3 << 20 },
	{ "--shmmax 3G true", (uint64_t)3 << 30 },
	{ "--shmmax=16777215T true", (uint64_t)16777215 << 40 },
	{ "--shmmax=18446744073709551615 true", UINT64_MAX },
};

START_TEST(sizes_have_suffixes)
{
	struct options options = parse(sizes[_i].words);

	ck_assert(options.shmmax.is_set);
	ck_assert_uint_eq(options.shmmax.value, sizes[_i].bytes);
}
END_TEST

START_TEST(each_limit_goes_to_its_place)
{
	struct options options = parse("--shmmax=1 --shmall=2 --shmmni=32768 "
				       "--shmseg=4 true");

	ck_assert_uint_eq(options.shmmax.value, 1);
	ck_assert_uint_eq(options.shmall.value, 2);
	ck_assert_uint_eq(options.shmmni.value, 32768);
	ck_assert_uint_eq(options.shmseg.value, 4);
	ck_assert(options.shmmax.is_set && options.shmall.is_set &&
		  options.shmmni.is_set && options.shmseg.is_set);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *suite_options(void)
{
	Suite *suite = suite_create("options");
	TCase *tcase = tcase_create("options");

	tcase_add_loop_test(tcase, what_cannot_be_used_is_one_line_and_125, 0,
			    COUNT(refused));
	tcase_add_test(tcase, help_lists_options_and_succeeds);
	tcase_add_test(tcase, version_says_what_is_built_in);
	tcase_add_test(tcase, without_options_nothing_is_set);
	tcase_add_test(tcase, orphans_are_waited_for_or_killed);
	tcase_add_test(tcase, options_stop_at_the_first_other_word);
	tcase_add_test(tcase, two_dashes_end_the_options);
	tcase_add_test(tcase, one_dash_is_a_program);
	tcase_add_loop_test(tcase, a_value_follows_or_is_attached, 0,
			    COUNT(outputs));
	tcase_add_test(tcase, a_value_may_look_like_an_option);
	tcase_add_test(tcase, the_last_of_equal_options_counts);
	tcase_add_loop_test(tcase, modes_are_auto_on_and_off, 0,
			    COUNT(modes));
	tcase_add_loop_test(tcase, calls_are_chosen_as_in_strace, 0,
			    COUNT(sets));
	tcase_add_loop_test(tcase, statuses_are_chosen_as_in_strace, 0,
			    COUNT(statuses));
	tcase_add_loop_test(tcase, letters_are_repeated, 0, COUNT(stamps));
	tcase_add_test(tcase, each_part_of_a_line_has_its_option);
	tcase_add_test(tcase, a_stack_trace_implies_verbose);
	tcase_add_test(tcase, the_environment_comes_first);
	tcase_add_loop_test(tcase, the_environment_holds_options_only, 0,
			    COUNT(environments));
	tcase_add_test(tcase, a_file_name_has_a_pid_and_variables);
	tcase_add_loop_test(tcase, a_bad_file_name_is_one_line_and_125, 0,
			    COUNT(names));
	tcase_add_loop_test(tcase, sizes_have_suffixes, 0, COUNT(sizes));
	tcase_add_test(tcase, each_limit_goes_to_its_place);
	suite_add_tcase(suite, tcase);
	return suite;
}
