// SPDX-License-Identifier: MIT
/* fake.c - the machine: tasks, memory, the clock, and emul's host. */
#include "tests/unit/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emul/shm.h"
#include "tests/unit/vm.h"

enum { MAX_NAMESPACES = 64 };

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

struct handle {
	struct object *object;	/* NULL: free */
	uint64_t huge_pages;
};

struct fake_mm {
	struct fake_mm *next;
	uint64_t users;
	struct emul_mm *emul;
	struct vm *vm;
	uint64_t scratch;
	uint64_t room;
};

struct fake {
	struct emul *emul;
	struct emul_config config;
	struct emul_ns *first_ns;
	struct emul_ns *namespaces[MAX_NAMESPACES];	/* referenced */
	size_t namespace_count;
	struct fake_task *tasks;
	struct fake_mm *mms;
	struct handle *handles;
	size_t handle_count, handle_capacity;
	int64_t now;
	uint64_t memory_total, free_huge_pages, max_map_count;
	bool guards_code;
	uint64_t next_file, next_creator;
	int32_t next_pid;
	bool checks;
	/* Failures. */
	uint64_t fail_alloc, allocs, live_allocs;
	uint64_t fail_host;
	sysret_t host_result;
	uint64_t pages_live;
	uint64_t last_unmaps;
};

static void *host_alloc(void *arg, size_t count, size_t size)
{
	struct fake *machine = arg;
	void *memory;

	machine->allocs++;
	if (machine->fail_alloc && --machine->fail_alloc == 0)
		return NULL;
	memory = calloc(count, size);
	assert(memory);
	machine->live_allocs++;
	return memory;
}

static void host_free(void *arg, void *memory)
{
	struct fake *machine = arg;

	if (memory)
		machine->live_allocs--;
	free(memory);
}

/* ---- the host ---- */

static bool host_fails(struct fake *machine)
{
	return machine->fail_host && --machine->fail_host == 0;
}

static int64_t new_handle(struct fake *machine, struct object *object)
{
	size_t i = 0, grown;

	if (machine->pages_live < machine->handle_count)
		while (machine->handles[i].object)
			i++;
	else
		i = machine->handle_count++;
	if (machine->handle_count > machine->handle_capacity) {
		grown = machine->handle_capacity * 2 + 64;
		machine->handles = realloc(machine->handles,
					   grown * sizeof *machine->handles);
		assert(machine->handles);
		machine->handle_capacity = grown;
	}
	machine->handles[i] = (struct handle){ object, 0 };
	machine->pages_live++;
	return (int64_t)i;
}

static sysret_t pages_create(void *arg, const struct emul_pages_request *ask)
{
	struct fake *machine = arg;
	uint64_t huge = UINT64_C(1) << ask->huge_shift, count = 0;
	uint64_t size = ask->size;
	int64_t handle;

	if (ask->huge_shift) {
		size = (size + huge - 1) & ~(huge - 1);
		count = ask->noreserve ? 0 : size / huge;
		if (count > machine->free_huge_pages)
			return -ENOMEM;
		machine->free_huge_pages -= count;
	} else if (!ask->noreserve && size > machine->memory_total) {
		return -ENOMEM;
	}
	handle = new_handle(machine, object_new(size, true));
	machine->handles[handle].huge_pages = count;
	machine->handles[handle].object->is_huge = ask->huge_shift != 0;
	return handle;
}

static struct handle *find_handle(struct fake *machine, int64_t pages)
{
	assert(pages >= 0 && (size_t)pages < machine->handle_count);
	assert(machine->handles[pages].object);
	return &machine->handles[pages];
}

static void pages_destroy(void *arg, int64_t pages)
{
	struct fake *machine = arg;
	struct handle *handle = find_handle(machine, pages);

	machine->free_huge_pages += handle->huge_pages;
	object_put(handle->object);
	handle->object = NULL;
	machine->pages_live--;
}

