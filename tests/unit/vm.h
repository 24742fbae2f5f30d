// SPDX-License-Identifier: MIT
/*
 * vm.h - the fake machine's address spaces (private to fake.c and vm.c).
 *
 * An ordered array of mappings, split and merged as Linux does it for files
 * without a close operation: neighbours that are equal become one.
 */
#ifndef VM_H
#define VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory behind mappings: of a segment, or private and anonymous. */
struct object {
	uint64_t refs;		/* mappings, and the segment itself */
	uint64_t size;		/* bytes; UINT64_MAX: no end */
	bool is_shm;
	bool is_huge;		/* never marked locked */
	struct object *copy;	/* while fork works */
	struct leaf *leaves;	/* pages that were touched */
	uint64_t touched;
};

enum {
	AREA_LOCKED = 1,
	AREA_ONFAULT = 2,
	AREA_DONTFORK = 4,
	AREA_DONTDUMP = 8,
	AREA_RANDOM = 16,
	AREA_SEQUENTIAL = 32,
	AREA_HUGE = 64,
	AREA_NOHUGE = 128,
	AREA_SEALED = 256,
	AREA_LOCK_MASK = AREA_LOCKED | AREA_ONFAULT,
};

struct area {
	uint64_t start, end;
	struct object *object;
	uint64_t pgoff;
	uint64_t file;		/* which open file; 0: anonymous */
	uint64_t policy;
	int prot;
	uint32_t flags;
	uint64_t pkey;
	bool may_write;
};

struct vm {
	struct area *areas;
	size_t count, capacity;
	uint64_t page, task_size;
	uint32_t lock_future;
	/* Of the calling task, set before each call. */
	bool root, may_lock;
	uint64_t memlock, as_limit, max_map_count;
	bool guards_code;	/* by a protection key: PROT_EXEC alone */
};

struct object *object_new(uint64_t size, bool is_shm);
void object_put(struct object *object);
uint64_t object_usage(const struct object *object, uint64_t page);

struct vm *vm_new(uint64_t page, uint64_t task_size);
struct vm *vm_fork(const struct vm *parent);
void vm_free(struct vm *vm);

/* The system calls; results of the kernel. */
int64_t vm_mmap(struct vm *vm, uint64_t addr, uint64_t len, int prot, int flags,
		const struct area *file);
int64_t vm_munmap(struct vm *vm, uint64_t addr, uint64_t len);
/* key: protection key + 1; 0: keeps it. */
int64_t vm_mprotect(struct vm *vm, uint64_t addr, uint64_t len, int prot,
		    uint64_t key);
int64_t vm_mremap(struct vm *vm, uint64_t addr, uint64_t old_len,
		  uint64_t new_len, uint64_t flags, uint64_t new_addr);
int64_t vm_madvise(struct vm *vm, uint64_t addr, uint64_t len, int advice);
int64_t vm_mlock(struct vm *vm, uint64_t addr, uint64_t len, uint32_t lock);
int64_t vm_munlock(struct vm *vm, uint64_t addr, uint64_t len);
int64_t vm_mlockall(struct vm *vm, uint64_t flags);
int64_t vm_munlockall(struct vm *vm);
int64_t vm_mbind(struct vm *vm, uint64_t addr, uint64_t len, uint64_t policy);
int64_t vm_mseal(struct vm *vm, uint64_t addr, uint64_t len);
int64_t vm_remap_file_pages(struct vm *vm, uint64_t addr, uint64_t len,
			    uint64_t pgoff);

uint64_t vm_first_hole(const struct vm *vm, uint64_t from, uint64_t to);
uint64_t vm_first_mapped(const struct vm *vm, uint64_t from, uint64_t to);
uint64_t vm_end(const struct vm *vm, uint64_t addr);	/* of a mapping */
uint64_t vm_length(const struct vm *vm, uint64_t addr);	/* of a mapping */
int vm_protection(const struct vm *vm, uint64_t addr);
bool vm_is_locked(const struct vm *vm, uint64_t addr);
/* Up to the first fault: 0, or -EFAULT. */
int64_t vm_read(struct vm *vm, uint64_t addr, void *buf, size_t len);
int64_t vm_write(struct vm *vm, uint64_t addr, const void *buf, size_t len);

#endif
