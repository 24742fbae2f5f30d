// SPDX-License-Identifier: MIT
/*
 * fake.h - a machine that exists only in memory, to run emul/ in.
 *
 * A struct fake is a machine: memory, a clock, an IPC namespace, tasks.
 * Its address spaces follow Linux's rules for mmap, munmap, mprotect,
 * mremap, madvise and mlock, page by page, with memfd-like pages behind the
 * attachments: what the tracer finds in a real kernel.  Each call below does
 * what a program's call does under the tracer: ask emul/, let the fake
 * kernel run it, tell emul/ how it went.  So the same sequence gives the
 * same results here, under shmtrace, and natively.
 *
 * Results are those of raw system calls: a value >= 0 or -errno.  After each
 * call the machine compares emul's VMAs with its own mappings and nattch with
 * the number of VMAs; a difference aborts with a message.
 *
 * Addresses and lengths are the program's; `page` is fake_page(machine).
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/shm.h>

#include "emul/emul.h"

struct fake;
struct fake_mm;

enum { FAKE_MAX_GROUPS = 32 };

/* Every capability that emul knows. */
#define FAKE_CAPS_ALL                                                          \
	(EMUL_CAP_IPC_OWNER | EMUL_CAP_IPC_LOCK | EMUL_CAP_SYS_ADMIN |         \
	 EMUL_CAP_SYS_RESOURCE)

/*
 * A thread.  The caller may change every field of the second group between
 * calls; they start as root's with all capabilities but SYS_RESOURCE, no
 * groups and no limits, and are inherited by fork and clone.
 */
struct fake_task {
	struct fake *machine;
	struct fake_task *next;	/* list of the machine's tasks */
	struct fake_mm *mm;
	uint64_t creator;	/* identity of the thread */

	int32_t pid;		/* thread group id */
	uint32_t uid, euid, egid, fsgid;
	uint32_t groups[FAKE_MAX_GROUPS];
	uint32_t ngroups;
	uint32_t caps;
	uint64_t memlock;	/* soft RLIMIT_MEMLOCK, UINT64_MAX: none */
	uint64_t as_limit;	/* RLIMIT_AS, UINT64_MAX: none */
	bool read_implies_exec;	/* personality */
	struct emul_ns *ns;
};

/*
 * The machine.  config NULL: fake_default_config() as it is.  The memory
 * against which each segment is accounted (overcommit_memory 0) is
 * memory_total bytes; 4 GiB at first.  The clock starts at 1000000000 and
 * moves only by fake_tick.
 */
struct emul_config fake_default_config(void);
struct fake *fake_new(const struct emul_config *config);
void fake_free(struct fake *machine);	/* ends all tasks; checks for leaks */
struct emul *fake_emul(struct fake *machine);
const struct emul_mm *fake_emul_mm(const struct fake_task *task);
struct emul_ns *fake_ns(struct fake *machine);	/* the first namespace */
uint64_t fake_page(const struct fake *machine);
int64_t fake_now(const struct fake *machine);
void fake_tick(struct fake *machine);	/* one second passes */
void fake_set_memory(struct fake *machine, uint64_t memory_total);
void fake_set_huge_pages(struct fake *machine, uint64_t free_huge_pages);
/* x86 with protection keys: mlock cannot touch what is PROT_EXEC alone. */
void fake_guard_code(struct fake *machine);
/* The check after each call costs time with thousands of attachments. */
void fake_set_checks(struct fake *machine, bool on);

/* The host's optional functions are not there from now on. */
void fake_set_blind(struct fake *machine);

/* Failures on demand.  n counts from now, 1 is the next one; 0: never. */
void fake_fail_alloc(struct fake *machine, uint64_t n);	/* emul's memory */
void fake_fail_host(struct fake *machine, uint64_t n, sysret_t result);
	/* the n-th of map, unmap, read, write gives result, and is not done;
	   SYSRET_GONE for a thread that dies there */
uint64_t fake_allocs(const struct fake *machine);	/* made so far */
uint64_t fake_pages_live(const struct fake *machine);	/* handles alive */
uint64_t fake_last_unmaps(const struct fake *machine);	/* is_last */

/*
 * Tasks.  spawn: a new process with an address space of its own: only a few
 * pages of read-write private memory at fake_scratch.  exec leaves the task
 * with a fresh one.  exit frees the task; its segments' count drops when it
 * was the last user of its address space.
 */
