// SPDX-License-Identifier: MIT
/*
 * names.c - the vocabulary of scenarios: verbs, constants, errors, fields.
 */
#include "scenario.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static const struct verb verbs[] = {
	 { "shmget", OP_SYS, SYS_shmget, 3, 3, SHAPE_VALUE,
	  "KEY SIZE FLAGS", "" },
	 { "shmat", OP_SYS, SYS_shmat, 3, 3, SHAPE_VALUE,
	  "ID ADDR FLAGS", "" },
	 { "shmdt", OP_SYS, SYS_shmdt, 1, 1, SHAPE_VALUE,
	  "ADDR", "" },
	 { "shmctl", OP_SYS, SYS_shmctl, 3, 3, SHAPE_VALUE,
	  "ID COMMAND ADDR", "" },
	 { "munmap", OP_SYS, SYS_munmap, 2, 2, SHAPE_VALUE,
	  "ADDR LEN", "" },
	 { "mmap", OP_SYS, SYS_mmap, 4, 4, SHAPE_VALUE,
	  "ADDR LEN PROT FLAGS", "of private anonymous memory" },
	 { "mprotect", OP_SYS, SYS_mprotect, 3, 3, SHAPE_VALUE,
	  "ADDR LEN PROT", "" },
	 { "mremap", OP_SYS, SYS_mremap, 4, 5, SHAPE_VALUE,
	  "ADDR OLD NEW FLAGS [TO]", "" },
	 { "madvise", OP_SYS, SYS_madvise, 3, 3, SHAPE_VALUE,
	  "ADDR LEN ADVICE", "" },
	 { "mlock", OP_SYS, SYS_mlock, 2, 2, SHAPE_VALUE,
	  "ADDR LEN", "" },
	 { "mlock2", OP_SYS, SYS_mlock2, 3, 3, SHAPE_VALUE,
	  "ADDR LEN FLAGS", "" },
	 { "munlock", OP_SYS, SYS_munlock, 2, 2, SHAPE_VALUE,
	  "ADDR LEN", "" },
	 { "mlockall", OP_SYS, SYS_mlockall, 1, 1, SHAPE_VALUE,
	  "FLAGS", "" },
	 { "munlockall", OP_SYS, SYS_munlockall, 0, 0, SHAPE_VALUE,
	  "", "" },
	 { "mbind", OP_SYS, SYS_mbind, 3, 3, SHAPE_VALUE,
	  "ADDR LEN MODE", "to node 0" },
	 { "mseal", OP_SYS, SYS_mseal, 2, 2, SHAPE_VALUE,
	  "ADDR LEN", "" },
	 { "remap_file_pages", OP_SYS, SYS_remap_file_pages, 3, 3, SHAPE_VALUE,
	  "ADDR LEN PAGE", "" },
	 { "msync", OP_SYS, SYS_msync, 3, 3, SHAPE_VALUE,
	  "ADDR LEN FLAGS", "" },
	 { "setresuid", OP_SYS, SYS_setresuid, 3, 3, SHAPE_VALUE,
	  "UID EUID SUID", "" },
	 { "setresgid", OP_SYS, SYS_setresgid, 3, 3, SHAPE_VALUE,
	  "GID EGID SGID", "" },
	 { "setfsuid", OP_SYS, SYS_setfsuid, 1, 1, SHAPE_VALUE,
	  "UID", "" },
	 { "setfsgid", OP_SYS, SYS_setfsgid, 1, 1, SHAPE_VALUE,
	  "GID", "" },
	 { "umask", OP_SYS, SYS_umask, 1, 1, SHAPE_VALUE,
	  "MODE", "" },
	 { "personality", OP_SYS, SYS_personality, 1, 1, SHAPE_VALUE,
	  "PERSONA", "" },
	 { "stat", OP_STAT, IPC_STAT, 1, 1, SHAPE_FIELDS,
	  "ID [FIELD=N...]", "IPC_STAT" },
	 { "stat_index", OP_STAT, SHM_STAT, 1, 1, SHAPE_FIELDS,
	  "N [FIELD=N...]", "SHM_STAT" },
	 { "stat_any", OP_STAT, SHM_STAT_ANY, 1, 1, SHAPE_FIELDS,
	  "N [FIELD=N...]", "SHM_STAT_ANY" },
	 { "row", OP_ROW, 0, 1, 1, SHAPE_FIELDS,
	  "ID [FIELD=N...]", "its row of /proc/sysvipc/shm" },
	 { "set", OP_SET, 0, 4, 4, SHAPE_VALUE,
	  "ID UID GID MODE", "IPC_SET; garbage in the rest" },
	 { "ipc_info", OP_INFO, IPC_INFO, 0, 0, SHAPE_FIELDS,
	  "[FIELD=N...]", "IPC_INFO" },
	 { "shm_info", OP_INFO, SHM_INFO, 0, 0, SHAPE_FIELDS,
	  "[FIELD=N...]", "SHM_INFO" },
	 { "get", OP_GET, 0, 1, 1, SHAPE_VALUE,
	  "ADDR", "load a byte" },
	 { "put", OP_PUT, 0, 2, 2, SHAPE_VALUE,
	  "ADDR BYTE", "store a byte" },
	 { "fill", OP_FILL, 0, 3, 3, SHAPE_VALUE,
	  "ADDR LEN BYTE", "store many" },
	 { "maps", OP_MAPS, 0, 2, 2, SHAPE_TEXT,
	  "ADDR LEN", "attached there: pages:rwx@page" },
	 { "fork", OP_FORK, 0, 1, 1, SHAPE_VALUE,
	  "P", "a new process P" },
	 { "share", OP_SHARE, 0, 1, 1, SHAPE_VALUE,
	  "P", "a new process, CLONE_VM" },
	 { "vfork", OP_VFORK, 0, 1, 1, SHAPE_VALUE,
	  "P", "a new process, vfork" },
	 { "thread", OP_THREAD, 0, 1, 1, SHAPE_VALUE,
	  "P", "a new thread P" },
	 { "exit", OP_EXIT, 0, 0, 1, SHAPE_VALUE,
	  "[NOTICE]", "of the process" },
	 { "texit", OP_TEXIT, 0, 0, 0, SHAPE_VALUE,
	  "", "of the thread alone" },
	 { "kill", OP_KILL, 0, 0, 1, SHAPE_VALUE,
	  "[NOTICE]", "SIGKILL to the process" },
	 { "exec", OP_EXEC, 0, 0, 1, SHAPE_VALUE,
	  "[missing]", "a fresh image, or ENOENT" },
	 { "user", OP_USER, 0, 2, 2, SHAPE_VALUE,
	  "UID GID", "all ids, no groups" },
	 { "groups", OP_GROUPS, 0, 0, 6, SHAPE_VALUE,
	  "[GID...]", "setgroups" },
	 { "drop", OP_DROP, 0, 1, 1, SHAPE_VALUE,
	  "CAPS", "from the effective set" },
	 { "rlimit", OP_RLIMIT, 0, 2, 2, SHAPE_VALUE,
	  "WHICH SOFT", "setrlimit" },
	 { "sysctl", OP_SYSCTL, 0, 1, 2, SHAPE_VALUE,
	  "NAME [VALUE]", "/proc/sys/kernel/NAME" },
	 { "create", OP_CREATE, 1, 1, 1, SHAPE_VALUE,
	  "N", "N segments of a byte: last id" },
	 { "churn", OP_CREATE, 0, 1, 1, SHAPE_VALUE,
	  "N", "the same, each removed at once" },
	 { "newipc", OP_NEWIPC, 0, 0, 0, SHAPE_VALUE,
	  "", "unshare(CLONE_NEWIPC)" },
	 { "tick", OP_TICK, 0, 0, 0, SHAPE_VALUE,
	  "", "wait for the next second" },
	 { "let", OP_NOTHING, 0, 1, 1, SHAPE_VALUE,
	  "VALUE", "a value" },
};

