// SPDX-License-Identifier: MIT
/* perm.c - who may do what to a segment (ipc/util.c, kernel/capability.c). */
#include "emul/shm.h"

/* For IPC_SET, IPC_RMID and SHM_LOCK, which modes do not rule. */
bool ipc_is_owner(const struct segment *segment, const struct emul_cred *cred)
{
	return cred->euid == segment->uid || cred->euid == segment->cuid;
}

/* The file-system gid, not the effective one. */
bool in_group_p(const struct emul_cred *cred, uint32_t gid)
{
	if (cred->fsgid == gid)
		return true;
	for (uint32_t i = 0; i < cred->ngroups; i++)
		if (cred->groups[i] == gid)
			return true;
	return false;
}

bool ns_capable(const struct emul_cred *cred, uint32_t cap)
{
	return (cred->caps & cap) != 0;
}

bool capable(const struct emul_cred *cred, uint32_t cap)
{
	return ns_capable(cred, cap) && !cred->in_child_userns;
}

/* Any of the three positions asks for the right; the first class that
   matches the caller decides alone. */
int ipcperms(const struct segment *segment, const struct emul_cred *cred,
	     uint32_t flag)
{
	uint32_t requested = flag >> 6 | flag >> 3 | flag;
	uint32_t granted = segment->mode;

	if (ipc_is_owner(segment, cred))
		granted >>= 6;
	else if (in_group_p(cred, segment->cgid) ||
		 in_group_p(cred, segment->gid))
		granted >>= 3;
	if ((requested & ~granted & 7) && !ns_capable(cred, EMUL_CAP_IPC_OWNER))
		return -1;
	return 0;
}
