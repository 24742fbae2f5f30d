// SPDX-License-Identifier: MIT
/*
 * prng.h - chance that a seed repeats, for tests/diff and tests/fault
 * (xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift
 * generators").
 */
#ifndef PRNG_H
#define PRNG_H

#include <stdint.h>

struct prng {
	uint64_t state;		/* 0 would stay 0 */
};

static inline void prng_seed(struct prng *prng, uint64_t seed)
{
	prng->state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	if (!prng->state)
		prng->state = 1;
}

/* 0 to n - 1. */
static inline uint32_t prng_below(struct prng *prng, uint32_t n)
{
	uint64_t x = prng->state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	prng->state = x;
	return (uint32_t)((x * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

#endif