static void pages_usage(void *arg, int64_t pages, struct emul_usage *usage)
{
	struct fake *machine = arg;

	usage->rss = object_usage(find_handle(machine, pages)->object,
				  machine->config.page_size);
	usage->swap = 0;
}

static sysret_t pages_lock(void *arg, int64_t pages, bool lock)
{
	struct fake *machine = arg;

	find_handle(machine, pages);
	return lock && host_fails(machine) ? machine->host_result : 0;
}

/* The kernel looks at the caller's limits. */
static struct vm *vm_of(struct fake_task *task)
{
	struct vm *vm = task->mm->vm;

	vm->root = task->euid == 0;
	vm->may_lock = task->caps & EMUL_CAP_IPC_LOCK;
	vm->memlock = task->memlock;
	vm->as_limit = task->as_limit;
	vm->max_map_count = task->machine->max_map_count;
	vm->guards_code = task->machine->guards_code;
	return vm;
}

static sysret_t host_map(void *arg, const struct emul_mapping *m)
{
	struct fake_task *task = arg;
	struct area file = {
		.object = find_handle(task->machine, m->pages)->object,
		.may_write = m->writable,
	};
	int flags = 0;

	if (host_fails(task->machine))
		return task->machine->host_result;
	if (m->place == EMUL_PLACE_FREE)
		flags = MAP_FIXED_NOREPLACE;
	else if (m->place == EMUL_PLACE_REPLACE)
		flags = MAP_FIXED;
	file.file = ++task->machine->next_file;
	return vm_mmap(vm_of(task), m->addr, m->len, m->prot, flags, &file);
}

static sysret_t host_unmap(void *arg, uint64_t addr, uint64_t len, bool is_last)
{
	struct fake_task *task = arg;

	task->machine->last_unmaps += is_last;
	if (host_fails(task->machine))
		return task->machine->host_result;
	return vm_munmap(vm_of(task), addr, len);
}

static sysret_t host_read(void *arg, uint64_t addr, void *buf, size_t len)
{
	struct fake_task *task = arg;

	if (host_fails(task->machine))
		return task->machine->host_result;
	return vm_read(task->mm->vm, addr, buf, len);
}

static sysret_t host_write(void *arg, uint64_t addr, const void *buf,
			   size_t len)
{
	struct fake_task *task = arg;

	if (host_fails(task->machine))
		return task->machine->host_result;
	return vm_write(task->mm->vm, addr, buf, len);
}

static uint64_t memlock_limit(void *arg)
{
	struct fake_task *task = arg;

	return task->memlock;
}

static uint64_t first_hole(void *arg, uint64_t from, uint64_t to)
{
	struct fake_task *task = arg;

	return vm_first_hole(task->mm->vm, from, to);
}

static uint64_t first_mapped(void *arg, uint64_t from, uint64_t to)
{
	struct fake_task *task = arg;

	return vm_first_mapped(task->mm->vm, from, to);
}

static uint64_t mapping_end(void *arg, uint64_t addr)
{
	struct fake_task *task = arg;

	return vm_end(task->mm->vm, addr);
}

static sysret_t host_remap(void *arg, const struct emul_mmcall *call)
{
	struct fake_task *task = arg;

	return vm_mremap(vm_of(task), call->addr, call->len, call->new_len,
			 call->flags, call->new_addr);
}

static bool is_locked(void *arg, uint64_t addr)
{
	struct fake_task *task = arg;

	return vm_is_locked(task->mm->vm, addr);
}

static int protection(void *arg, uint64_t addr)
{
	struct fake_task *task = arg;

	return vm_protection(task->mm->vm, addr);
}

static const struct emul_host fake_host = {
	.alloc = host_alloc,
	.free = host_free,
	.pages_create = pages_create,
	.pages_destroy = pages_destroy,
	.pages_usage = pages_usage,
	.pages_lock = pages_lock,
	.map = host_map,
	.unmap = host_unmap,
	.read = host_read,
	.write = host_write,
	.memlock_limit = memlock_limit,
	.first_hole = first_hole,
	.first_mapped = first_mapped,
	.mapping_end = mapping_end,
	.remap = host_remap,
	.is_locked = is_locked,
	.protection = protection,
};

