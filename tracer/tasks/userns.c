// SPDX-License-Identifier: MIT
/*
 * userns.c - the maps of child user namespaces, read from /proc each time: a
 * map is written after the namespace was made, and few calls need one.
 */
#include "tracer/tasks/userns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/util/proc.h"

enum { OVERFLOW_ID = 65534 };

/* A line of /proc/TID/uid_map or gid_map; `outside` is in the tracer's user
   namespace. */
struct extent {
	uint32_t inside, outside, count;
};

static bool next_extent(const char **at, struct extent *extent)
{
	int len = 0, fields = sscanf(*at, "%" SCNu32 " %" SCNu32 " %" SCNu32
				     "%n", &extent->inside, &extent->outside,
				     &extent->count, &len);

	*at += len;
	if (extent->outside == UINT32_MAX) /* not mapped there */
		extent->count = 0;
	return fields == 3;
}

static uint32_t translate(pid_t tid, enum userns_kind kind, uint32_t id,
			  bool inward)
{
	char *text = proc_read(tid, kind == USERNS_UID ? "uid_map" : "gid_map");
	const char *at = text ? text : "";
	uint32_t result = UINT32_MAX;
	struct extent extent = { 0 };

	while (result == UINT32_MAX && next_extent(&at, &extent)) {
		uint32_t from = inward ? extent.outside : extent.inside;
		uint32_t to = inward ? extent.inside : extent.outside;

		if (id >= from && id - from < extent.count)
			result = to + (id - from);
	}
	free(text);
	return result;
}

uint32_t userns_seen(pid_t tid, enum userns_kind kind, uint32_t id)
{
	uint32_t seen = translate(tid, kind, id, true);

	if (seen != UINT32_MAX)
		return seen;
	seen = (uint32_t)proc_number(kind == USERNS_UID ?
				     "sys/kernel/overflowuid" :
				     "sys/kernel/overflowgid");
	return seen ? seen : OVERFLOW_ID;
}

uint32_t userns_meant(pid_t tid, enum userns_kind kind, uint32_t id)
{
	return id == UINT32_MAX ? id : translate(tid, kind, id, false);
}
