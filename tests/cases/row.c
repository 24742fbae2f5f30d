// SPDX-License-Identifier: MIT
/*
 * row.c - one segment's row of /proc/sysvipc/shm, byte for byte
 * (sysvipc_shm_proc_show() in ipc/shm.c).
 */
#include "scenario.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char header[] =
	"       key      shmid perms                  size  cpid  lpid nattch"
	"   uid   gid  cuid  cgid      atime      dtime      ctime"
	"                   rss                  swap\n";

/* The columns after the id, in their order. */
static const enum field columns[] = {
	F_MODE, F_SEGSZ, F_CPID, F_LPID, F_NATTCH, F_UID, F_GID, F_CUID,
	F_CGID, F_ATIME, F_DTIME, F_CTIME, F_RSS, F_SWP,
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static bool scan(const char *line, int32_t *key, int32_t *id, uint64_t *v)
{
	return sscanf(line,
		      "%" SCNd32 " %" SCNd32 " %" SCNo64 " %" SCNu64
		      " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		      " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		      " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
		      key, id, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
		      &v[6], &v[7], &v[8], &v[9], &v[10], &v[11], &v[12],
		      &v[13]) == COLUMNS + 2;
}

static bool is_exact(const char *line, int32_t key, int32_t id,
		     const uint64_t *v)
{
	char text[512];
	int n = snprintf(text, sizeof(text),
			 "%10" PRId32 " %10" PRId32 "  %4" PRIo64 " %21" PRIu64
			 " %5" PRIu64 " %5" PRIu64 "  %5" PRIu64 " %5" PRIu64
			 " %5" PRIu64 " %5" PRIu64 " %5" PRIu64 " %10" PRIu64
			 " %10" PRIu64 " %10" PRIu64 " %21" PRIu64
			 " %21" PRIu64 "\n",
			 key, id, v[0], v[1], v[2], v[3], v[4], v[5], v[6],
			 v[7], v[8], v[9], v[10], v[11], v[12], v[13]);

	return n > 0 && !strncmp(line, text, (size_t)n);
}

/* EBADF: the table is not as Linux writes it. */
void row_find(const char *table, int64_t wanted, struct reply *reply)
{
	const char *line = table + sizeof(header) - 1;
	uint64_t values[COLUMNS];
	int32_t key, id;

	reply->result = -EBADF;
	if (strncmp(table, header, sizeof(header) - 1) != 0)
		return;
	for (; *line; line = strchr(line, '\n') + 1) {
		if (!scan(line, &key, &id, values) ||
		    !is_exact(line, key, id, values))
			return;
		if (id != wanted)
			continue;
		reply->result = id;
		field_set(reply, F_KEY, (uint32_t)key);
		for (int i = 0; i < COLUMNS; i++)
			field_set(reply, columns[i], values[i]);
		return;
	}
	reply->result = -EINVAL;
}