/* ---- the machine ---- */

struct emul_config fake_default_config(void)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return (struct emul_config){
		.page_size = page,
		.arena_start = UINT64_C(0x600000000000),
		.arena_end = UINT64_C(0x610000000000),
		.task_size = UINT64_C(0x800000000000) - page,
	};
}

struct fake *fake_new(const struct emul_config *config)
{
	struct fake *machine = calloc(1, sizeof *machine);

	assert(machine);
	machine->config = config ? *config : fake_default_config();
	machine->now = 1000000000;
	machine->memory_total = UINT64_C(1) << 32;
	machine->max_map_count = 65530;
	machine->next_pid = 100;
	machine->checks = true;
	machine->emul = emul_new(&fake_host, machine, &machine->config);
	assert(machine->emul);
	machine->first_ns = emul_ns_new(machine->emul);
	assert(machine->first_ns);
	machine->namespaces[machine->namespace_count++] = machine->first_ns;
	return machine;
}

void fake_free(struct fake *machine)
{
	while (machine->tasks)
		fake_exit(machine->tasks);
	for (size_t i = 0; i < machine->namespace_count; i++)
		emul_ns_put(machine->namespaces[i]);
	emul_free(machine->emul);
	assert(!machine->mms);
	assert(!machine->pages_live);
	assert(!machine->live_allocs);
	free(machine->handles);
	free(machine);
}

struct emul *fake_emul(struct fake *machine)
{
	return machine->emul;
}

const struct emul_mm *fake_emul_mm(const struct fake_task *task)
{
	return task->mm->emul;
}

struct emul_ns *fake_ns(struct fake *machine)
{
	return machine->first_ns;
}

uint64_t fake_page(const struct fake *machine)
{
	return machine->config.page_size;
}

int64_t fake_now(const struct fake *machine)
{
	return machine->now;
}

void fake_tick(struct fake *machine)
{
	machine->now++;
}

void fake_set_memory(struct fake *machine, uint64_t memory_total)
{
	machine->memory_total = memory_total;
}

void fake_set_huge_pages(struct fake *machine, uint64_t free_huge_pages)
{
	machine->free_huge_pages = free_huge_pages;
}

void fake_guard_code(struct fake *machine)
{
	machine->guards_code = true;
	machine->emul->config.exec_takes_key = true;
	for (struct fake_mm *mm = machine->mms; mm; mm = mm->next)
		mm->vm->guards_code = true;
}

void fake_set_checks(struct fake *machine, bool on)
{
	machine->checks = on;
}

void fake_set_blind(struct fake *machine)
{
	machine->emul->host.first_mapped = NULL;
	machine->emul->host.is_locked = NULL;
	machine->emul->host.protection = NULL;
}

void fake_fail_alloc(struct fake *machine, uint64_t n)
{
	machine->fail_alloc = n;
}

void fake_fail_host(struct fake *machine, uint64_t n, sysret_t result)
{
	machine->fail_host = n;
	machine->host_result = result;
}

uint64_t fake_allocs(const struct fake *machine)
{
	return machine->allocs;
}

uint64_t fake_pages_live(const struct fake *machine)
{
	return machine->pages_live;
}

uint64_t fake_last_unmaps(const struct fake *machine)
{
	return machine->last_unmaps;
}

/* ---- the check after each call ---- */

struct joined {
	const struct vm *vm;
	struct fake *machine;
	size_t next; /* in vm->areas */
	struct emul_vma last;
	bool has_last;
	const char *problem;
};

/* One mapping of the model, neighbours joined, against the next one of shm
   in the fake kernel. */
