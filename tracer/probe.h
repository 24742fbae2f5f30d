// SPDX-License-Identifier: MIT
/*
 * probe.h - tries in child processes what the host allows.
 */
#ifndef PROBE_H
#define PROBE_H

#include "arch/arch.h"
#include "tracer/options.h"

/* Find out which stops work: sets config.use_filter and config.use_unotify.
   Exits with one line when the wanted mode does not work, or none does. */
void probe_stops(enum seccomp_mode wanted);

/* Try process_vm_readv, process_vm_writev and memfd_create: sets
   config.memory_by_proc.  Exits with one line when the host refuses
   memfd_create. */
void probe_means(void);

/* The window to use as arena: the first of arch_windows[] that this CPU's
   address space has; NULL: none. */
const struct arch_window *probe_arena(uint64_t page_size);

#endif