static const struct name constants[] = {
	{ "PRIVATE", IPC_PRIVATE }, { "CREAT", IPC_CREAT },
	{ "EXCL", IPC_EXCL }, { "HUGETLB", SHM_HUGETLB },
	{ "NORESERVE", SHM_NORESERVE },
	{ "HUGE_2MB", 21 << 26 }, { "HUGE_1GB", 30 << 26 },
	{ "RDONLY", SHM_RDONLY }, { "RND", SHM_RND },
	{ "REMAP", SHM_REMAP }, { "EXEC", SHM_EXEC },
	{ "IPC_RMID", IPC_RMID }, { "IPC_SET", IPC_SET },
	{ "IPC_STAT", IPC_STAT }, { "IPC_INFO", IPC_INFO },
	{ "SHM_LOCK", SHM_LOCK }, { "SHM_UNLOCK", SHM_UNLOCK },
	{ "SHM_STAT", SHM_STAT }, { "SHM_INFO", SHM_INFO },
	{ "SHM_STAT_ANY", SHM_STAT_ANY }, { "IPC_64", 0x100 },
	{ "NONE", PROT_NONE }, { "R", PROT_READ }, { "WO", PROT_WRITE },
	{ "RW", PROT_READ | PROT_WRITE }, { "X", PROT_EXEC },
	{ "RX", PROT_READ | PROT_EXEC },
	{ "RWX", PROT_READ | PROT_WRITE | PROT_EXEC },
	{ "FIXED", MAP_FIXED }, { "NOREPLACE", MAP_FIXED_NOREPLACE },
	{ "MAYMOVE", MREMAP_MAYMOVE }, { "TO", MREMAP_FIXED },
	{ "DONTUNMAP", MREMAP_DONTUNMAP },
	{ "ONFAULT", 1 }, { "MCL_CURRENT", MCL_CURRENT },
	{ "MCL_FUTURE", MCL_FUTURE }, { "MCL_ONFAULT", 4 },
	{ "MPOL_DEFAULT", MPOL_DEFAULT },
	{ "MPOL_PREFERRED", MPOL_PREFERRED },
	{ "MPOL_BIND", MPOL_BIND }, { "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_LOCAL", MPOL_LOCAL },
	{ "NORMAL", 0 }, { "RANDOM", 1 }, { "SEQUENTIAL", 2 },
	{ "WILLNEED", 3 }, { "DONTNEED", 4 }, { "FREE", 8 },
	{ "REMOVE", 9 }, { "DONTFORK", 10 }, { "DOFORK", 11 },
	{ "MERGEABLE", 12 }, { "UNMERGEABLE", 13 }, { "HUGEPAGE", 14 },
	{ "NOHUGEPAGE", 15 }, { "DONTDUMP", 16 }, { "DODUMP", 17 },
	{ "WIPEONFORK", 18 }, { "KEEPONFORK", 19 }, { "COLD", 20 },
	{ "PAGEOUT", 21 }, { "POPULATE_READ", 22 },
	{ "POPULATE_WRITE", 23 }, { "COLLAPSE", 25 },
	{ "CAP_IPC_LOCK", 1 << 14 }, { "CAP_IPC_OWNER", 1 << 15 },
	{ "CAP_SYS_ADMIN", 1 << 21 },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK }, { "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "wait", BY_WAIT }, { "nowait", BY_NOWAIT },
	{ "pidfd", BY_PIDFD }, { "eof", BY_EOF },
	{ "missing", 1 },
	{ "READ_IMPLIES_EXEC", 0x0400000 },
};

