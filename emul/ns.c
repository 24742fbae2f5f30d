// SPDX-License-Identifier: MIT
/* ns.c - IPC namespaces, from shm_init_ns() to free_ipc_ns(). */
#include "emul/shm.h"

/* shm_init_ns(): ULONG_MAX - (1UL << 24), the defaults since Linux 3.16. */
struct emul_ns *emul_ns_new(struct emul *emul)
{
	struct emul_ns *ns = emul_alloc(emul, 1, sizeof *ns);

	if (!ns)
		return NULL;
	ns->emul = emul;
	ns->refs = 1;
	ns->last_index = -1;
	ns->limits.shmmax = UINT64_MAX - (UINT64_C(1) << 24);
	ns->limits.shmall = UINT64_MAX - (UINT64_C(1) << 24);
	ns->limits.shmmni = 4096;
	ns->limits.next_id = -1;
	ns->limits.shmseg = UINT64_MAX;
	return ns;
}

struct emul_ns *emul_ns_get(struct emul_ns *ns)
{
	ns->refs++;
	return ns;
}

bool emul_ns_mentions_pid(const struct emul_ns *ns, int32_t pid)
{
	for (uint32_t i = 0; i < ns->capacity; i++) {
		const struct segment *s = ns->by_index[i];

		if (s && (s->cpid == pid || s->lpid == pid))
			return true;
	}
	return false;
}

bool emul_ns_is_shared(const struct emul_ns *ns)
{
	return ns->refs > 1;
}

struct emul_limits *emul_ns_limits(struct emul_ns *ns)
{
	return &ns->limits;
}

/* free_ipc_ns(): attached segments go with their last detach. */
void emul_ns_put(struct emul_ns *ns)
{
	if (ns->refs > 1) {
		ns->refs--;
		return;
	}
	for (uint32_t i = 0; i < ns->capacity; i++)
		if (ns->by_index[i])
			do_shm_rmid(ns->by_index[i]);
	ns->refs = 0;
	ns_free_if_unused(ns);
}

/* ---- shm_rmid_forced ---- */

/* shm_destroy_orphaned() */
void emul_ns_destroy_orphans(struct emul_ns *ns,
			     bool (*alive)(uint64_t creator, void *arg),
			     void *arg)
{
	emul_ns_get(ns);
	for (uint32_t i = 0; i < ns->capacity; i++) {
		struct segment *s = ns->by_index[i];

		if (s && shm_may_destroy(s) && !alive(s->creator, arg))
			shm_destroy(s);
	}
	ns->refs--;
}

/* exit_shm(): the creating thread, not its process. */
void emul_task_exit(struct emul_ns *ns, uint64_t creator)
{
	if (!ns->limits.rmid_forced)
		return;
	for (uint32_t i = 0; i < ns->capacity; i++) {
		struct segment *s = ns->by_index[i];

		if (s && s->creator == creator && shm_may_destroy(s))
			shm_destroy(s);
	}
}
