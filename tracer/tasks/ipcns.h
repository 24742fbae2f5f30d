// SPDX-License-Identifier: MIT
/*
 * ipcns.h - which emulated namespace stands for which IPC namespace.
 */
#ifndef TASKS_IPCNS_H
#define TASKS_IPCNS_H

#include <stdbool.h>
#include <sys/types.h>

#include "emul/emul.h"

/* The first namespace, for the one shmtrace was started in; 0 or -1. */
int ipcns_init(void);
struct emul_ns *ipcns_first(void);
/* A new reference to the namespace that `tid` is in now; `otherwise` when
   that cannot be told or memory is out. */
struct emul_ns *ipcns_of(pid_t tid, struct emul_ns *otherwise);
/* A task leaves: the reference is given back, and the namespace goes, unless
   it is the first one or something else still holds it. */
void ipcns_put(struct emul_ns *ns);
/* Do capabilities in the child user namespace of this inode count? */
bool ipcns_is_below(const struct emul_ns *ns, uint64_t user_ns);
/* Is this the last or the creating process of any segment? */
bool ipcns_tells(pid_t pid);
void ipcns_done(void);

#endif
