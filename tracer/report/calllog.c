// SPDX-License-Identifier: MIT
/*
 * calllog.c - a line for each shared-memory call, letter by letter as strace
 * 6.1 prints it with -a1.
 */
#include "tracer/report/calllog.h"

#include <asm/ipcbuf.h>
#include <asm/shmbuf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "emul/emul.h"
#include "tracer/util/errname.h"
#include "tracer/util/log.h"
#include "tracer/util/proc.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum {
	HUGE_SHIFT = 26, /* SHM_HUGE_SHIFT */
	HUGE_MASK = 63,
	STAT_ANY = 15,	    /* SHM_STAT_ANY, Linux 4.17 */
	VERSION_64 = 0x100, /* IPC_64 */
};

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
	{ IPC_RMID, "IPC_RMID" },     { IPC_SET, "IPC_SET" },
	{ IPC_STAT, "IPC_STAT" },     { IPC_INFO, "IPC_INFO" },
	{ SHM_LOCK, "SHM_LOCK" },     { SHM_UNLOCK, "SHM_UNLOCK" },
	{ SHM_STAT, "SHM_STAT" },     { SHM_INFO, "SHM_INFO" },
	{ STAT_ANY, "SHM_STAT_ANY" },
};

static struct journal_options on;
static struct timespec last_start;

void calllog_set_up(const struct journal_options *options)
{
	on = *options;
}

void calllog_passed(const struct journal_call *call)
{
	last_start = call->start;
}

static const char *find_name(const struct name *names, size_t count,
			     unsigned value)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].value == value)
			return names[i].text;
	return NULL;
}

/* Adds those that are set, each with a bar behind it, and gives the rest. */
static unsigned add_names(struct line *line, const struct name *names,
			  size_t count, unsigned flags, const char **bar)
{
	for (size_t i = 0; i < count; i++) {
		if (!(flags & names[i].value))
			continue;
		line_add(line, "%s%s", *bar, names[i].text);
		flags &= ~names[i].value;
		*bar = "|";
	}
	return flags;
}

static void add_get_flags(struct line *line, unsigned flags)
{
	unsigned mode = flags & 0777, huge = flags >> HUGE_SHIFT & HUGE_MASK;
	const char *bar = "";

	flags &= ~(0777U | (unsigned)HUGE_MASK << HUGE_SHIFT);
	flags = add_names(line, get_flags, ARRAY_SIZE(get_flags), flags, &bar);
	if (flags) {
		line_add(line, "%s%#x", bar, flags);
		bar = "|";
	}
	if (huge) {
		line_add(line, "%s%u<<SHM_HUGE_SHIFT", bar, huge);
		bar = "|";
	}
	line_add(line, "%s%#03o", bar, mode);
}

static void add_at_flags(struct line *line, unsigned flags)
{
	const char *bar = "";
	unsigned rest =
		add_names(line, at_flags, ARRAY_SIZE(at_flags), flags, &bar);

	if (!flags)
		line_add(line, "0");
	else if (rest == flags)
		line_add(line, "%#x /* SHM_??? */", rest);
	else if (rest)
		line_add(line, "|%#x", rest);
}

static void add_pointer(struct line *line, uint64_t addr)
{
	if (addr)
		line_add(line, "%#llx", (unsigned long long)addr);
	else
		line_add(line, "NULL");
}

static void add_key(struct line *line, int32_t key)
{
	if (key == IPC_PRIVATE)
		line_add(line, "IPC_PRIVATE");
	else
		line_add(line, "%#x", (unsigned)key);
}

/* Behind an id: what it stands for (-y). */
static void add_about(struct line *line, const struct journal_call *call)
{
	const struct emul_segment *about = &call->about;

	if (!call->is_about || !on.decode_ids)
		return;
	line_add(line, "<");
	add_key(line, about->key);
	line_add(line, ", %llu", (unsigned long long)about->size);
	if (on.decode_ids > 1)
		line_add(line, ", %u:%u %#04o, by %d", about->uid, about->gid,
			 about->mode & 0777, (int)about->cpid);
	line_add(line, ">");
}

static bool takes_index(const struct journal_call *call)
{
	return call->nr == JOURNAL_SHMCTL && journal_takes_index(call->args);
}

static void add_shmget(struct line *line, const struct journal_call *call)
{
	line_add(line, "shmget(");
	add_key(line, (int32_t)call->args[0]);
	line_add(line, ", %llu, ", (unsigned long long)call->args[1]);
	add_get_flags(line, (unsigned)call->args[2]);
}

