// SPDX-License-Identifier: MIT
/* shmget.c - find or create a segment (ksys_shmget, ipcget, newseg). */
#include "emul/shm.h"

#ifndef SHM_HUGE_SHIFT
#define SHM_HUGE_SHIFT 26
#endif
enum { HUGE_SELECTOR_MASK = 0x3f };

/* hstate_sizelog(), then can_do_hugetlb_shm(). */
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

/* shmem_kernel_file_setup() or hugetlb_file_setup(). */
static sysret_t shm_file_setup(const struct emul_caller *caller,
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

/* Before anything is allocated. */
static sysret_t newseg_check(const struct emul_ns *ns, uint64_t size)
{
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

/* shmmni is looked at last, after memory was accounted. */
static sysret_t newseg(const struct emul_caller *caller, int32_t key,
		       uint64_t size, uint32_t flags)
{
	struct emul_ns *ns = caller->ns;
	struct emul *emul = ns->emul;
	struct segment *segment;
	uint32_t index;
	sysret_t result = newseg_check(ns, size);

	if (result < 0)
		return result;
	segment = emul_alloc(emul, 1, sizeof *segment);
	if (!segment)
		return -ENOMEM;
	*segment = (struct segment){
		.ns = ns,
		.key = key,
		.size = size,
		.mode = flags & 0777,
		.uid = caller->cred->euid,
		.cuid = caller->cred->euid,
		.gid = caller->cred->egid,
		.cgid = caller->cred->egid,
		.cpid = caller->pid,
		.ctime = caller->now,
		.creator = caller->creator,
	};
	/* ipc_addid() of Linux allocates; here nothing may fail for want of
	   memory once the pages exist. */
	result = ipc_prealloc(ns, &index);
	if (result < 0)
		goto free_segment;
	result = shm_file_setup(caller, segment, flags);
	if (result < 0)
		goto free_segment;
	result = ipc_addid(ns, segment, index);
	if (result < 0)
		goto destroy_pages;
	ns->total_pages += segment_pages(segment);
	return segment->id;
destroy_pages:
	emul->host.pages_destroy(emul->host_arg, segment->pages);
free_segment:
	emul_dealloc(emul, segment);
	return result;
}

/* EEXIST comes before the size (shm_more_checks()), the size before the
   permission (ipc_check_perms()). */
static sysret_t ipcget_public(const struct emul_caller *caller, int32_t key,
			      uint64_t size, uint32_t flags)
{
	const struct segment *segment = ipc_findkey(caller->ns, key);

	if (!segment) {
		if (!(flags & IPC_CREAT))
			return -ENOENT;
		return newseg(caller, key, size, flags);
	}
	if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
		return -EEXIST;
	if (size > segment->size)
		return -EINVAL;
	if (ipcperms(segment, caller->cred, flags))
		return -EACCES;
	return segment->id;
}

sysret_t emul_shmget(const struct emul_caller *caller, uint64_t key,
		     uint64_t size, uint64_t shmflg)
{
	int32_t k = (int32_t)(uint32_t)key;
	uint32_t flags = (uint32_t)shmflg;

	if (k == IPC_PRIVATE) /* ipcget_new() */
		return newseg(caller, k, size, flags);
	return ipcget_public(caller, k, size, flags);
}
