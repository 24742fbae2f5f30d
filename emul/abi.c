// SPDX-License-Identifier: MIT
/*
 * abi.c - the structs that shmctl passes, as 64-bit Linux lays them out
 * (asm-generic/shmbuf.h, ipcbuf.h; the same on x86-64 and arm64).
 */
#include "emul/shm.h"

struct abi_perm { /* struct ipc64_perm */
	int32_t key;
	uint32_t uid, gid, cuid, cgid;
	uint32_t mode;
	uint16_t seq, pad;
	uint32_t pad2;
	uint64_t unused[2];
};

struct abi_segment { /* struct shmid64_ds */
	struct abi_perm perm;
	uint64_t size;
	int64_t atime, dtime, ctime;
	int32_t cpid, lpid;
	uint64_t nattch;
	uint64_t unused[2];
};

struct abi_limits { /* struct shminfo64 */
	uint64_t shmmax, shmmin, shmmni, shmseg, shmall;
	uint64_t unused[4];
};

struct abi_info { /* struct shm_info */
	int32_t used_ids, pad;
	uint64_t tot, rss, swp;
	uint64_t swap_attempts, swap_successes;
};

_Static_assert(sizeof(struct abi_segment) == 112, "struct shmid64_ds");
_Static_assert(sizeof(struct abi_limits) == 72, "struct shminfo64");
_Static_assert(sizeof(struct abi_info) == 48, "struct shm_info");

static sysret_t put(const struct emul_caller *caller, uint64_t buf,
		    const void *data, size_t len)
{
	return caller->ns->emul->host.write(caller->task, buf, data, len);
}

sysret_t copy_shmid_to_user(const struct emul_caller *caller, uint64_t buf,
			    const struct segment *s)
{
	const struct emul *emul = caller->ns->emul;
	struct abi_segment data = {
	    .perm =
		{
		    .key = s->key,
		    .uid = from_kuid_munged(emul, caller->task, s->uid),
		    .gid = from_kgid_munged(emul, caller->task, s->gid),
		    .cuid = from_kuid_munged(emul, caller->task, s->cuid),
		    .cgid = from_kgid_munged(emul, caller->task, s->cgid),
		    .mode = s->mode,
		    .seq = (uint16_t)((uint32_t)s->id >> IPCMNI_SHIFT),
		},
	    .size = s->size,
	    .atime = s->atime,
	    .dtime = s->dtime,
	    .ctime = s->ctime,
	    .cpid = pid_vnr(emul, caller->task, s->cpid),
	    .lpid = pid_vnr(emul, caller->task, s->lpid),
	    .nattch = s->nattch,
	};

	return put(caller, buf, &data, sizeof data);
}

/* All but owner and mode is ignored. */
sysret_t copy_shmid_from_user(const struct emul_caller *caller, uint64_t buf,
			      struct abi_set *set)
{
	struct abi_segment data;
	sysret_t result = caller->ns->emul->host.read(caller->task, buf, &data,
						      sizeof data);

	if (result < 0)
		return result;
	set->uid = data.perm.uid;
	set->gid = data.perm.gid;
	set->mode = data.perm.mode;
	return 0;
}

sysret_t copy_shminfo_to_user(const struct emul_caller *caller, uint64_t buf)
{
	const struct emul_limits *limits = &caller->ns->limits;
	struct abi_limits data = {
		.shmmax = limits->shmmax,
		.shmmin = 1,
		.shmmni = limits->shmmni,
		.shmseg = limits->shmseg == UINT64_MAX ? limits->shmmni :
							 limits->shmseg,
		.shmall = limits->shmall,
	};

	return put(caller, buf, &data, sizeof data);
}

sysret_t copy_shm_info_to_user(const struct emul_caller *caller, uint64_t buf)
{
	const struct emul_ns *ns = caller->ns;
	struct abi_info data = {
		.used_ids = (int32_t)ns->in_use,
		.tot = ns->total_pages,
	};
	uint64_t page = ns->emul->config.page_size;

	for (uint32_t i = 0; i < ns->capacity; i++) {
		struct emul_usage usage = { 0, 0 };

		if (!ns->by_index[i])
			continue;
		shm_add_rss_swap(ns->by_index[i], &usage);
		data.rss += usage.rss / page;
		data.swp += usage.swap / page;
	}
	return put(caller, buf, &data, sizeof data);
}
