// SPDX-License-Identifier: MIT
/*
 * pidns.h - process ids as nested pid namespaces have them.
 *
 * Costs nothing, and reads nothing, until a program makes or enters a pid
 * namespace.
 */
#ifndef TASKS_PIDNS_H
#define TASKS_PIDNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pidns;			/* a namespace below ours (counted) */

/* Remember our own. */
void pidns_init(void);
/* A reference to the namespace of the new process `pid`; NULL: ours. */
struct pidns *pidns_born(pid_t pid);
/* The new process `pid` is not nested: forget one that had its id before. */
void pidns_plain(pid_t pid);
struct pidns *pidns_get(struct pidns *ns);
void pidns_put(struct pidns *ns);
/* What `pid` is called in ns: 0 when it is not visible there.  Also for
   processes that are gone. */
int32_t pidns_seen(const struct pidns *ns, int32_t pid);

#endif
