// SPDX-License-Identifier: MIT
/*
 * task.h - the traced threads and the address spaces they share.
 */
#ifndef TASKS_TASK_H
#define TASKS_TASK_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/types.h>

#include "arch/arch.h"
#include "emul/emul.h"
#include "tracer/tasks/cred.h"

/* An address space, shared by threads and by CLONE_VM. */
struct mm {
	unsigned users;		/* tasks that have not passed their exit stop */
	struct emul_space *space;
	bool stub;		/* our stub page is mapped at the arena */
	unsigned forking;	/* threads between fork and its event: until
				   then nothing changes the pieces */
	bool stop_all_calls;	/* every call must stop: the program looks at
			   /proc (procfs.h) */
	struct procfs_file *procfs_files; /* what it opened there for writing */
	bool cannot_open_proc;	/* the program cannot open our files itself */
	bool stop_all_mm_calls; /* every address-space call must stop: a piece
				   lies outside the arena */
};

/* A system call that we are working on, between its stop and its answer. */
struct call {
	struct arch_regs regs;	/* as the program had them */
	struct arch_call asked;
	uint32_t noop_nr; /* number of a call of its ABI that does
			     nothing */
	struct ptrace_syscall_info info; /* what the kernel says of the stop; */
	bool info_valid;		 /* valid */
	bool handled; /* was answered, or run under our eyes */
	enum {
		CALL_NONE,    /* the task is not in a call of ours */
		CALL_SECCOMP, /* at the seccomp stop */
		CALL_ENTRY,   /* at the entry stop of plain mode */
		CALL_UNOTIFY, /* in a user notification: not stopped */
		CALL_IN_STUB, /* will end by itself (fastpath.h) */
		CALL_EXIT,    /* at the exit stop of something we ran */
	} at;
	uint64_t unotify;	/* its id, at CALL_UNOTIFY */
	bool needs_stop;	/* memory that only the stopped thread itself
			   can open for us: the notice becomes a stop */
	bool masked;		/* signals are blocked by us, meanwhile: */
	uint64_t sigmask;	/* the program's own mask */
	int held_signal;	/* to be sent when the call is done, or 0 */
	bool restore_group_stop; /* its group stopped: stop with it again */
	bool undumpable;	/* we made it dumpable for a moment */
};

/* A call that ends by itself, in the stub's code (fastpath.h). */
struct fastpath {
	enum fastpath_kind {
		FASTPATH_NONE,
		FASTPATH_ATTACH,
		FASTPATH_DETACH,
	} kind;
	uint64_t addr;		/* where the attach should come to be */
	bool failed;		/* it did not: go the long way */
	siginfo_t held;		/* si_signo 0: none */
};

struct task {
	pid_t tid;
	pid_t tgid;
	struct mm *mm;		/* NULL once past its exit stop */
	struct emul_ns *ns;
	struct pidns *pidns;	/* NULL: the tracer's own */
	bool nests_children;	/* in another pid namespace than its own */
	uint64_t creator;	/* never used twice in a run */
	enum {
		TASK_UNANNOUNCED, /* stopped; its parent's event is to come */
		TASK_ANNOUNCED,	  /* adopted; its first stop is to come */
		TASK_RUNNING,
	} state;
	bool forks;		/* counted in mm->forking */
	bool deferred_by_fork;	/* its stop waits for such a fork */
	bool in_exec;		/* its address space may be a new one */
	bool listening;		/* in a group stop */
	bool died_unannounced;	/* died before its parent announced it */
	unsigned waited;	/* so many exits ago; then nobody will */
	bool pending;		/* a status that a handler met on its way: */
	int status;
	struct cred cred;
	struct call call;
	struct fastpath fastpath;
	bool retry_at_stop;	/* the next stop is for call.asked again */
	struct undo *undo;	/* birth.c: what to put back at the exit */
	bool read_implies_exec;	/* personality(2) */
	bool no_new_privs;	/* the program set it itself */
	bool strict;		/* the program entered strict mode */
	bool own_filter;	/* the program installed a filter itself */
	struct task *next_pending;
	struct task *next;	/* hash chain */
};

struct task *task_find(pid_t tid);
/* NULL when out of memory. */
struct task *task_add(pid_t tid);
/* One that no parent has announced yet; NULL when out of memory. */
struct task *task_add_unannounced(pid_t tid);
/* How many of these there are. */
unsigned task_count_unannounced(void);
void task_announced(struct task *task);
/* Only memory: what the task referred to has been given up before. */
void task_free(struct task *task);
unsigned task_count(void);
/* The task with thread id `from` is called `to` now (exec by a thread). */
void task_rename(struct task *task, pid_t to);
void task_each(void (*visit)(struct task *, void *), void *arg);

/* Remember a status for the loop; a newer one takes the place of an older
   one, which it tells to be void (the task was killed).  Hand the oldest one
   out (NULL: none). */
void task_defer(struct task *task, int status);
struct task *task_deferred(void);
bool task_any_deferred(void);

/* The task begins to fork: until that is over, other threads of its address
   space do not change the pieces, which the child gets as they are. */
void task_fork_begins(struct task *task);
/* The fork is over, or its thread is: what waited for it is deferred. */
void task_fork_over(struct task *task);
/* Must this stop of the task wait for another thread's fork?  Then it comes
   back as a deferred one. */
bool task_waits_for_fork(struct task *task, int status);

struct mm *mm_new(struct emul_space *space);

#endif
