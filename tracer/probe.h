// SPDX-License-Identifier: MIT
/*
 * probe.h - what the host lets us do, tried in throw-away processes.
 */
#ifndef PROBE_H
#define PROBE_H

#include "arch/arch.h"
#include "tracer/options.h"
#include "tracer/stops/stops.h"

/* Which stops work here: SECCOMP_ON or SECCOMP_OFF; sets run.notices.  Exits
   with one clear line when the wanted ones do not, or none. */
enum seccomp_mode probe_stops(enum seccomp_mode wanted,
			      const struct filter_config *config);

/* What attaches and pointer arguments need: sets run.memory_by_proc; exits
   with one clear line when the host denies it. */
void probe_means(void);

/* The window that attaches go to, the first one that this CPU's address space
   has; NULL: none. */
const struct arch_window *probe_arena(uint64_t page_size);

#endif
