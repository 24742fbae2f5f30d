// SPDX-License-Identifier: MIT
/*
 * cred.h - a task's credentials, read once and cached until they can change.
 */
#ifndef TASKS_CRED_H
#define TASKS_CRED_H

#include <stdbool.h>
#include <sys/types.h>

#include "emul/emul.h"

struct cred {
	bool known;
	uint64_t user_ns; /* inode; 0: the tracer's user namespace */
	struct emul_cred emul;
	struct emul_cred weak;	/* emul without capabilities (caller.c) */
	uint32_t *groups;	/* allocated; emul.groups points here */
	unsigned room;		/* entries allocated */
};

/* Remember the tracer's own user namespace. */
void cred_init(void);
/* The credentials of `tid`; if they cannot be read, those of uid and gid 65534
   without capabilities. */
const struct emul_cred *cred_get(struct cred *cred, pid_t tid);
/* The child user namespace that `tid` is in, or 0. */
uint64_t cred_user_ns(struct cred *cred, pid_t tid);
/* Drop the cached credentials: set*id(), capset(), execve(), unshare() or
   setns() may change them. */
void cred_forget(struct cred *cred);
void cred_copy(struct cred *to, const struct cred *from);
void cred_free(struct cred *cred);

#endif
