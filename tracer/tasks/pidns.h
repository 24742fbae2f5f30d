// SPDX-License-Identifier: MIT
/*
 * pidns.h - the ids of processes in nested pid namespaces.
 *
 * Nothing is read from /proc until a program makes or enters a pid namespace.
 */
#ifndef TASKS_PIDNS_H
#define TASKS_PIDNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pidns; /* a namespace below the tracer's; counted */

/* Remember the tracer's own namespace. */
void pidns_init(void);
/* A reference to the namespace of the new process `pid`; NULL: the tracer's
   own. */
struct pidns *pidns_born(pid_t pid);
/* The new process `pid` is in the tracer's namespace: forget a process that had
   the same id before. */
void pidns_plain(pid_t pid);
struct pidns *pidns_get(struct pidns *ns);
void pidns_put(struct pidns *ns);
/* The id in ns of the process `pid`, which may be gone; 0 when the process is
   not visible in ns. */
int32_t pidns_seen(const struct pidns *ns, int32_t pid);

#endif
