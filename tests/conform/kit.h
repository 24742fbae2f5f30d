// SPDX-License-Identifier: MIT
/*
 * kit.h - what the small programs of this folder have in common.
 *
 * A program is a table of cases.  Without an argument it lists them; with
 * the name of one it runs it.  A case prints what it sees in lines that are
 * the same in every run, and the runner compares those of a native run with
 * those under shmtrace.  What must hold anywhere is a claim: it prints only
 * when it is wrong.
 */
#ifndef KIT_H
#define KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whom a case is held against, each with an example. */
enum judge {
	/* prints what a native run prints: exits/exit_0 */
	NATIVE,
	/* the same, but not with --seccomp-bpf=off, where the program's own
	   filter does not see the call: filters/filter_traps_shm_calls */
	FILTERED,
	/* a deliberate difference, under shmtrace only:
	   differences/maps_name_a_memfd */
	OURS,
	/* a difference of --seccomp-bpf=off alone:
	   differences/filter_does_not_refuse_shmat_in_plain_mode */
	PLAIN,
	/* starts its job by $WRAP and is itself not traced, natively with
	   $WRAP empty: jobs/ctrl_z_and_fg */
	WRAPPED,
	/* the same, but only with shmtrace in $WRAP, which it kills:
	   fault's tracer/shmtrace_is_killed */
	DRIVER,
	/* no case, but what one starts: jobs/job_attaches */
	HIDDEN,
};

struct test {
	const char *name;
	void (*run)(long arg);
	long arg;
	enum judge judge;
};

/* Ended by a null name; each program has its own. */
extern const struct test tests[];

enum { SKIPPED = 77, BROKEN = 99 };	/* exit statuses of a case */

/* One line, one write(2) to standard output. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A line "wrong: ..." unless it is true. */
void claim(bool truth, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* "what = 3" or "what = -1 EINVAL"; `result` as system calls return it. */
void say_result(const char *what, long result);
/* The case cannot be run as it should: message with errno, exit. */
_Noreturn void broken(const char *what);
/* A capability that the case is about is missing here. */
_Noreturn void skip(const char *why);

/* Skips where the kernel is older than the rule. */
void need_linux(int major, int minor);

/* "EINVAL"; "exit 3", "signal TERM", "stopped TSTP", "continued". */
const char *error_name(int error);
const char *status_name(int status);

/* A fresh private segment; broken() when there is none. */
int segment(size_t size);
size_t page_size(void);
/* Attach where the kernel likes, read and write; broken() if it fails. */
void *attach(int id);
void detach(const void *addr);
/* A segment attached here, shared with children forked later. */
void *shared(size_t size);
long nattch(int id);
/* Create, attach, write, read, detach, remove: "round trip ok", or what
   failed first. */
const char *round_trip(void);

/* Run in a forked child that ends by _exit(0). */
pid_t start(void (*run)(void *arg), void *arg);
/* Wait for the end of a child. */
int reap(pid_t pid);
void say_reaped(const char *what, pid_t pid);

/* argv of "$WRAP this-program NAME", for execv(). */
char **wrapped_command(const char *name);

/* One process lets another one pass, as often as it likes. */
struct gate {
	int fd[2];
};
void gate_init(struct gate *gate);
void gate_open(const struct gate *gate);
/* Wait for gate_open, with a deadline; `what` is waited for. */
void gate_pass(const struct gate *gate, const char *what);
/* Wait until `fd` has one of `events`, with a deadline. */
short await(int fd, short events, const char *what);

/* Whole text of a file, static storage; "" if it cannot be read. */
const char *file_text(const char *path);
/* Value of a line "Name:\tvalue" of /proc/self/status. */
const char *status_field(const char *name);

#endif
