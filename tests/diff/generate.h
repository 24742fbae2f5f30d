// SPDX-License-Identifier: MIT
/*
 * generate.h - random scenarios in the language of tests/cases.
 */
#ifndef GENERATE_H
#define GENERATE_H

#include <stdint.h>

enum { MAX_LINE = 120 };

struct lines {
	int count, room;
	char (*line)[MAX_LINE];
};

/* About `ops` steps without expectations; the same for the same seed. */
void generate(uint64_t seed, int ops, struct lines *lines);
/* Odd seeds put the window where the system puts attachments. */
int generate_uses_arena(uint64_t seed);
void lines_free(struct lines *lines);

#endif
