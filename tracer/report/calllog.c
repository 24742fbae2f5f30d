// SPDX-License-Identifier: MIT
/*
 * calllog.c - prints a line for each shared-memory call (-v).
 */
#include "tracer/report/calllog.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "emul/emul.h"
#include "tracer/util/log.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct name {
	unsigned value;
	const char *text;
};

/* The same numbers on all of Linux's generic ABIs. */
static const struct name get_flags[] = {
	{ IPC_CREAT, "IPC_CREAT" },
	{ IPC_EXCL, "IPC_EXCL" },
	{ SHM_HUGETLB, "SHM_HUGETLB" },
	{ SHM_NORESERVE, "SHM_NORESERVE" },
};

static const struct name at_flags[] = {
	{ SHM_RDONLY, "SHM_RDONLY" },
	{ SHM_RND, "SHM_RND" },
	{ SHM_REMAP, "SHM_REMAP" },
	{ SHM_EXEC, "SHM_EXEC" },
};

static const struct name commands[] = {
	{ IPC_RMID, "IPC_RMID" },
	{ IPC_SET, "IPC_SET" },
	{ IPC_STAT, "IPC_STAT" },
	{ IPC_INFO, "IPC_INFO" },
	{ SHM_LOCK, "SHM_LOCK" },
	{ SHM_UNLOCK, "SHM_UNLOCK" },
	{ SHM_STAT, "SHM_STAT" },
	{ SHM_INFO, "SHM_INFO" },
	{ 15, "SHM_STAT_ANY" },	/* Linux 4.17; not in every C library */
};

/* Errors of the shared-memory calls; only glibc has strerrorname_np(). */
static const struct name errors[] = {
	{ EPERM, "EPERM" },	{ ENOENT, "ENOENT" },
	{ EINTR, "EINTR" },	{ EAGAIN, "EAGAIN" },
	{ ENOMEM, "ENOMEM" },	{ EACCES, "EACCES" },
	{ EFAULT, "EFAULT" },	{ EEXIST, "EEXIST" },
	{ EINVAL, "EINVAL" },	{ ENFILE, "ENFILE" },
	{ EMFILE, "EMFILE" },	{ ENOSPC, "ENOSPC" },
	{ ENOSYS, "ENOSYS" },	{ EIDRM, "EIDRM" },
};

static const char *find_name(const struct name *names, size_t count,
			     unsigned value)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].value == value)
			return names[i].text;
	return NULL;
}

static void add_flags(struct line *line, const struct name *names,
		      size_t count, unsigned flags, bool octal)
{
	const char *bar = "";

	for (size_t i = 0; i < count; i++) {
		if (!(flags & names[i].value))
			continue;
		line_add(line, "%s%s", bar, names[i].text);
		flags &= ~names[i].value;
		bar = "|";
	}
	if (*bar && !flags)
		return;
	if (octal)
		line_add(line, "%s%#03o", bar, flags);
	else
		line_add(line, "%s%#x", bar, flags);
}

static void add_pointer(struct line *line, uint64_t addr)
{
	if (addr)
		line_add(line, "%#llx", (unsigned long long)addr);
	else
		line_add(line, "NULL");
}

static void add_shmget(struct line *line, const uint64_t *args)
{
	unsigned key = (unsigned)args[0];

	if (key == IPC_PRIVATE)
		line_add(line, "shmget(IPC_PRIVATE, ");
	else
		line_add(line, "shmget(%#x, ", key);
	line_add(line, "%llu, ", (unsigned long long)args[1]);
	add_flags(line, get_flags, ARRAY_SIZE(get_flags), (unsigned)args[2],
		  true);
}

static void add_shmctl(struct line *line, const uint64_t *args)
{
	const char *name = find_name(commands, ARRAY_SIZE(commands),
				     (unsigned)args[1]);

	line_add(line, "shmctl(%d, ", (int)args[0]);
	if (name)
		line_add(line, "%s, ", name);
	else
		line_add(line, "%#x, ", (unsigned)args[1]);
	add_pointer(line, args[2]);
}

static void add_shmat(struct line *line, const uint64_t *args)
{
	line_add(line, "shmat(%d, ", (int)args[0]);
	add_pointer(line, args[1]);
	line_add(line, ", ");
	add_flags(line, at_flags, ARRAY_SIZE(at_flags), (unsigned)args[2],
		  false);
}

static void add_shmdt(struct line *line, const uint64_t *args)
{
	line_add(line, "shmdt(");
	add_pointer(line, args[0]);
}

static void add_result(struct line *line, enum log_call call, int64_t result)
{
	if (result == SYSRET_GONE) {
		line_add(line, ") = ?");
	} else if (result < 0) {
		const char *name = find_name(errors, ARRAY_SIZE(errors),
					     (unsigned)-result);

		if (name)
			line_add(line, ") = -1 %s", name);
		else
			line_add(line, ") = -1 ERRNO_%d", (int)-result);
		line_add(line, " (%s)", strerror((int)-result));
	} else if (call == LOG_SHMAT) {
		line_add(line, ") = %#llx", (unsigned long long)result);
	} else {
		line_add(line, ") = %lld", (long long)result);
	}
}

void log_call(pid_t tid, enum log_call call, const uint64_t args[6],
	      int64_t result)
{
	static void (*const add[])(struct line *, const uint64_t *) = {
		[LOG_SHMGET] = add_shmget, [LOG_SHMCTL] = add_shmctl,
		[LOG_SHMAT] = add_shmat, [LOG_SHMDT] = add_shmdt,
	};
	struct line line = { .len = 0 };

	line_add(&line, "[%d] ", (int)tid);
	add[call](&line, args);
	add_result(&line, call, result);
	line_log(&line);
}