static void add_command(struct line *line, unsigned cmd)
{
	const char *version = cmd & VERSION_64 ? "IPC_64|" : "";
	const char *name;

	cmd &= ~(unsigned)VERSION_64;
	name = find_name(commands, ARRAY_SIZE(commands), cmd);
	if (name)
		line_add(line, "%s%s, ", version, name);
	else
		line_add(line, "%s%#x /* SHM_??? */, ", version, cmd);
}

/* -1 means "leave it" to chown(2) and its kin: strace shows all ids so. */
static void add_id(struct line *line, const char *name, unsigned id)
{
	if (id == UINT32_MAX)
		line_add(line, "%s=-1", name);
	else
		line_add(line, "%s=%u", name, id);
}

static void add_set(struct line *line, const struct shmid64_ds *ds)
{
	line_add(line, "{shm_perm={");
	add_id(line, "uid", ds->shm_perm.uid);
	add_id(line, ", gid", ds->shm_perm.gid);
	line_add(line, ", mode=%#03o}}", (unsigned)ds->shm_perm.mode);
}

/* The command of a thread, which the program can make anything of; nothing
   when it is gone. */
static void add_command_name(struct line *line, pid_t tid)
{
	char *comm = on.decode_pids && tid ? proc_read(tid, "comm") : NULL;

	if (!comm)
		return;
	comm[strcspn(comm, "\n")] = '\0';
	line_add(line, "<");
	line_add_escaped(line, comm);
	line_add(line, ">");
	free(comm);
}

static void add_process(struct line *line, const char *name, pid_t pid,
			bool known)
{
	line_add(line, "%s=%d", name, (int)pid);
	if (known)
		add_command_name(line, pid);
}

static void add_stat(struct line *line, const struct shmid64_ds *ds,
		     bool knows_pids)
{
	line_add(line, "{shm_perm={");
	add_id(line, "uid", ds->shm_perm.uid);
	add_id(line, ", gid", ds->shm_perm.gid);
	line_add(line, ", mode=%#03o, key=%u", (unsigned)ds->shm_perm.mode,
		 (unsigned)ds->shm_perm.key);
	add_id(line, ", cuid", ds->shm_perm.cuid);
	add_id(line, ", cgid", ds->shm_perm.cgid);
	line_add(line, "}, shm_segsz=%llu",
		 (unsigned long long)ds->shm_segsz);
	add_process(line, ", shm_cpid", ds->shm_cpid, knows_pids);
	add_process(line, ", shm_lpid", ds->shm_lpid, knows_pids);
	line_add(line,
		 ", shm_nattch=%llu, shm_atime=%llu, shm_dtime=%llu, "
		 "shm_ctime=%llu}",
		 (unsigned long long)ds->shm_nattch,
		 (unsigned long long)ds->shm_atime,
		 (unsigned long long)ds->shm_dtime,
		 (unsigned long long)ds->shm_ctime);
}

static void add_limits(struct line *line, const struct shminfo64 *info)
{
	line_add(line,
		 "{shmmax=%llu, shmmin=%llu, shmmni=%llu, shmseg=%llu, "
		 "shmall=%llu}",
		 (unsigned long long)info->shmmax,
		 (unsigned long long)info->shmmin,
		 (unsigned long long)info->shmmni,
		 (unsigned long long)info->shmseg,
		 (unsigned long long)info->shmall);
}

static void add_info(struct line *line, const struct shm_info *info)
{
	line_add(line,
		 "{used_ids=%d, shm_tot=%lu, shm_rss=%lu, shm_swp=%lu, "
		 "swap_attempts=%lu, swap_successes=%lu}",
		 info->used_ids, info->shm_tot, info->shm_rss, info->shm_swp,
		 info->swap_attempts, info->swap_successes);
}

static void add_buffer(struct line *line, const struct journal_call *call)
{
	union {
		struct shmid64_ds ds;
		struct shminfo64 limits;
		struct shm_info info;
		uint64_t words[JOURNAL_BUFFER_WORDS];
	} buffer;

	memcpy(buffer.words, call->buffer, sizeof(buffer.words));
	switch (call->args[1] & ~(uint64_t)VERSION_64) {
	case IPC_SET:
		add_set(line, &buffer.ds);
		break;
	case IPC_INFO:
		add_limits(line, &buffer.limits);
		break;
	case SHM_INFO:
		add_info(line, &buffer.info);
		break;
	default:
		add_stat(line, &buffer.ds, call->knows_pids);
		break;
	}
}