static void compare_one(struct joined *j)
{
	const struct emul_vma *p = &j->last;
	const struct area *v;

	while (j->next < j->vm->count && !j->vm->areas[j->next].object->is_shm)
		j->next++;
	if (!j->has_last) {
		if (j->next < j->vm->count)
			j->problem = "a mapping that emul does not know";
		return;
	}
	if (j->next == j->vm->count) {
		j->problem = "a VMA that is not mapped";
		return;
	}
	v = &j->vm->areas[j->next++];
	if (v->start != p->addr || v->end != p->addr + p->len)
		j->problem = "bounds differ";
	else if (v->pgoff * j->vm->page != p->offset)
		j->problem = "offsets differ";
	else if (v->prot != p->prot)
		j->problem = "protections differ";
	else if (v->object != find_handle(j->machine, p->pages)->object)
		j->problem = "another segment is mapped";
}

static int join_vma(const struct emul_vma *p, void *arg)
{
	struct joined *j = arg;
	struct emul_vma *l = &j->last;

	if (j->has_last && l->addr + l->len == p->addr && l->file == p->file &&
	    l->flags == p->flags && l->offset + l->len == p->offset) {
		l->len += p->len;
		return 0;
	}
	if (j->has_last)
		compare_one(j);
	j->has_last = true;
	*l = *p;
	return j->problem != NULL;
}

static const char *compare_mm(struct fake *machine, const struct fake_mm *mm)
{
	struct joined j = { .vm = mm->vm, .machine = machine };

	emul_mm_walk(mm->emul, join_vma, &j);
	if (!j.problem && j.has_last)
		compare_one(&j);
	j.has_last = false;
	if (!j.problem)
		compare_one(&j);
	return j.problem;
}

static int count_vma(const struct emul_vma *p, void *arg)
{
	uint64_t *counts = arg;

	counts[p->pages]++;
	return 0;
}

static const char *compare_counts(struct fake *machine)
{
	uint64_t *counts = calloc(machine->handle_count + 1, sizeof *counts);
	uint64_t found = 0;
	const char *problem = NULL;

	assert(counts);
	for (const struct fake_mm *mm = machine->mms; mm; mm = mm->next)
		emul_mm_walk(mm->emul, count_vma, counts);
	for (size_t n = 0; n < machine->namespace_count; n++) {
		const struct emul_ns *ns = machine->namespaces[n];
		uint64_t pages = 0;
		uint32_t used = 0;

		for (uint32_t i = 0; i < ns->capacity; i++) {
			const struct segment *s = ns->by_index[i];

			if (!s)
				continue;
			used++;
			pages += segment_pages(s);
			if (s->nattch != counts[s->pages])
				problem = "nattch is not the number of VMAs";
			if (!s->nattch && s->mode & SHM_DEST)
				problem = "a removed segment without VMAs";
		}
		found += used;
		if (used != ns->in_use || pages != ns->total_pages)
			problem = "totals are wrong";
	}
	if (found != machine->pages_live)
		problem = "pages without a segment";
	free(counts);
	return problem;
}

static void check(struct fake *machine, const char *call)
{
	const char *problem = NULL;

	if (!machine->checks)
		return;
	for (struct fake_mm *mm = machine->mms; mm && !problem; mm = mm->next)
		problem = compare_mm(machine, mm);
	if (!problem)
		problem = compare_counts(machine);
	if (!problem)
		return;
	fprintf(stderr, "after %s: %s\n", call, problem);
	abort();
}

/* ---- tasks ---- */

struct asking {
	struct emul_caller caller;
	struct emul_cred cred;
};

static const struct emul_caller *ask(struct fake_task *task, struct asking *a)
{
	a->cred = (struct emul_cred){
		.uid = task->uid,
		.euid = task->euid,
		.egid = task->egid,
		.fsgid = task->fsgid,
		.caps = task->caps,
		.ngroups = task->ngroups,
		.groups = task->groups,
	};
	a->caller = (struct emul_caller){
		.task = task,
		.ns = task->ns,
		.mm = task->mm->emul,
		.cred = &a->cred,
		.pid = task->pid,
		.creator = task->creator,
		.now = task->machine->now,
		.read_implies_exec = task->read_implies_exec,
	};
	return &a->caller;
}

