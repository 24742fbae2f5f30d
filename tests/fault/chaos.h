// SPDX-License-Identifier: MIT
/*
 * chaos.h - seeded chance for the fault programs.
 *
 * FAULT_SEED and FAULT_ROUNDS in the environment choose the sequence and how
 * long it is; the same seed makes the same choices, if not the same timing.
 */
#ifndef CHAOS_H
#define CHAOS_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static uint64_t chaos_state;

static inline uint32_t chaos(uint32_t below)
{
	const char *seed = getenv("FAULT_SEED");

	if (!chaos_state)
		chaos_state = 88172645463325252u ^
			      (seed ? strtoull(seed, NULL, 10) << 20 : 0);
	chaos_state ^= chaos_state << 13;
	chaos_state ^= chaos_state >> 7;
	chaos_state ^= chaos_state << 17;
	return (uint32_t)(chaos_state >> 32) % below;
}

static inline int chaos_rounds(int usual)
{
	const char *rounds = getenv("FAULT_ROUNDS");

	return rounds ? atoi(rounds) : usual;
}

/* Let a random time pass, up to `us` microseconds, without a system call
   that could be a meeting point. */
static inline void chaos_pause(uint32_t us)
{
	struct timespec from, now;
	long want = (long)chaos(us) * 1000;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000000L +
	       now.tv_nsec - from.tv_nsec < want);
}

#endif
