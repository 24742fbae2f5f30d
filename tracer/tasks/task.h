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

/* Open files of /proc/TID: they go on working when the process stops being
   dumpable (remote/undumpable.h). */
struct mm_files {
	int mem, maps;
};

/* An address space, shared by threads and by CLONE_VM. */
struct mm {
	unsigned users;		/* tasks that have not passed their exit stop */
	struct emul_mm *emul;
	bool stub;		/* the stub is mapped */
	struct mm_files *files;	/* of one that is not dumpable, or NULL */
	bool userfaults;	/* userfaultfd may fill in pages later: `files`
				   are used to read and write it */
	bool left_dumpable;	/* the thread that made it so was killed */
	unsigned forking;	/* threads between fork() and its event: until
				   then nothing changes the attachments */
	bool stop_all_calls;	/* every call must stop: the program is likely
				   to open files of procfs.h */
	struct procfs_file *procfs_files; /* those open for writing */
	bool cannot_open_proc;	/* openat() of /proc/TRACER/fd/N failed */
};

struct range {
	uint64_t start, end;
};

/* The addresses outside the arena that the filters of a thread know, in the
   order in which it got them (calls/outside.c); inherited as filters are. */
#define WATCHED_MAX 6
struct watched {
	struct range ranges[WATCHED_MAX];
	unsigned count;
};

/* What the tracer has changed in a stopped thread for the length of one call,
   in the order in which it is put back (remote/syscall.c: restore(), then
   remote_resume()). */
struct borrowed {
	bool signals;	   /* all signals are blocked */
	uint64_t sigmask;  /* then: the program's own mask */
	int signal;	   /* a signal held back: sent at the next
			      resumption; or 0 */
	siginfo_t siginfo; /* of a signal that came in the attach sequence;
			      si_signo 0: none came */
	bool group_stop;   /* the thread left a group stop: make it join that
			      stop again */
};

/* A system call that the tracer handles, between its stop and its answer. */
struct call {
	struct arch_regs regs;	/* as the program had them */
	struct arch_call asked;
	uint32_t noop_nr; /* number of a call of its ABI that does
			     nothing */
	struct ptrace_syscall_info info; /* of the stop, if info_valid */
	bool info_valid;
	bool handled; /* remote_answer() or remote_run() was called */
	enum call_at {
		CALL_NONE,	    /* no call is being handled */
		CALL_SECCOMP,	    /* at the seccomp stop */
		CALL_ENTRY,	    /* at the entry stop of plain mode */
		CALL_UNOTIFY,	    /* in a user notification: not stopped */
		CALL_RETRY_AT_STOP, /* the notification was answered with
				   ERESTARTNOINTR; at the PTRACE_EVENT_STOP
				   that is to come, the call in `asked` is
				   handled again */
		CALL_EXIT,	    /* at the exit stop of an injected call, or
				       of the program's call (remote_run) */
		CALL_COMPLETING_ATTACH, /* the thread runs a sequence of the */
		CALL_COMPLETING_DETACH, /* stub, which returns without a stop */
	} at;
	bool slow_only;	      /* the fast path has failed: do not take it */
	uint64_t attach_addr; /* COMPLETING_ATTACH: the expected address */
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
	TASK_UNANNOUNCED,      /* stopped; the parent's event is to come */
	TASK_UNANNOUNCED_DEAD, /* died before its parent announced it */
	TASK_ANNOUNCED,	       /* the parent's event came; the first stop is to
				  come */
	TASK_RUNNING,	       /* or at a stop that is being handled */
	TASK_DEFERRED_BY_FORK, /* its stop waits for a fork in its address
				  space (wait.h) */
	TASK_IN_EXEC,	       /* its address space may be a new one */
	TASK_GROUP_STOPPED,    /* PTRACE_LISTEN: until SIGCONT */
	TASK_EXITING,	       /* past its exit event: it has no mm */
};

/* A wait status that is not handled yet; only wait.c uses it. */
struct deferred_status {
	bool queued;
	int status;
	struct task *next;
};

/* Memory that a call points into and that is not there yet (remote/touch.h). */
struct touch {
	uint64_t addr, len;	/* whole pages; 0: none */
	bool write;
	bool runs;		/* the thread waits for it */
	bool failed;		/* it cannot be had: -EFAULT */
};

struct task {
	pid_t tid;
	pid_t tgid;
	struct mm *mm;		/* NULL once past its exit stop */
	struct emul_ns *ns;
	struct pidns *pidns;	/* NULL: the tracer's own */
	bool nests_children;	/* its children may be in another pid namespace
				   than the task itself */
	uint64_t creator;	/* never used twice in a run */
	enum task_state state;
	unsigned exits_since;	/* UNANNOUNCED_DEAD: exits of other tasks since;
				   after 64, no parent will announce it */
	bool left_others;	/* at its exit stop, its address space had other
				   users */
	bool forks;		/* counted in mm->forking */
	struct deferred_status deferred;
	struct cred cred;
	struct call call;
	struct touch touch;
	struct emul_mmcall *mm_call; /* runs: mm.c looks at its exit stop */
	struct undo *undo;	/* fork.c: what to put back at the exit */
	bool read_implies_exec;	/* personality(2) */
	bool no_new_privs;	/* the program itself has set it */
	bool strict;		/* the program entered strict mode */
	bool own_filter;	/* the program installed a filter itself */
	uint64_t filters;	/* threads with the same number have the same
				   filters of the program's own; 0: none */
	struct watched watched;
	enum {
		NOTHING_OUTSIDE,       /* no need to stop at every call */
		OUTSIDE_UNTIL_WATCHED, /* until it has a filter for what is
					  attached outside the arena */
		OUTSIDE_FOR_GOOD,      /* it may not install one */
	} stops_for;
	struct task *next;	/* hash chain */
};

struct task *task_find(pid_t tid);
/* NULL when out of memory. */
struct task *task_add(pid_t tid);
/* Add a task that no parent has announced yet; NULL when out of memory. */
struct task *task_add_unannounced(pid_t tid);
/* Is the task UNANNOUNCED or UNANNOUNCED_DEAD? */
bool task_is_unannounced(const struct task *task);
/* The number of such tasks. */
unsigned task_count_unannounced(void);
/* The parent has announced the task: its state is ANNOUNCED now, or EXITING if
   the task is dead. */
void task_announced(struct task *task);
/* Free only the memory of the task: task_release() drops what the task refers
   to. */
void task_free(struct task *task);
unsigned task_count(void);
/* Change the task's thread id to `to` (exec by a thread). */
void task_rename(struct task *task, pid_t to);
void task_each(void (*visit)(struct task *, void *), void *arg);

struct mm *mm_new(struct emul_mm *emul);

#endif