static const struct name results[] = {
	{ "EPERM", -EPERM }, { "ENOENT", -ENOENT }, { "ESRCH", -ESRCH },
	{ "EINTR", -EINTR }, { "EIO", -EIO }, { "EBADF", -EBADF },
	{ "ECHILD", -ECHILD }, { "EAGAIN", -EAGAIN },
	{ "ENOMEM", -ENOMEM }, { "EACCES", -EACCES },
	{ "EFAULT", -EFAULT }, { "EBUSY", -EBUSY },
	{ "EEXIST", -EEXIST }, { "EINVAL", -EINVAL },
	{ "EMFILE", -EMFILE }, { "ENOSPC", -ENOSPC },
	{ "ERANGE", -ERANGE }, { "ENOSYS", -ENOSYS },
	{ "EIDRM", -EIDRM }, { "EOVERFLOW", -EOVERFLOW },
	{ "EOPNOTSUPP", -EOPNOTSUPP },
	{ "SEGV", GOT_SEGV }, { "BUS", GOT_BUS },
	{ "NOBODY", GOT_NOBODY },
};

static const char *const fields[FIELDS] = {
	[F_KEY] = "key", [F_UID] = "uid", [F_GID] = "gid",
	[F_CUID] = "cuid", [F_CGID] = "cgid", [F_MODE] = "mode",
	[F_SEQ] = "seq", [F_SEGSZ] = "segsz", [F_ATIME] = "atime",
	[F_DTIME] = "dtime", [F_CTIME] = "ctime", [F_CPID] = "cpid",
	[F_LPID] = "lpid", [F_NATTCH] = "nattch", [F_SHMMAX] = "shmmax",
	[F_SHMMIN] = "shmmin", [F_SHMMNI] = "shmmni",
	[F_SHMSEG] = "shmseg", [F_SHMALL] = "shmall", [F_USED] = "used",
	[F_TOT] = "tot", [F_RSS] = "rss", [F_SWP] = "swp",
};

static const char *const sysctls[] = { "shmmax", "shmall", "shmmni",
				       "shm_rmid_forced", "shm_next_id" };

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < LENGTH(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

void verbs_print(void)
{
	for (size_t i = 0; i < LENGTH(verbs); i++)
		printf("  %-16s %-24s %s\n", verbs[i].name, verbs[i].args,
		       verbs[i].op == OP_SYS && !verbs[i].help[0] ?
			       "the raw system call" : verbs[i].help);
}

static bool is_word(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && !memcmp(name, text, len);
}

static bool table_find(const struct name *table, size_t length,
		       const char *name, size_t len, int64_t *value)
{
	for (size_t i = 0; i < length; i++) {
		if (is_word(table[i].name, name, len)) {
			*value = table[i].value;
			return true;
		}
	}
	return false;
}

bool constant_find(const char *name, size_t len, int64_t *value)
{
	for (unsigned i = 0; i < LENGTH(sysctls); i++) {
		if (is_word(sysctls[i], name, len)) {
			*value = i;
			return true;
		}
	}
	return table_find(constants, LENGTH(constants), name, len, value);
}

const char *result_name(int64_t result)
{
	for (size_t i = 0; i < LENGTH(results); i++)
		if (results[i].value == result)
			return results[i].name;
	return NULL;
}

bool result_find(const char *name, int64_t *result)
{
	return table_find(results, LENGTH(results), name, strlen(name),
			  result);
}

const char *field_name(enum field field)
{
	return fields[field];
}

int field_find(const char *name, size_t len)
{
	for (int i = 0; i < FIELDS; i++)
		if (is_word(fields[i], name, len))
			return i;
	return -1;
}

const char *sysctl_name(unsigned which)
{
	return which < LENGTH(sysctls) ? sysctls[which] : NULL;
}
