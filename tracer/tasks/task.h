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
	struct emul_mm *emul;
	bool stub;		/* our stub page is mapped at the arena */
	unsigned forking;	/* threads between fork and its event: until
				   then nothing changes the VMAs */
	bool stop_all_calls;	/* every call must stop: the program looks at
			   /proc (procfs.h) */
	struct procfs_file *procfs_files; /* what it opened there for writing */
	bool cannot_open_proc;	/* the program cannot open our files itself */
	bool stop_all_mm_calls; /* every address-space call must stop: a VMA
				   lies outside the arena */
};

/* What we have changed in a stopped thread for the length of one call, in the
   order in which it is given back (remote/syscall.c: give_back, then
   remote_resume). */
struct borrowed {
	bool dumpable;	   /* PR_SET_DUMPABLE 1 for a moment */
	bool signals;	   /* all signals are blocked */
	uint64_t sigmask;  /* then: the program's own mask */
	int signal;	   /* a signal held back: sent at the next
			      resumption; or 0 */
	siginfo_t siginfo; /* what that signal came with; si_signo 0:
			      nothing but its number is known */
	bool group_stop;   /* its group stopped: stop with it again */
};

/* A system call that we are working on, between its stop and its answer. */
struct call {
	struct arch_regs regs;	/* as the program had them */
	struct arch_call asked;
	uint32_t noop_nr; /* number of a call of its ABI that does
			     nothing */
	struct ptrace_syscall_info info; /* what the kernel says of the stop; */
	bool info_valid;
	bool handled; /* was answered, or run under our eyes */
	enum call_at {
		CALL_NONE,	    /* the task is not in a call of ours */
		CALL_SECCOMP,	    /* at the seccomp stop */
		CALL_ENTRY,	    /* at the entry stop of plain mode */
		CALL_UNOTIFY,	    /* in a user notification: not stopped */
		CALL_RETRY_AT_STOP, /* the notification was answered with
				   ERESTARTNOINTR; at the PTRACE_EVENT_STOP
				   that is due, the call in `asked` is handled
				   once more */
		CALL_EXIT,	    /* at the exit stop of something we ran */
		CALL_COMPLETING_ATTACH, /* runs in the stub, and will return */
		CALL_COMPLETING_DETACH, /* without a stop (fastpath.h) */
	} at;
	bool slow_only;	      /* the fast path has failed: end at a stop */
	uint64_t attach_addr; /* COMPLETING_ATTACH: where it should be */
	uint64_t unotify_id;  /* at CALL_UNOTIFY */
	bool needs_stop;      /* process_vm_readv gave EPERM: the process is
				 not dumpable, and only an injected prctl
				 helps, which needs a ptrace stop */
	struct borrowed borrowed;
};

/*
 *	UNANNOUNCED --fork event--> ANNOUNCED --first stop--> RUNNING
 *	     | dies                                           |  ^
 *	UNANNOUNCED_DEAD                                      v  |
 *	                     DEFERRED_BY_FORK, IN_EXEC, GROUP_STOPPED
 *	any of them --exit event--> EXITING --reaped--> gone
 */
enum task_state {
	TASK_UNANNOUNCED,      /* stopped; its parent's event is to come */
	TASK_UNANNOUNCED_DEAD, /* died before its parent announced it */
	TASK_ANNOUNCED,	       /* its first stop is to come */
	TASK_RUNNING,	       /* or at a stop that is being handled */
	TASK_DEFERRED_BY_FORK, /* its stop waits for a fork in its address
				  space (wait.h) */
	TASK_IN_EXEC,	       /* its address space may be a new one */
	TASK_GROUP_STOPPED,    /* PTRACE_LISTEN: until SIGCONT */
	TASK_EXITING,	       /* past its exit event: it has no mm */
};

/* A wait status that was taken in and not handled yet; wait.c's. */
struct deferred_status {
	bool queued;
	int status;
	struct task *next;
};

struct task {
	pid_t tid;
	pid_t tgid;
	struct mm *mm;		/* NULL once past its exit stop */
	struct emul_ns *ns;
	struct pidns *pidns;	/* NULL: the tracer's own */
	bool nests_children;	/* in another pid namespace than its own */
	uint64_t creator;	/* never used twice in a run */
	enum task_state state;
	unsigned exits_since;	/* UNANNOUNCED_DEAD: exits of other tasks since;
				   after some, no parent will announce it */
	bool left_others;	/* in its address space, at its exit stop */
	bool forks;		/* counted in mm->forking */
	struct deferred_status deferred;
	struct cred cred;
	struct call call;
	struct undo *undo;	/* fork.c: what to put back at the exit */
	bool read_implies_exec;	/* personality(2) */
	bool no_new_privs;	/* the program set it itself */
	bool strict;		/* the program entered strict mode */
	bool own_filter;	/* the program installed a filter itself */
	struct task *next;	/* hash chain */
};

struct task *task_find(pid_t tid);
/* NULL when out of memory. */
struct task *task_add(pid_t tid);
/* One that no parent has announced yet; NULL when out of memory. */
struct task *task_add_unannounced(pid_t tid);
/* In either of the two states. */
bool task_is_unannounced(const struct task *task);
/* How many of these there are. */
unsigned task_count_unannounced(void);
/* Its parent has announced it: ANNOUNCED now, or EXITING if it is dead. */
void task_announced(struct task *task);
/* Only memory: what the task referred to has been given up before. */
void task_free(struct task *task);
unsigned task_count(void);
/* The task with thread id `from` is called `to` now (exec by a thread). */
void task_rename(struct task *task, pid_t to);
void task_each(void (*visit)(struct task *, void *), void *arg);

struct mm *mm_new(struct emul_mm *emul);

#endif