static void add_shmctl(struct line *line, const struct journal_call *call)
{
	line_add(line, "shmctl(%d", (int)call->args[0]);
	if (!takes_index(call))
		add_about(line, call);
	line_add(line, ", ");
	add_command(line, (unsigned)call->args[1]);
	if (call->has_buffer)
		add_buffer(line, call);
	else
		add_pointer(line, call->args[2]);
}

static void add_shmat(struct line *line, const struct journal_call *call)
{
	line_add(line, "shmat(%d", (int)call->args[0]);
	add_about(line, call);
	line_add(line, ", ");
	add_pointer(line, call->args[1]);
	line_add(line, ", ");
	add_at_flags(line, (unsigned)call->args[2]);
}

static void add_shmdt(struct line *line, const struct journal_call *call)
{
	line_add(line, "shmdt(");
	add_pointer(line, call->args[0]);
	if (!call->is_about || !on.decode_ids)
		return;
	line_add(line, "<%d", (int)call->about.shmid);
	if (on.decode_ids > 1)
		add_about(line, call);
	line_add(line, ">");
}

static void add_error(struct line *line, int error)
{
	const char *name = errname_of(error);

	if (name)
		line_add(line, ") = -1 %s (%s)", name, strerror(error));
	else
		line_add(line, ") = -1 (errno %d)", error);
}

static void add_result(struct line *line, const struct journal_call *call)
{
	if (call->result == SYSRET_GONE)
		line_add(line, ") = ?");
	else if (call->result < 0)
		add_error(line, (int)-call->result);
	else if (call->nr == JOURNAL_SHMAT)
		line_add(line, ") = %#llx", (unsigned long long)call->result);
	else
		line_add(line, ") = %lld", (long long)call->result);
	if (call->result >= 0 &&
	    (call->nr == JOURNAL_SHMGET || takes_index(call)))
		add_about(line, call);
}

static void add_pid(struct line *line, pid_t tid)
{
	if (!on.to_file)
		line_add(line, "[pid %5d", (int)tid);
	else if (on.decode_pids)	/* strace pads the bare number alone */
		line_add(line, "%d", (int)tid);
	else
		line_add(line, "%-5d", (int)tid);
	add_command_name(line, tid);
	line_add(line, on.to_file ? " " : "] ");
}

/* Seconds from one to the other, with microseconds. */
static void add_time(struct line *line, int width, const struct timespec *from,
		     const struct timespec *to)
{
	long long ns = (to->tv_sec - from->tv_sec) * 1000000000LL +
		       to->tv_nsec - from->tv_nsec;

	if (ns < 0)	/* the clock was set */
		ns = 0;
	line_add(line, "%*lld.%06lld", width, ns / 1000000000,
		 ns / 1000 % 1000000);
}

static void add_stamp(struct line *line, const struct timespec *at)
{
	static const struct timespec epoch;
	char text[16];
	struct tm tm;

	if (on.stamp == STAMP_UNIX) {
		add_time(line, 1, &epoch, at);
	} else {
		localtime_r(&at->tv_sec, &tm);
		strftime(text, sizeof(text), "%T", &tm);
		line_add(line, "%s", text);
	}
	if (on.stamp == STAMP_US)
		line_add(line, ".%06ld", at->tv_nsec / 1000);
	line_add(line, " ");
}

static void add_prefix(struct line *line, const struct journal_call *call)
{
	add_pid(line, call->tid);
	if (on.stamp)
		add_stamp(line, &call->start);
	if (!on.relative)
		return;
	if (on.stamp)
		line_add(line, "(+");
	add_time(line, 6, last_start.tv_sec ? &last_start : &call->start,
		 &call->start);
	line_add(line, on.stamp ? ") " : " ");
}

/* How long it took, from the stop to the answer. */
static void add_duration(struct line *line, const struct journal_call *call)
{
	line_add(line, " <");
	add_time(line, 1, &call->start, &call->end);
	line_add(line, ">");
}

void calllog_print(const struct journal_call *call)
{
	static void (*const add[])(struct line *,
				   const struct journal_call *) = {
		[JOURNAL_SHMGET] = add_shmget,
		[JOURNAL_SHMCTL] = add_shmctl,
		[JOURNAL_SHMAT] = add_shmat,
		[JOURNAL_SHMDT] = add_shmdt,
	};
	struct line line = { .len = 0 };

	add_prefix(&line, call);
	add[call->nr](&line, call);
	add_result(&line, call);
	if (on.durations)
		add_duration(&line, call);
	line_log(&line);
}