static struct fake_mm *mm_add(struct fake *machine, struct emul_mm *emul,
			      struct vm *vm)
{
	struct fake_mm *mm = calloc(1, sizeof *mm);

	assert(mm);
	mm->emul = emul;
	mm->vm = vm;
	mm->users = 1;
	mm->room = UINT64_C(0x100000000000);
	mm->next = machine->mms;
	machine->mms = mm;
	return mm;
}

static struct fake_mm *mm_new(struct fake *machine)
{
	struct emul_mm *emul = emul_mm_new(machine->emul);
	struct fake_mm *mm;
	int64_t result;

	if (!emul)
		return NULL;
	mm = mm_add(
		machine, emul,
		vm_new(machine->config.page_size, machine->config.task_size));
	mm->scratch = UINT64_C(0x0fff00000000);
	mm->vm->root = true;
	mm->vm->memlock = mm->vm->as_limit = UINT64_MAX;
	mm->vm->max_map_count = machine->max_map_count;
	mm->vm->guards_code = machine->guards_code;
	result = vm_mmap(mm->vm, mm->scratch,
			 FAKE_SCRATCH_PAGES * machine->config.page_size,
			 PROT_READ | PROT_WRITE, MAP_FIXED, NULL);
	assert(result > 0);
	return mm;
}

static void mm_put(struct fake_task *task)
{
	struct fake_mm **link = &task->machine->mms, *mm = task->mm;
	struct asking a;

	if (--mm->users == 0) {
		emul_mm_drop(ask(task, &a));
		vm_free(mm->vm);
		while (*link != mm)
			link = &(*link)->next;
		*link = mm->next;
		free(mm);
	}
	task->mm = NULL;
}

static struct fake_task *task_add(struct fake *machine,
				  const struct fake_task *parent)
{
	struct fake_task *task = calloc(1, sizeof *task);

	assert(task);
	if (parent)
		*task = *parent;
	task->machine = machine;
	task->creator = ++machine->next_creator;
	task->pid = machine->next_pid++;
	task->next = machine->tasks;
	machine->tasks = task;
	return task;
}

struct fake_task *fake_spawn(struct fake *machine)
{
	struct fake_mm *mm = mm_new(machine);
	struct fake_task *task;

	if (!mm)
		return NULL;
	task = task_add(machine, NULL);
	task->mm = mm;
	task->caps = FAKE_CAPS_ALL & ~(uint32_t)EMUL_CAP_SYS_RESOURCE;
	task->memlock = task->as_limit = UINT64_MAX;
	task->ns = emul_ns_get(machine->first_ns);
	return task;
}

struct fake_task *fake_fork(struct fake_task *parent)
{
	struct asking a;
	struct emul_mm *emul = emul_mm_fork(ask(parent, &a));
	struct fake_task *task;
	uint64_t room = parent->mm->room, scratch = parent->mm->scratch;

	if (!emul)
		return NULL;
	task = task_add(parent->machine, parent);
	task->mm = mm_add(parent->machine, emul, vm_fork(parent->mm->vm));
	task->mm->room = room;
	task->mm->scratch = scratch;
	emul_ns_get(task->ns);
	check(parent->machine, "fork");
	return task;
}

struct fake_task *fake_vfork(struct fake_task *parent)
{
	struct fake_task *task = task_add(parent->machine, parent);

	task->mm->users++;
	emul_ns_get(task->ns);
	return task;
}

struct fake_task *fake_thread(struct fake_task *leader)
{
	struct fake_task *task = fake_vfork(leader);

	task->pid = leader->pid;
	return task;
}

bool fake_exec(struct fake_task *task)
{
	struct fake_mm *mm = mm_new(task->machine);

	if (!mm)
		return false;
	mm_put(task);
	task->mm = mm;
	check(task->machine, "exec");
	return true;
}

