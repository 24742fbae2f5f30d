// SPDX-License-Identifier: MIT
/*
 * engine_emul.c - the emul library on the unit tests' machine of memory, in
 * the place of a kernel.
 */
#include "scenario.h"
#include "tests/unit/fake.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

enum { MAX_VMAS = 4096 };

static struct fake *machine;
static struct fake_task *tasks[MAX_PROCESSES];
static int32_t pids[MAX_PROCESSES];
static uint32_t permitted[MAX_PROCESSES];	/* capabilities */
static uint32_t suids[MAX_PROCESSES], rgids[MAX_PROCESSES],
	sgids[MAX_PROCESSES];
static int waiting[MAX_PROCESSES];	/* for this vfork child; 0: no */
static bool guards_code;

static void skip(struct reply *reply, const char *what)
{
	reply->result = GOT_SKIP;
	snprintf(reply->text, sizeof(reply->text),
		 "the machine of memory has no %s", what);
}

/* Processes */

static sysret_t map_layout(struct fake_task *task)
{
	static const struct {
		unsigned at, pages;
		int prot;
	} parts[] = {
		{ 0, WINDOW_PAGES, PROT_NONE },
		{ GROUNDS_PAGE, 1, PROT_READ | PROT_WRITE },
		{ GROUNDS_PAGE + 2, 1, PROT_READ },
		{ GROUNDS_PAGE + 3, 1, PROT_NONE },
		{ GROUNDS_PAGE + 4, 1, PROT_READ | PROT_WRITE },
		{ GROUNDS_PAGE + 5, 1, PROT_READ },
		{ GROUNDS_PAGE + 6, 1, PROT_READ | PROT_WRITE },
		{ GROUNDS_PAGE + 7, 1, PROT_NONE },
	};
	sysret_t result = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (result >= 0)
			result = fake_mmap(task, layout.window +
						   parts[i].at * layout.page,
					   parts[i].pages * layout.page,
					   parts[i].prot, MAP_FIXED);
	return result < 0 ? result : 0;
}

static void adopt(int process, struct fake_task *task)
{
	tasks[process] = task;
	pids[process] = task->pid;
}

static void try_arena(struct fake_task *task)
{
	uint64_t size = (GROUNDS_PAGE + 8) * layout.page;
	sysret_t id = fake_shmget(task, IPC_PRIVATE, size, 0600);
	sysret_t addr = fake_shmat(task, (uint64_t)id, 0, 0);

	fake_shmdt(task, (uint64_t)addr);
	fake_shmctl(task, (uint64_t)id, IPC_RMID, 0);
	if (layout.arena == ARENA_USE && addr > 0)
		layout_move((uint64_t)addr);
}

