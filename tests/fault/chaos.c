// SPDX-License-Identifier: MIT
/*
 * chaos.c - seeded chance for the fault programs.
 */
#include "tests/fault/chaos.h"

#include <stdlib.h>
#include <time.h>

#include "tests/prng.h"

static struct prng prng;

uint32_t chaos(uint32_t below)
{
	if (!prng.state) {
		const char *seed = getenv("FAULT_SEED");

		prng_seed(&prng, seed ? strtoull(seed, NULL, 10) : 0);
	}
	return prng_below(&prng, below);
}

void chaos_branch(uint32_t number)
{
	prng_seed(&prng, prng.state ^ number);
}

int chaos_rounds(int usual)
{
	const char *rounds = getenv("FAULT_ROUNDS");

	return rounds ? atoi(rounds) : usual;
}

void chaos_pause(uint32_t us)
{
	struct timespec from, now;
	long want = (long)chaos(us) * 1000;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000000L +
	       now.tv_nsec - from.tv_nsec < want);
}
