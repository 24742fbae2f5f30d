// SPDX-License-Identifier: MIT
/*
 * backtrace.c - the stack of a stopped thread; the only user of libunwind.
 */
#include "tracer/report/backtrace.h"

#include <stdbool.h>

#include "tracer/util/log.h"

#ifdef HAVE_LIBUNWIND

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libunwind-ptrace.h>

#define MAX_SYMBOL 256

/* A line of /proc/PID/maps that an address lies in. */
struct object {
	char *line;		/* getline's, freed by the caller */
	size_t size;
	const char *path;	/* in line; "" for anonymous memory */
	uint64_t offset;	/* of the address in the file */
};

static bool line_contains(struct object *object, uint64_t addr)
{
	uint64_t start, end, offset;
	int path = 0;

	if (sscanf(object->line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64
		   " %*s %*s %n", &start, &end, &offset, &path) < 3)
		return false;
	if (addr < start || addr >= end)
		return false;
	object->line[strcspn(object->line, "\n")] = '\0';
	object->path = object->line + path;
	object->offset = addr - start + offset;
	return true;
}

/* Find the line for an address.  The file is read again for each frame, which
   is slow, but needs no buffer for the whole file. */
static bool find_object(FILE *maps, uint64_t addr, struct object *object)
{
	if (!maps)
		return false;
	rewind(maps);
	while (getline(&object->line, &object->size, maps) > 0)
		if (line_contains(object, addr))
			return true;
	return false;
}

static void print_frame(FILE *maps, unw_cursor_t *cursor, unw_word_t ip)
{
	struct object object = { .path = "?", .offset = ip };
	char symbol[MAX_SYMBOL];
	unw_word_t offset;
	int error;

	find_object(maps, ip, &object);
	error = unw_get_proc_name(cursor, symbol, sizeof(symbol), &offset);
	/* -UNW_ENOMEM: the name is longer than the buffer and was cut */
	if (error && error != -UNW_ENOMEM)
		log_line(" > %s() [0x%" PRIx64 "]", object.path,
			 object.offset);
	else
		log_line(" > %s(%s+0x%" PRIx64 ") [0x%" PRIx64 "]",
			 object.path, symbol, (uint64_t)offset,
			 object.offset);
	free(object.line);
}

static void print_frames(FILE *maps, unw_cursor_t *cursor, unsigned limit)
{
	unw_word_t ip, sp, last_ip = 0, last_sp = 0;

	/* a damaged stack has no end */
	for (unsigned i = 0; i < limit; i++) {
		if (unw_get_reg(cursor, UNW_REG_IP, &ip) ||
		    unw_get_reg(cursor, UNW_REG_SP, &sp) || !ip)
			return;
		if (i && ip == last_ip && sp == last_sp) {
			log_line(" > (the same frame again)");
			return;
		}
		print_frame(maps, cursor, ip);
		if (unw_step(cursor) <= 0)
			return;
		last_ip = ip;
		last_sp = sp;
	}
	log_line(" > (more than %u frames)", limit);
}

/* NULL when there is no /proc: print_frame() then prints no file names. */
static FILE *open_maps(pid_t tid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)tid);
	return fopen(path, "re");
}

void backtrace_print(pid_t tid, unsigned limit)
{
	unw_addr_space_t space = unw_create_addr_space(&_UPT_accessors, 0);
	void *upt = _UPT_create(tid);
	FILE *maps = open_maps(tid);
	unw_cursor_t cursor;

	if (space && upt && !unw_init_remote(&cursor, space, upt))
		print_frames(maps, &cursor, limit);
	else
		log_line(" > (no stack)");
	if (maps)
		fclose(maps);
	if (upt)
		_UPT_destroy(upt);
	if (space)
		unw_destroy_addr_space(space);
}

#else

void backtrace_print(pid_t tid, unsigned limit)
{
	static bool said;

	(void)tid;
	(void)limit;
	if (!said)
		log_hint("built without libunwind: no stack traces");
	said = true;
}

#endif
