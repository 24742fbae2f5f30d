// SPDX-License-Identifier: MIT
/*
 * ipcns.h - finds the emulated namespace for an IPC namespace of the kernel.
 */
#ifndef TASKS_IPCNS_H
#define TASKS_IPCNS_H

#include <stdbool.h>
#include <sys/types.h>

#include "emul/emul.h"

/* Make the first namespace, for the one that shmtrace was started in: 0 or
   -1. */
int ipcns_init(void);
struct emul_ns *ipcns_first(void);
/* A new reference to the namespace that `tid` is in now; to `otherwise` when
   the kernel does not say which or memory is out. */
struct emul_ns *ipcns_of(pid_t tid, struct emul_ns *otherwise);
/* A task leaves: drop its reference.  With the last reference the namespace is
   freed, except the first one, and except one that an open file or a mount
   refers to. */
void ipcns_put(struct emul_ns *ns);
/* Do capabilities in the child user namespace with this inode count in this
   IPC namespace (ns_capable())? */
bool ipcns_is_below(const struct emul_ns *ns, uint64_t user_ns);
/* Is this the last or the creating process (shm_lpid, shm_cpid) of any
   segment? */
bool ipcns_tells(pid_t pid);
void ipcns_done(void);

#endif
