// SPDX-License-Identifier: MIT
/*
 * cred.h - a task's credentials, read once and kept until they can change.
 */
#ifndef TASKS_CRED_H
#define TASKS_CRED_H

#include <stdbool.h>
#include <sys/types.h>

#include "emul/emul.h"

struct cred {
	bool known;
	uint64_t user_ns;	/* 0: ours; else a child of it */
	struct emul_cred emul;
	struct emul_cred weak;	/* the same without capabilities (caller.c) */
	uint32_t *groups;	/* owned */
	unsigned room;		/* entries allocated */
};

/* Remember our own user namespace. */
void cred_init(void);
/* The credentials of `tid`; all-powerless if they cannot be read. */
const struct emul_cred *cred_get(struct cred *cred, pid_t tid);
/* The child user namespace that `tid` is in, or 0. */
uint64_t cred_user_ns(struct cred *cred, pid_t tid);
/* They may change now: set*id, capset, exec, namespaces. */
void cred_forget(struct cred *cred);
void cred_copy(struct cred *to, const struct cred *from);
void cred_free(struct cred *cred);

#endif