/* Does mlock refuse what is PROT_EXEC alone (x86 with protection keys)? */
static bool host_guards_code(void)
{
	const size_t size = (size_t)layout.page;
	void *code = mmap(NULL, size, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	bool guarded = code != MAP_FAILED && mlock(code, size) < 0 &&
		       errno == ENOMEM;

	if (code != MAP_FAILED)
		munmap(code, size);
	return guarded;
}

static int emul_begin(void)
{
	struct emul_config config = fake_default_config();
	struct fake_task *first;

	memset(tasks, 0, sizeof(tasks));
	memset(pids, 0, sizeof(pids));
	memset(waiting, 0, sizeof(waiting));
	if (!config.huge_shift)
		config.huge_shift = 21;
	machine = fake_new(&config);
	fake_set_huge_pages(machine, 0);
	fake_set_memory(machine, layout.memory);
	layout.page = config.page_size;
	layout.top = config.task_size;
	guards_code = host_guards_code();
	if (guards_code)
		fake_guard_code(machine);
	layout_move(layout.window);
	first = fake_spawn(machine);
	if (layout.arena != ARENA_NO)
		try_arena(first);
	adopt(0, first);
	permitted[0] = first->caps;
	suids[0] = rgids[0] = sgids[0] = 0;
	return map_layout(first) < 0 ? -1 : 0;
}

static void emul_end(void)
{
	fake_free(machine);
}

static void birth(int process, const struct request *request,
		  struct reply *reply)
{
	struct fake_task *parent = tasks[process], *task;
	int child = (int)request->args[0];

	if (child <= 0 || child >= MAX_PROCESSES || pids[child]) {
		reply->result = GOT_NOBODY;
		return;
	}
	if (request->op == OP_FORK)
		task = fake_fork(parent);
	else if (request->op == OP_THREAD)
		task = fake_thread(parent);
	else
		task = fake_vfork(parent);
	if (!task) {
		reply->result = -ENOMEM;
		return;
	}
	adopt(child, task);
	waiting[process] = request->op == OP_VFORK ? child : 0;
	permitted[child] = permitted[process];
	suids[child] = suids[process];
	rgids[child] = rgids[process];
	sgids[child] = sgids[process];
}

static void release_parent(int process)
{
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (waiting[i] == process)
			waiting[i] = 0;
}

static void end_others(int process)
{
	for (int i = 0; i < MAX_PROCESSES; i++) {
		if (i == process || !tasks[i] || pids[i] != pids[process])
			continue;
		fake_exit(tasks[i]);
		tasks[i] = NULL;
	}
}

static void end(int process, bool all)
{
	if (all)
		end_others(process);
	fake_exit(tasks[process]);
	tasks[process] = NULL;
	release_parent(process);
}

static void exec(int process, const struct request *request,
		 struct reply *reply)
{
	if (request->args[0] != 0) {
		reply->result = -ENOENT;
		return;
	}
	end_others(process);
	release_parent(process);
	if (!fake_exec(tasks[process])) {
		reply->result = -ENOMEM;
		return;
	}
	tasks[process]->fsgid = sgids[process] = tasks[process]->egid;
	suids[process] = tasks[process]->euid;
	if (tasks[process]->euid == 0)
		tasks[process]->caps = permitted[process] = FAKE_CAPS_ALL;
	reply->result = map_layout(tasks[process]);
}

/* Credentials (kernel/sys.c, security/commoncap.c) */

static void fix_caps(int process, uint32_t old_euid)
{
	struct fake_task *task = tasks[process];

	if (task->euid != 0 && task->uid != 0 && suids[process] != 0)
		permitted[process] = 0;
	if (task->euid != 0)
		task->caps = 0;
	else if (old_euid != 0)
		task->caps = permitted[process];
}

static bool is_one_of(uint64_t id, uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t one = (uint32_t)id;

	return one == UINT32_MAX || one == a || one == b || one == c;
}

/* setresuid and setresgid: with the capability, which root has here, any
   ids; else those that the process has already. */
static bool may_set(int process, const uint64_t *args, uint32_t a, uint32_t b,
		    uint32_t c)
{
	return tasks[process]->euid == 0 ||
	       (is_one_of(args[0], a, b, c) && is_one_of(args[1], a, b, c) &&
		is_one_of(args[2], a, b, c));
}

static sysret_t set_uids(int process, const uint64_t *args)
{
	struct fake_task *task = tasks[process];
	uint32_t old_euid = task->euid;

	if (!may_set(process, args, task->uid, old_euid, suids[process]))
		return -EPERM;
	if ((uint32_t)args[0] != UINT32_MAX)
		task->uid = (uint32_t)args[0];
	if ((uint32_t)args[1] != UINT32_MAX)
		task->euid = (uint32_t)args[1];
	if ((uint32_t)args[2] != UINT32_MAX)
		suids[process] = (uint32_t)args[2];
	fix_caps(process, old_euid);
	return 0;
}

static sysret_t set_gids(int process, const uint64_t *args)
{
	struct fake_task *task = tasks[process];
	uint32_t *rgid = &rgids[process], *sgid = &sgids[process];

	if (!may_set(process, args, *rgid, task->egid, *sgid))
		return -EPERM;
	if ((uint32_t)args[0] != UINT32_MAX)
		*rgid = (uint32_t)args[0];
	if ((uint32_t)args[1] != UINT32_MAX)
		task->egid = task->fsgid = (uint32_t)args[1];
	if ((uint32_t)args[2] != UINT32_MAX)
		*sgid = (uint32_t)args[2];
	task->fsgid = task->egid;
	return 0;
}

/* Gives the old one, whatever happens. */
static sysret_t set_fsgid(int process, uint64_t gid)
{
	struct fake_task *task = tasks[process];
	uint32_t old = task->fsgid;

	if (task->euid == 0 || (uint32_t)gid == old ||
	    is_one_of(gid, rgids[process], task->egid, sgids[process]))
		task->fsgid = (uint32_t)gid;
	return old;
}

static sysret_t set_user(int process, const struct request *request)
{
	uint64_t uid = request->args[0], gid = request->args[1];

	if (tasks[process]->euid != 0)
		return -EPERM;
	tasks[process]->ngroups = 0;
	set_gids(process, (const uint64_t[3]){ gid, gid, gid });
	return set_uids(process, (const uint64_t[3]){ uid, uid, uid });
}

static sysret_t set_groups(int process, const struct request *request)
{
	struct fake_task *task = tasks[process];

	if (task->euid != 0)
		return -EPERM;
	task->ngroups = (uint32_t)request->args[0];
	for (uint32_t i = 0; i < task->ngroups; i++)
		task->groups[i] = (uint32_t)request->args[1 + i];
	return 0;
}

static sysret_t drop_caps(int process, const struct request *request)
{
	uint32_t caps = 0;

	if (request->args[0] & 1 << 14)
		caps |= EMUL_CAP_IPC_LOCK;
	if (request->args[0] & 1 << 15)
		caps |= EMUL_CAP_IPC_OWNER;
	if (request->args[0] & 1 << 21)
		caps |= EMUL_CAP_SYS_ADMIN;
	tasks[process]->caps &= ~caps;
	return 0;
}

/* Limits */

static sysret_t set_rlimit(int process, const struct request *request)
{
	if (request->args[0] == RLIMIT_MEMLOCK)
		tasks[process]->memlock = request->args[1];
	if (request->args[0] == RLIMIT_AS)
		tasks[process]->as_limit = request->args[1];
	return 0;
}

static bool is_alive(uint64_t creator, void *arg)
{
	(void)arg;
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (tasks[i] && tasks[i]->creator == creator)
			return true;
	return false;
}

static sysret_t set_sysctl(int process, enum emul_sysctl which, uint64_t value)
{
	struct emul_ns *ns = tasks[process]->ns;
	char text[32];
	sysret_t result;

	if (tasks[process]->euid != 0)
		return -EACCES;
	snprintf(text, sizeof(text), which <= EMUL_SHMALL ? "%" PRIu64
							  : "%" PRId64, value);
	result = emul_sysctl_write(ns, which, text, strlen(text));
	if (result >= 0 && which == EMUL_SHM_RMID_FORCED && value == 1)
		emul_ns_destroy_orphans(ns, is_alive, NULL);
	return result < 0 ? result : 0;
}

static sysret_t sysctl(int process, const struct request *request)
{
	enum emul_sysctl which = (enum emul_sysctl)request->args[1];
	char text[25] = "";

	if (request->args[0] > 1)
		return set_sysctl(process, which, request->args[2]);
	emul_sysctl_read(tasks[process]->ns, which, text);
	return text[0] == '-' ? strtoll(text, NULL, 10) :
				(sysret_t)strtoull(text, NULL, 10);
}

/* Memory */

static const struct emul_vma *vmas_of(struct fake_task *task, size_t *count)
{
	static struct emul_vma vmas[MAX_VMAS];

	*count = fake_vmas(task, vmas, MAX_VMAS);
	return vmas;
}

/* A fault where the mapping would allow the access: beyond the end. */
static int64_t fault_at(struct fake_task *task, uint64_t addr, int need)
{
	size_t count;
	const struct emul_vma *vmas = vmas_of(task, &count);

	for (size_t i = 0; i < count; i++)
		if (addr - vmas[i].addr < vmas[i].len && (vmas[i].prot & need))
			return GOT_BUS;
	return GOT_SEGV;
}

static int64_t get(struct fake_task *task, uint64_t addr)
{
	unsigned char byte = 0;

	if (fake_peek(task, addr, &byte, 1) < 0)
		return fault_at(task, addr, PROT_READ | PROT_WRITE |
						    (guards_code ? 0 :
								   PROT_EXEC));
	return byte;
}

static int64_t fill(struct fake_task *task, uint64_t addr, uint64_t len,
		    uint64_t value)
{
	unsigned char byte = (unsigned char)value;

	for (uint64_t i = 0; i < len; i++)
		if (fake_poke(task, addr + i, &byte, 1) < 0)
			return fault_at(task, addr + i, PROT_WRITE);
	return 0;
}

static void maps(struct fake_task *task, const struct request *request,
		 struct reply *reply)
{
	uint64_t from = request->args[0], to = from + request->args[1];
	struct vma last = { 0 };
	size_t count;
	const struct emul_vma *vmas = vmas_of(task, &count);

	for (size_t i = 0; i < count; i++) {
		struct vma vma = { vmas[i].addr - from,
				   vmas[i].addr + vmas[i].len - from,
				   vmas[i].offset, vmas[i].prot & 7 };

		if (vmas[i].addr < to && vmas[i].addr + vmas[i].len > from)
			shape_add(reply->text, &last, &vma);
	}
	shape_flush(reply->text, &last);
	if (reply->text[0] == '\0')
		strcpy(reply->text, "empty");
}

/* The numbers of equal policies must be equal: without nodes, "preferred"
   is "local" (mpol_new() in mm/mempolicy.c). */
static sysret_t bind(struct fake_task *task, const uint64_t *a)
{
	uint64_t mode = a[2] == MPOL_PREFERRED ? (uint64_t)MPOL_LOCAL : a[2];

	return fake_mbind(task, a[0], a[1], mode);
}

static sysret_t call_mm(struct fake_task *task, const struct request *request,
			bool *known)
{
	const uint64_t *a = request->args;

	*known = true;
	switch (request->nr) {
	case SYS_munmap:
		return fake_munmap(task, a[0], a[1]);
	case SYS_mmap:
		return fake_mmap(task, a[0], a[1], (int)a[2], (int)a[3]);
	case SYS_mprotect:
		return fake_mprotect(task, a[0], a[1], (int)a[2]);
	case SYS_mremap:
		return fake_mremap(task, a[0], a[1], a[2], a[3], a[4]);
	case SYS_madvise:
		return fake_madvise(task, a[0], a[1], (int)a[2]);
	case SYS_mlock:
		return fake_mlock(task, a[0], a[1]);
	case SYS_mlock2:
		return fake_mlock2(task, a[0], a[1], a[2]);
	case SYS_munlock:
		return fake_munlock(task, a[0], a[1]);
	case SYS_mlockall:
		return fake_mlockall(task, a[0]);
	case SYS_munlockall:
		return fake_munlockall(task);
	case SYS_mbind:
		return bind(task, a);
	case SYS_mseal:
		return fake_mseal(task, a[0], a[1]);
	case SYS_remap_file_pages:
		return fake_remap_file_pages(task, a[0], a[1], a[2]);
	default:
		*known = false;
		return 0;
	}
}

static sysret_t create(int process, const struct request *request)
{
	struct fake_task *task = tasks[process];
	sysret_t id = 0;

	for (uint64_t i = 0; i < request->args[0] && id >= 0; i++) {
		id = fake_shmget(task, IPC_PRIVATE, 1, 0600);
		if (id >= 0 && !request->args[1])
			fake_shmctl(task, (uint64_t)id, IPC_RMID, 0);
	}
	return id;
}

static void call(int process, const struct request *request,
		 struct reply *reply)
{
	struct fake_task *task = tasks[process];
	const uint64_t *a = request->args;
	bool known;

	reply->result = call_mm(task, request, &known);
	if (known)
		return;
	if (request->nr == SYS_shmget)
		reply->result = fake_shmget(task, a[0], a[1], a[2]);
	else if (request->nr == SYS_shmat)
		reply->result = fake_shmat(task, a[0], a[1], a[2]);
	else if (request->nr == SYS_shmdt)
		reply->result = fake_shmdt(task, a[0]);
	else if (request->nr == SYS_shmctl)
		reply->result = fake_shmctl(task, a[0], a[1], a[2]);
	else if (request->nr == SYS_setresuid)
		reply->result = set_uids(process, a);
	else if (request->nr == SYS_setresgid)
		reply->result = set_gids(process, a);
	else if (request->nr == SYS_setfsgid)
		reply->result = set_fsgid(process, a[0]);
	else if (request->nr == SYS_personality)
		task->read_implies_exec = (a[0] & READ_IMPLIES_EXEC) != 0;
	else if (request->nr != SYS_setfsuid && request->nr != SYS_umask)
		skip(reply, "such call");
}

/* shmctl with a buffer */

static void stat(struct fake_task *task, const struct request *request,
		 struct reply *reply)
{
	struct shmid_ds ds;

	reply->result = fake_stat(task, request->args[0], request->args[1],
				  &ds);
	if (reply->result >= 0)
		fields_of_segment(reply, &ds);
}

static sysret_t set(int process, const struct request *request)
{
	struct fake_task *task = tasks[process];
	struct shmid_ds ds;

	segment_for_set(&ds, request);
	return fake_set(task, request->args[0], &ds);
}

static void info(struct fake_task *task, const struct request *request,
		 struct reply *reply)
{
	struct shminfo limits;
	struct shm_info used;

	if (request->args[0] == IPC_INFO) {
		reply->result = fake_info(task, &limits);
		if (reply->result >= 0)
			fields_of_limits(reply, &limits);
		return;
	}
	reply->result = fake_shm_info(task, &used);
	if (reply->result >= 0)
		fields_of_usage(reply, &used);
}

static void row(const struct fake_task *task, const struct request *request,
		struct reply *reply)
{
	static char table[512 * 1024];

	emul_sysvipc(task->ns, NULL, table, sizeof(table));
	row_find(table, (int64_t)request->args[0], reply);
}

/* The engine */

static void perform_memory(struct fake_task *task,
			   const struct request *request, struct reply *reply)
{
	const uint64_t *a = request->args;

	if (request->op == OP_GET)
		reply->result = get(task, a[0]);
	else if (request->op == OP_PUT)
		reply->result = fill(task, a[0], 1, a[1]);
	else if (request->op == OP_FILL)
		reply->result = fill(task, a[0], a[1], a[2]);
	else
		maps(task, request, reply);
}

static void perform_life(int process, const struct request *request,
			 struct reply *reply)
{
	switch (request->op) {
	case OP_EXIT:
	case OP_KILL:
		end(process, true);
		return;
	case OP_TEXIT:
		end(process, false);
		return;
	case OP_EXEC:
		exec(process, request, reply);
		return;
	case OP_NEWIPC:
		if (!fake_unshare_ipc(tasks[process]))
			reply->result = -ENOMEM;
		return;
	case OP_TICK:
		fake_tick(machine);
		return;
	default:
		birth(process, request, reply);
	}
}

/* What gives a value and nothing else. */
static sysret_t (*const plain[])(int, const struct request *) = {
	[OP_SET] = set,		 [OP_USER] = set_user,
	[OP_GROUPS] = set_groups, [OP_DROP] = drop_caps,
	[OP_CREATE] = create,	 [OP_RLIMIT] = set_rlimit,
	[OP_SYSCTL] = sysctl,	 [OP_NOTHING] = NULL,
};

static void emul_perform(int process, const struct request *request,
			 struct reply *reply)
{
	struct fake_task *task = tasks[process];

	if (!task || waiting[process]) {
		reply->result = GOT_NOBODY;
		return;
	}
	if (plain[request->op])
		reply->result = plain[request->op](process, request);
	else if (request->op == OP_SYS)
		call(process, request, reply);
	else if (request->op == OP_STAT)
		stat(task, request, reply);
	else if (request->op == OP_INFO)
		info(task, request, reply);
	else if (request->op == OP_ROW)
		row(task, request, reply);
	else if (request->op >= OP_GET && request->op <= OP_MAPS)
		perform_memory(task, request, reply);
	else
		perform_life(process, request, reply);
}

static int64_t emul_now(void)
{
	return fake_now(machine);
}

static int emul_process_of(int64_t pid)
{
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (pids[i] && pids[i] == pid)
			return i;
	return -1;
}

/* The machine starts as root whoever runs it: what needs root is judged for
   an ordinary user too. */
static int64_t emul_id(void)
{
	return 0;
}

static const char *emul_lacks(const char *need)
{
	if (!strcmp(need, "hugepages"))
		return "the machine of memory has no huge pages";
	if (!strcmp(need, "overcommit_memory=2"))
		return "the machine of memory is not that strict";
	return NULL;
}

const struct engine engine_emul = {
	.begin = emul_begin,
	.end = emul_end,
	.perform = emul_perform,
	.now = emul_now,
	.process_of = emul_process_of,
	.uid = emul_id,
	.gid = emul_id,
	.lacks = emul_lacks,
};