void fake_exit(struct fake_task *task)
{
	struct fake *machine = task->machine;
	struct fake_task **link = &machine->tasks;

	mm_put(task);
	emul_task_exit(task->ns, task->creator);
	emul_ns_put(task->ns);
	while (*link != task)
		link = &(*link)->next;
	*link = task->next;
	free(task);
	check(machine, "exit");
}

bool fake_unshare_ipc(struct fake_task *task)
{
	struct fake *machine = task->machine;
	struct emul_ns *ns = emul_ns_new(machine->emul);

	if (!ns)
		return false;
	assert(machine->namespace_count < MAX_NAMESPACES);
	machine->namespaces[machine->namespace_count++] = ns;
	emul_task_exit(task->ns, task->creator);
	emul_ns_put(task->ns);
	task->ns = emul_ns_get(ns);
	check(machine, "unshare");
	return true;
}

uint64_t fake_scratch(const struct fake_task *task)
{
	return task->mm->scratch;
}

uint64_t fake_room(struct fake_task *task, uint64_t len)
{
	uint64_t addr = task->mm->room;

	task->mm->room += len + 256 * fake_page(task->machine);
	assert(vm_first_mapped(task->mm->vm, addr, addr + len) == addr + len);
	return addr;
}

/* ---- the four calls ---- */

sysret_t fake_shmget(struct fake_task *task, uint64_t key, uint64_t size,
		     uint64_t shmflg)
{
	struct asking a;
	sysret_t result = emul_shmget(ask(task, &a), key, size, shmflg);

	check(task->machine, "shmget");
	return result;
}

sysret_t fake_shmat(struct fake_task *task, uint64_t shmid, uint64_t addr,
		    uint64_t shmflg)
{
	struct asking a;
	sysret_t result = emul_shmat(ask(task, &a), shmid, addr, shmflg);

	check(task->machine, "shmat");
	return result;
}

sysret_t fake_shmdt(struct fake_task *task, uint64_t addr)
{
	struct asking a;
	sysret_t result = emul_shmdt(ask(task, &a), addr);

	check(task->machine, "shmdt");
	return result;
}

sysret_t fake_shmctl(struct fake_task *task, uint64_t shmid, uint64_t cmd,
		     uint64_t buf)
{
	struct asking a;
	sysret_t result = emul_shmctl(ask(task, &a), shmid, cmd, buf);

	check(task->machine, "shmctl");
	return result;
}

static sysret_t ctl_out(struct fake_task *task, uint64_t shmid, uint64_t cmd,
			void *buf, size_t len)
{
	sysret_t result = fake_shmctl(task, shmid, cmd, fake_scratch(task));

	if (result >= 0 && fake_peek(task, fake_scratch(task), buf, len) < 0)
		return -EFAULT;
	return result;
}

sysret_t fake_stat(struct fake_task *task, uint64_t shmid, uint64_t cmd,
		   struct shmid_ds *ds)
{
	return ctl_out(task, shmid, cmd, ds, sizeof *ds);
}

sysret_t fake_set(struct fake_task *task, uint64_t shmid,
		  const struct shmid_ds *ds)
{
	if (fake_poke(task, fake_scratch(task), ds, sizeof *ds) < 0)
		return -EFAULT;
	return fake_shmctl(task, shmid, IPC_SET, fake_scratch(task));
}

sysret_t fake_info(struct fake_task *task, struct shminfo *info)
{
	return ctl_out(task, 0, IPC_INFO, info, sizeof *info);
}

sysret_t fake_shm_info(struct fake_task *task, struct shm_info *info)
{
	return ctl_out(task, 0, SHM_INFO, info, sizeof *info);
}

sysret_t fake_nattch(struct fake_task *task, uint64_t shmid)
{
	struct shmid_ds ds;
	sysret_t result = fake_stat(task, shmid, IPC_STAT, &ds);

	return result < 0 ? result : (sysret_t)ds.shm_nattch;
}

/* ---- address-space calls ---- */