struct fake_task *fake_spawn(struct fake *machine);
struct fake_task *fake_fork(struct fake_task *parent);	/* NULL: ENOMEM */
struct fake_task *fake_vfork(struct fake_task *parent);	/* CLONE_VM, new pid */
struct fake_task *fake_thread(struct fake_task *leader);/* CLONE_THREAD */
bool fake_exec(struct fake_task *task);			/* false: ENOMEM */
void fake_exit(struct fake_task *task);
bool fake_unshare_ipc(struct fake_task *task);		/* false: ENOMEM */

enum { FAKE_SCRATCH_PAGES = 16 };
uint64_t fake_scratch(const struct fake_task *task);
/* A range of `len` bytes at which nothing is mapped (nor beside it), outside
   the arena; a different one at each call. */
uint64_t fake_room(struct fake_task *task, uint64_t len);

/* The four calls, arguments as registers hold them. */
sysret_t fake_shmget(struct fake_task *task, uint64_t key, uint64_t size,
		     uint64_t shmflg);
sysret_t fake_shmat(struct fake_task *task, uint64_t shmid, uint64_t addr,
		    uint64_t shmflg);
/* What the tracer does when the attach that it announced did not happen. */
void fake_shmat_undo(struct fake_task *task, uint64_t addr);
sysret_t fake_shmdt(struct fake_task *task, uint64_t addr);
/* buf: an address in the task. */
sysret_t fake_shmctl(struct fake_task *task, uint64_t shmid, uint64_t cmd,
		     uint64_t buf);

/* shmctl with a buffer of ours, passed through the scratch pages. */
sysret_t fake_stat(struct fake_task *task, uint64_t shmid, uint64_t cmd,
		   struct shmid_ds *ds);		/* *_STAT* */
sysret_t fake_set(struct fake_task *task, uint64_t shmid,
		  const struct shmid_ds *ds);		/* IPC_SET */
sysret_t fake_info(struct fake_task *task, struct shminfo *info);
sysret_t fake_shm_info(struct fake_task *task, struct shm_info *info);
/* shm_nattch by IPC_STAT, or -errno. */
sysret_t fake_nattch(struct fake_task *task, uint64_t shmid);

/* Address-space calls.  mmap is of private anonymous memory; flags are
   MAP_FIXED, MAP_FIXED_NOREPLACE or 0. */
sysret_t fake_mmap(struct fake_task *task, uint64_t addr, uint64_t len,
		   int prot, int flags);
sysret_t fake_munmap(struct fake_task *task, uint64_t addr, uint64_t len);
sysret_t fake_mprotect(struct fake_task *task, uint64_t addr, uint64_t len,
		       int prot);
sysret_t fake_pkey_mprotect(struct fake_task *task, uint64_t addr,
			    uint64_t len, int prot, uint64_t pkey);
sysret_t fake_mremap(struct fake_task *task, uint64_t addr, uint64_t old_len,
		     uint64_t new_len, uint64_t flags, uint64_t new_addr);
sysret_t fake_madvise(struct fake_task *task, uint64_t addr, uint64_t len,
		      int advice);
sysret_t fake_mlock(struct fake_task *task, uint64_t addr, uint64_t len);
sysret_t fake_mlock2(struct fake_task *task, uint64_t addr, uint64_t len,
		     uint64_t flags);
sysret_t fake_munlock(struct fake_task *task, uint64_t addr, uint64_t len);
sysret_t fake_mlockall(struct fake_task *task, uint64_t flags);
sysret_t fake_munlockall(struct fake_task *task);
sysret_t fake_mbind(struct fake_task *task, uint64_t addr, uint64_t len,
		    uint64_t policy);
sysret_t fake_mseal(struct fake_task *task, uint64_t addr, uint64_t len);
sysret_t fake_remap_file_pages(struct fake_task *task, uint64_t addr,
			       uint64_t len, uint64_t pgoff);

/* What emul makes of a call that another kernel ended so. */
void fake_leave(struct fake_task *task, const struct emul_mmcall *call,
		sysret_t result);

/* Memory as the program's own loads and stores: 0, or -EFAULT where a fault
   would be (also beyond the end of a segment). */
sysret_t fake_peek(struct fake_task *task, uint64_t addr, void *buf,
		   size_t len);
sysret_t fake_poke(struct fake_task *task, uint64_t addr, const void *buf,
		   size_t len);

/* What /proc/PID/maps would list for shm: VMAs and their bounds. */
size_t fake_vmas(const struct fake_task *task, struct emul_vma *vmas,
		 size_t max);
bool fake_is_outside(const struct fake_task *task);	/* ... the arena */
bool fake_is_empty(const struct fake_task *task);

#endif
