// SPDX-License-Identifier: MIT
/* shmget.c - find or create a segment (ksys_shmget, ipcget, newseg). */
#include "emul/shm.h"

#ifndef SHM_HUGE_SHIFT
#define SHM_HUGE_SHIFT 26
#endif
enum { HUGE_SELECTOR_MASK = 0x3f };

/* ipcget_public(), the key exists: EEXIST before the size, the size before
   the permission. */
static sysret_t get_existing(const struct emul_caller *caller,
			     const struct segment *segment, uint64_t size,
			     uint32_t flags)
{
	if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
		return -EEXIST;
	if (size > segment->size)
		return -EINVAL;
	if (ipcperms(segment, caller->cred, flags))
		return -EACCES;
	return segment->id;
}

/* hstate_sizelog(), then can_do_hugetlb_shm() in hugetlb_file_setup(). */
static sysret_t pick_huge_shift(const struct emul_caller *caller,
				uint32_t flags, uint32_t *shift)
{
	const struct emul_config *config = &caller->ns->emul->config;
	uint32_t selector = flags >> SHM_HUGE_SHIFT & HUGE_SELECTOR_MASK;

	*shift = 0;
	if (!(flags & SHM_HUGETLB))
		return 0;
	*shift = selector ? selector : config->huge_shift;
	if (!*shift || (*shift != config->huge_shift &&
			!(config->huge_sizes >> *shift & 1)))
		return -EINVAL;
	if (!capable(caller->cred, EMUL_CAP_IPC_LOCK) &&
	    !in_group_p(caller->cred, config->huge_group))
		return -EPERM;
	return 0;
}

/* The checks of newseg() before anything is allocated. */
static sysret_t check_new(const struct emul_caller *caller, uint64_t size)
{
	const struct emul_ns *ns = caller->ns;
	uint64_t rounded = page_up(ns->emul, size), pages, total;

	if (size < 1 || size > ns->limits.shmmax)
		return -EINVAL;
	if (rounded < size)
		return -ENOSPC;
	pages = rounded / ns->emul->config.page_size;
	total = ns->total_pages + pages;
	if (total < pages || total > ns->limits.shmall)
		return -ENOSPC;
	return 0;
}

static struct segment *segment_new(const struct emul_caller *caller,
				   int32_t key, uint64_t size, uint32_t flags)
{
	struct segment *segment =
		emul_alloc(caller->ns->emul, 1, sizeof *segment);

	if (!segment)
		return NULL;
	segment->ns = caller->ns;
	segment->key = key;
	segment->size = size;
	segment->mode = flags & 0777;
	segment->uid = segment->cuid = caller->cred->euid;
	segment->gid = segment->cgid = caller->cred->egid;
	segment->cpid = caller->pid;
	segment->ctime = caller->now;
	segment->creator = caller->creator;
	return segment;
}

/* shmem_kernel_file_setup() or hugetlb_file_setup(). */
static sysret_t make_pages(const struct emul_caller *caller,
			   struct segment *segment, uint32_t flags)
{
	struct emul *emul = caller->ns->emul;
	struct emul_pages_request request = {
		.key = segment->key,
		.size = segment->size,
		.noreserve = (flags & SHM_NORESERVE) != 0,
		.sys_admin = capable(caller->cred, EMUL_CAP_SYS_ADMIN),
		.task = caller->task,
	};
	sysret_t result = pick_huge_shift(caller, flags, &segment->huge_shift);

	if (result < 0)
		return result;
	if (segment->size > INT64_MAX) /* MAX_LFS_FILESIZE */
		return -EINVAL;
	request.huge_shift = segment->huge_shift;
	result = emul->host.pages_create(emul->host_arg, &request);
	if (result >= 0)
		segment->pages = result;
	return result;
}

/* newseg(): shmmni is looked at last, after memory was accounted. */
static sysret_t create(const struct emul_caller *caller, int32_t key,
		       uint64_t size, uint32_t flags)
{
	struct emul *emul = caller->ns->emul;
	struct segment *segment;
	sysret_t result = check_new(caller, size);

	if (result < 0)
		return result;
	segment = segment_new(caller, key, size, flags);
	if (!segment)
		return -ENOMEM;
	result = ns_make_room(caller->ns);
	if (result < 0)
		goto free_segment;
	result = make_pages(caller, segment, flags);
	if (result < 0)
		goto free_segment;
	result = ipc_addid(caller->ns, segment);
	if (result < 0)
		goto destroy_pages;
	return segment->id;
destroy_pages:
	emul->host.pages_destroy(emul->host_arg, segment->pages);
free_segment:
	emul_dealloc(emul, segment);
	return result;
}

sysret_t emul_shmget(const struct emul_caller *caller, uint64_t key,
		     uint64_t size, uint64_t shmflg)
{
	int32_t k = (int32_t)(uint32_t)key;
	uint32_t flags = (uint32_t)shmflg;
	const struct segment *segment;

	if (k == IPC_PRIVATE)
		return create(caller, k, size, flags);
	segment = ipc_findkey(caller->ns, k);
	if (segment)
		return get_existing(caller, segment, size, flags);
	if (!(flags & IPC_CREAT))
		return -ENOENT;
	return create(caller, k, size, flags);
}