static sysret_t run(struct fake_task *task, const struct emul_mmcall *c)
{
	struct vm *vm = vm_of(task);

	switch (c->op) {
	case EMUL_MM_MUNMAP:
		return vm_munmap(vm, c->addr, c->len);
	case EMUL_MM_MMAP:
		return vm_mmap(vm, c->addr, c->len, c->prot, (int)c->flags,
			       NULL);
	case EMUL_MM_MREMAP:
		return vm_mremap(vm, c->addr, c->len, c->new_len, c->flags,
				 c->new_addr);
	case EMUL_MM_MPROTECT:
		return vm_mprotect(vm, c->addr, c->len, c->prot, c->flags);
	case EMUL_MM_MADVISE:
		return vm_madvise(vm, c->addr, c->len, c->advice);
	case EMUL_MM_MLOCK:
		if (c->flags & ~(uint64_t)MLOCK_ONFAULT)
			return -EINVAL;
		return vm_mlock(vm, c->addr, c->len,
				AREA_LOCKED | (c->flags ? AREA_ONFAULT : 0));
	case EMUL_MM_MUNLOCK:
		return vm_munlock(vm, c->addr, c->len);
	case EMUL_MM_MLOCKALL:
		return vm_mlockall(vm, c->flags);
	case EMUL_MM_MUNLOCKALL:
		return vm_munlockall(vm);
	case EMUL_MM_MBIND:
		return vm_mbind(vm, c->addr, c->len, c->policy);
	case EMUL_MM_MSEAL:
		return vm_mseal(vm, c->addr, c->len);
	case EMUL_MM_REMAP_FILE_PAGES:
		return vm_remap_file_pages(vm, c->addr, c->len, c->pgoff);
	}
	return -ENOSYS;
}

/* As the tracer does it. */
static sysret_t mm_call(struct fake_task *task, const struct emul_mmcall *call)
{
	struct asking a;
	const struct emul_caller *caller = ask(task, &a);
	bool concerns = emul_mm_concerns(task->mm->emul, call);
	sysret_t result = 0;

	if (concerns)
		result = emul_mm_enter(caller, call);
	if (result == 0) {
		result = run(task, call);
		if (concerns)
			emul_mm_leave(caller, call, result);
	}
	check(task->machine, "an address-space call");
	return result;
}

sysret_t fake_mmap(struct fake_task *task, uint64_t addr, uint64_t len,
		   int prot, int flags)
{
	struct emul_mmcall call = { .op = EMUL_MM_MMAP, .addr = addr,
				    .len = len, .prot = prot,
				    .flags = (uint64_t)flags };
	sysret_t result;

	if (flags & MAP_FIXED)
		return mm_call(task, &call);
	result = run(task, &call);
	check(task->machine, "mmap");
	return result;
}

sysret_t fake_munmap(struct fake_task *task, uint64_t addr, uint64_t len)
{
	return mm_call(task, &(struct emul_mmcall){
		.op = EMUL_MM_MUNMAP, .addr = addr, .len = len });
}

sysret_t fake_mprotect(struct fake_task *task, uint64_t addr, uint64_t len,
		       int prot)
{
	return mm_call(task, &(struct emul_mmcall){
		.op = EMUL_MM_MPROTECT, .addr = addr, .len = len,
		.prot = prot });
}

sysret_t fake_mremap(struct fake_task *task, uint64_t addr, uint64_t old_len,
		     uint64_t new_len, uint64_t flags, uint64_t new_addr)
{
	return mm_call(task, &(struct emul_mmcall){
		.op = EMUL_MM_MREMAP, .addr = addr, .len = old_len,
		.new_len = new_len, .flags = flags, .new_addr = new_addr });
}

sysret_t fake_madvise(struct fake_task *task, uint64_t addr, uint64_t len,
		      int advice)
{
	return mm_call(task, &(struct emul_mmcall){
		.op = EMUL_MM_MADVISE, .addr = addr, .len = len,
		.advice = advice });
}

sysret_t fake_mlock(struct fake_task *task, uint64_t addr, uint64_t len)
{
	return fake_mlock2(task, addr, len, 0);
}

