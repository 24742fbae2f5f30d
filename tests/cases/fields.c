// SPDX-License-Identifier: MIT
/*
 * fields.c - the structures of shmctl as fields of a reply, for every judge.
 */
#include "scenario.h"

#include <string.h>

void field_set(struct reply *reply, enum field field, uint64_t value)
{
	reply->fields[field] = value;
	reply->has |= UINT64_C(1) << field;
}

void fields_of_segment(struct reply *reply, const struct shmid_ds *ds)
{
	const struct ipc_perm *perm = &ds->shm_perm;

	field_set(reply, F_KEY, (uint32_t)perm->__key);
	field_set(reply, F_UID, perm->uid);
	field_set(reply, F_GID, perm->gid);
	field_set(reply, F_CUID, perm->cuid);
	field_set(reply, F_CGID, perm->cgid);
	field_set(reply, F_MODE, perm->mode);
	field_set(reply, F_SEQ, perm->__seq);
	field_set(reply, F_SEGSZ, ds->shm_segsz);
	field_set(reply, F_ATIME, (uint64_t)ds->shm_atime);
	field_set(reply, F_DTIME, (uint64_t)ds->shm_dtime);
	field_set(reply, F_CTIME, (uint64_t)ds->shm_ctime);
	field_set(reply, F_CPID, (uint64_t)ds->shm_cpid);
	field_set(reply, F_LPID, (uint64_t)ds->shm_lpid);
	field_set(reply, F_NATTCH, ds->shm_nattch);
}

void fields_of_limits(struct reply *reply, const struct shminfo *limits)
{
	field_set(reply, F_SHMMAX, limits->shmmax);
	field_set(reply, F_SHMMIN, limits->shmmin);
	field_set(reply, F_SHMMNI, limits->shmmni);
	field_set(reply, F_SHMSEG, limits->shmseg);
	field_set(reply, F_SHMALL, limits->shmall);
}

void fields_of_usage(struct reply *reply, const struct shm_info *usage)
{
	field_set(reply, F_USED, (uint64_t)usage->used_ids);
	field_set(reply, F_TOT, usage->shm_tot);
	field_set(reply, F_RSS, usage->shm_rss);
	field_set(reply, F_SWP, usage->shm_swp);
}

/* Whatever else is in the buffer must not matter. */
void segment_for_set(struct shmid_ds *ds, const struct request *request)
{
	memset(ds, 0xee, sizeof(*ds));
	ds->shm_perm.uid = (uid_t)request->args[1];
	ds->shm_perm.gid = (gid_t)request->args[2];
	ds->shm_perm.mode = (unsigned short)request->args[3];
}
