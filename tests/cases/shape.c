// SPDX-License-Identifier: MIT
/*
 * shape.c - what is attached in a range, as one word.
 *
 * Neighbours with the same protection whose offsets continue each other are
 * joined: Linux may keep them apart (the boundaries of shm VMAs stay), while
 * the pages behind an emulated attachment merge.  Of which segment they are
 * is not looked at: Linux's inode number is the id in any namespace.
 */
#include "scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void shape_flush(char *text, struct vma *last)
{
	size_t len = strlen(text);
	uint64_t page = layout.page;

	if (last->end == last->start)
		return;
	snprintf(text + len, MAX_TEXT - len,
		 "%s%" PRIu64 "-%" PRIu64 ":%c%c%c@%" PRIu64, len ? "," : "",
		 last->start / page, last->end / page,
		 last->prot & 1 ? 'r' : '-', last->prot & 2 ? 'w' : '-',
		 last->prot & 4 ? 'x' : '-', last->offset / page);
	last->start = last->end = 0;
}

void shape_add(char *text, struct vma *last, const struct vma *vma)
{
	if (last->end > last->start && last->end == vma->start &&
	    last->prot == vma->prot &&
	    last->offset + (last->end - last->start) == vma->offset) {
		last->end = vma->end;
		return;
	}
	shape_flush(text, last);
	*last = *vma;
}
