// SPDX-License-Identifier: MIT
/*
 * generate.h - random scenarios in the language of tests/cases.
 */
#ifndef GENERATE_H
#define GENERATE_H

#include <stdbool.h>
#include <stdint.h>

enum { MAX_LINE = 120 };

struct lines {
	int count, room;
	char (*line)[MAX_LINE];
};

/* What the scenarios must keep clear of. */
struct avoid {
	/* calls of which an answer has changed since Linux 6.1: those that
	   change a part of an attachment (merged again since 6.8), mremap of
	   several mappings (6.17), mseal (6.10) */
	bool changed;
	/* what only root can set up, or two judges would share */
	bool root;
};

/* About `ops` steps without expectations; the same for the same seed. */
void generate(uint64_t seed, int ops, const struct avoid *avoid,
	      struct lines *lines);
/* Odd seeds put the window where the system puts attachments. */
int generate_uses_arena(uint64_t seed);
void lines_free(struct lines *lines);

#endif