sysret_t fake_mlock2(struct fake_task *task, uint64_t addr, uint64_t len,
		     uint64_t flags)
{
	return mm_call(task, &(struct emul_mmcall){
		.op = EMUL_MM_MLOCK, .addr = addr, .len = len,
		.flags = flags });
}

sysret_t fake_munlock(struct fake_task *task, uint64_t addr, uint64_t len)
{
	return mm_call(task, &(struct emul_mmcall){
		.op = EMUL_MM_MUNLOCK, .addr = addr, .len = len });
}

sysret_t fake_mlockall(struct fake_task *task, uint64_t flags)
{
	return mm_call(task, &(struct emul_mmcall){
		.op = EMUL_MM_MLOCKALL, .flags = flags });
}

sysret_t fake_munlockall(struct fake_task *task)
{
	return mm_call(task, &(struct emul_mmcall){
		.op = EMUL_MM_MUNLOCKALL });
}

sysret_t fake_mbind(struct fake_task *task, uint64_t addr, uint64_t len,
		    uint64_t policy)
{
	return mm_call(task, &(struct emul_mmcall){
		.op = EMUL_MM_MBIND, .addr = addr, .len = len,
		.policy = policy });
}

sysret_t fake_mseal(struct fake_task *task, uint64_t addr, uint64_t len)
{
	return mm_call(task, &(struct emul_mmcall){
		.op = EMUL_MM_MSEAL, .addr = addr, .len = len });
}

sysret_t fake_remap_file_pages(struct fake_task *task, uint64_t addr,
			       uint64_t len, uint64_t pgoff)
{
	return mm_call(task, &(struct emul_mmcall){
		.op = EMUL_MM_REMAP_FILE_PAGES, .addr = addr, .len = len,
		.pgoff = pgoff });
}

void fake_leave(struct fake_task *task, const struct emul_mmcall *call,
		sysret_t result)
{
	struct asking a;
	sysret_t entered = emul_mm_enter(ask(task, &a), call);

	assert(entered == 0);
	emul_mm_leave(&a.caller, call, result);
}

sysret_t fake_peek(struct fake_task *task, uint64_t addr, void *buf,
		   size_t len)
{
	return vm_read(task->mm->vm, addr, buf, len);
}

sysret_t fake_poke(struct fake_task *task, uint64_t addr, const void *buf,
		   size_t len)
{
	return vm_write(task->mm->vm, addr, buf, len);
}

struct listing {
	struct emul_vma *vmas;
	size_t count, max;
};

static int list_vma(const struct emul_vma *vma, void *arg)
{
	struct listing *listing = arg;

	if (listing->count < listing->max)
		listing->vmas[listing->count] = *vma;
	listing->count++;
	return 0;
}

size_t fake_vmas(const struct fake_task *task, struct emul_vma *vmas,
		 size_t max)
{
	struct listing listing = { vmas, 0, max };

	emul_mm_walk(task->mm->emul, list_vma, &listing);
	return listing.count;
}

sysret_t fake_pkey_mprotect(struct fake_task *task, uint64_t addr,
			    uint64_t len, int prot, uint64_t pkey)
{
	return mm_call(task, &(struct emul_mmcall){
		.op = EMUL_MM_MPROTECT, .addr = addr, .len = len,
		.prot = prot, .flags = pkey + 1 });
}

void fake_shmat_undo(struct fake_task *task, uint64_t addr)
{
	struct asking a;
	sysret_t result = vm_munmap(vm_of(task), addr,
				    vm_length(task->mm->vm, addr));

	assert(result == 0);
	emul_shmat_undo(ask(task, &a), addr);
	check(task->machine, "taking back shmat");
}

bool fake_is_outside(const struct fake_task *task)
{
	return emul_mm_is_outside(task->mm->emul);
}

bool fake_is_empty(const struct fake_task *task)
{
	return emul_mm_is_empty(task->mm->emul);
}
