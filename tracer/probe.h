// SPDX-License-Identifier: MIT
/*
 * probe.h - what the host lets us do, tried in throw-away processes.
 */
#ifndef PROBE_H
#define PROBE_H

#include "arch/arch.h"
#include "tracer/options.h"

/* Which stops work here: sets config.use_filter and config.use_unotify.  Exits
   with one clear line when the wanted ones do not work, or none does. */
void probe_stops(enum seccomp_mode wanted);

/* What attaches and pointer arguments need: sets config.memory_by_proc; exits
   with one clear line when the host denies it. */
void probe_means(void);

/* The window that attaches go to, the first one that this CPU's address space
   has; NULL: none. */
const struct arch_window *probe_arena(uint64_t page_size);

#endif
