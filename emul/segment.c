// SPDX-License-Identifier: MIT
/* segment.c - one segment: its size, its users and its end (ipc/shm.c). */
#include "emul/shm.h"

/* i_size_read(): hugetlb_file_setup() rounds up to huge pages. */
uint64_t segment_i_size(const struct segment *segment)
{
	uint64_t huge = UINT64_C(1) << segment->huge_shift;

	return (segment->size + huge - 1) & ~(huge - 1);
}

/* What shm_tot counts: base pages of the size as given to shmget, for a huge
   segment too. */
uint64_t segment_pages(const struct segment *segment)
{
	const struct emul *emul = segment->ns->emul;

	return page_up(emul, segment->size) / emul->config.page_size;
}

bool shm_is_doomed(const struct segment *segment)
{
	return (segment->mode & SHM_DEST) || segment->ns->limits.rmid_forced;
}

bool shm_may_destroy(const struct segment *segment)
{
	return segment->nattch == 0 && shm_is_doomed(segment);
}

void user_shm_unlock(struct segment *segment)
{
	struct mlock_user **link = &segment->ns->emul->mlock_users;
	struct mlock_user *user = segment->mlock_user;

	if (!user)
		return;
	segment->mlock_user = NULL;
	user->pages -= segment_pages(segment);
	if (--user->refs)
		return;
	while (*link != user)
		link = &(*link)->next;
	*link = user->next;
	emul_dealloc(segment->ns->emul, user);
}

void ns_free_if_unused(struct emul_ns *ns)
{
	if (ns->refs || ns->in_use)
		return;
	emul_dealloc(ns->emul, ns->by_index);
	emul_dealloc(ns->emul, ns->buckets);
	emul_dealloc(ns->emul, ns);
}

void shm_destroy(struct segment *segment)
{
	struct emul_ns *ns = segment->ns;

	assert(segment->nattch == 0);
	ns->total_pages -= segment_pages(segment);
	ipc_rmid(ns, segment);
	user_shm_unlock(segment);
	ns->emul->host.pages_destroy(ns->emul->host_arg, segment->pages);
	emul_dealloc(ns->emul, segment);
	ns_free_if_unused(ns);
}

/* At once, or with the last detach; the key is free from now on. */
void do_shm_rmid(struct segment *segment)
{
	if (segment->nattch == 0) {
		shm_destroy(segment);
		return;
	}
	segment->mode |= SHM_DEST;
	ipc_set_key_private(segment->ns, segment);
}

/* For huge pages Linux multiplies by the base pages of a huge one what already
   is in base pages. */
void shm_add_rss_swap(const struct segment *segment, struct emul_usage *sum)
{
	const struct emul *emul = segment->ns->emul;
	struct emul_usage usage = { 0, 0 };

	emul->host.pages_usage(emul->host_arg, segment->pages, &usage);
	if (segment->huge_shift)
		usage.rss *= (UINT64_C(1) << segment->huge_shift) /
			     emul->config.page_size;
	sum->rss += usage.rss;
	sum->swap += usage.swap;
}

/* shm_open() of Linux; but here that is the name of shm_open(3). */
void shm_vm_open(struct segment *segment, const struct emul_caller *caller)
{
	segment->nattch++;
	segment->atime = caller->now;
	segment->lpid = caller->pid;
}

void shm_vm_close(struct segment *segment, const struct emul_caller *caller)
{
	segment->nattch--;
	segment->dtime = caller->now;
	segment->lpid = caller->pid;
	if (shm_may_destroy(segment))
		shm_destroy(segment);
}
