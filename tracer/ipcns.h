// SPDX-License-Identifier: MIT
/*
 * ipcns.h - which emulated namespace stands for which IPC namespace.
 */
#ifndef IPCNS_H
#define IPCNS_H

#include <sys/types.h>

#include "emul/emul.h"

/* The first namespace, for the one shmtrace was started in; 0 or -1. */
int ipcns_init(void);
struct emul_ns *ipcns_first(void);
/* A new reference to the namespace that `tid` is in now; `otherwise` when
   that cannot be told or memory is out. */
struct emul_ns *ipcns_of(pid_t tid, struct emul_ns *otherwise);
void ipcns_done(void);

#endif
