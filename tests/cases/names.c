// SPDX-License-Identifier: MIT
/*
 * names.c - the vocabulary of scenarios: verbs, constants, errors, fields.
 */
#include "scenario.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <signal.h>
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
	{ "shmget", OP_SYS, SYS_shmget, 3, 3, SHAPE_VALUE },
	{ "shmat", OP_SYS, SYS_shmat, 3, 3, SHAPE_VALUE },
	{ "shmdt", OP_SYS, SYS_shmdt, 1, 1, SHAPE_VALUE },
	{ "shmctl", OP_SYS, SYS_shmctl, 3, 3, SHAPE_VALUE },
	{ "munmap", OP_SYS, SYS_munmap, 2, 2, SHAPE_VALUE },
	{ "mmap", OP_SYS, SYS_mmap, 4, 4, SHAPE_VALUE },
	{ "mprotect", OP_SYS, SYS_mprotect, 3, 3, SHAPE_VALUE },
	{ "mremap", OP_SYS, SYS_mremap, 4, 5, SHAPE_VALUE },
	{ "madvise", OP_SYS, SYS_madvise, 3, 3, SHAPE_VALUE },
	{ "mlock", OP_SYS, SYS_mlock, 2, 2, SHAPE_VALUE },
	{ "mlock2", OP_SYS, SYS_mlock2, 3, 3, SHAPE_VALUE },
	{ "munlock", OP_SYS, SYS_munlock, 2, 2, SHAPE_VALUE },
	{ "mlockall", OP_SYS, SYS_mlockall, 1, 1, SHAPE_VALUE },
	{ "munlockall", OP_SYS, SYS_munlockall, 0, 0, SHAPE_VALUE },
	{ "mbind", OP_SYS, SYS_mbind, 3, 3, SHAPE_VALUE },
	{ "mseal", OP_SYS, SYS_mseal, 2, 2, SHAPE_VALUE },
	{ "remap_file_pages", OP_SYS, SYS_remap_file_pages, 3, 3,
	  SHAPE_VALUE },
	{ "msync", OP_SYS, SYS_msync, 3, 3, SHAPE_VALUE },
	{ "setresuid", OP_SYS, SYS_setresuid, 3, 3, SHAPE_VALUE },
	{ "setresgid", OP_SYS, SYS_setresgid, 3, 3, SHAPE_VALUE },
	{ "setfsuid", OP_SYS, SYS_setfsuid, 1, 1, SHAPE_VALUE },
	{ "setfsgid", OP_SYS, SYS_setfsgid, 1, 1, SHAPE_VALUE },
	{ "umask", OP_SYS, SYS_umask, 1, 1, SHAPE_VALUE },
	{ "personality", OP_SYS, SYS_personality, 1, 1, SHAPE_VALUE },
	{ "stat", OP_STAT, IPC_STAT, 1, 1, SHAPE_FIELDS },
	{ "stat_index", OP_STAT, SHM_STAT, 1, 1, SHAPE_FIELDS },
	{ "stat_any", OP_STAT, SHM_STAT_ANY, 1, 1, SHAPE_FIELDS },
	{ "row", OP_ROW, 0, 1, 1, SHAPE_FIELDS },
	{ "set", OP_SET, 0, 4, 4, SHAPE_VALUE },
	{ "ipc_info", OP_INFO, IPC_INFO, 0, 0, SHAPE_FIELDS },
	{ "shm_info", OP_INFO, SHM_INFO, 0, 0, SHAPE_FIELDS },
	{ "get", OP_GET, 0, 1, 1, SHAPE_VALUE },
	{ "put", OP_PUT, 0, 2, 2, SHAPE_VALUE },
	{ "fill", OP_FILL, 0, 3, 3, SHAPE_VALUE },
	{ "maps", OP_MAPS, 0, 2, 2, SHAPE_TEXT },
	{ "fork", OP_FORK, 0, 1, 1, SHAPE_VALUE },
	{ "share", OP_SHARE, 0, 1, 1, SHAPE_VALUE },
	{ "vfork", OP_VFORK, 0, 1, 1, SHAPE_VALUE },
	{ "thread", OP_THREAD, 0, 1, 1, SHAPE_VALUE },
	{ "exit", OP_EXIT, 0, 0, 1, SHAPE_VALUE },
	{ "texit", OP_TEXIT, 0, 0, 0, SHAPE_VALUE },
	{ "kill", OP_KILL, 0, 0, 1, SHAPE_VALUE },
	{ "exec", OP_EXEC, 0, 0, 1, SHAPE_VALUE },
	{ "user", OP_USER, 0, 2, 2, SHAPE_VALUE },
	{ "groups", OP_GROUPS, 0, 0, 6, SHAPE_VALUE },
	{ "drop", OP_DROP, 0, 1, 1, SHAPE_VALUE },
	{ "rlimit", OP_RLIMIT, 0, 2, 2, SHAPE_VALUE },
	{ "sysctl", OP_SYSCTL, 0, 1, 2, SHAPE_VALUE },
	{ "create", OP_CREATE, 1, 1, 1, SHAPE_VALUE },
	{ "churn", OP_CREATE, 0, 1, 1, SHAPE_VALUE },
	{ "newipc", OP_NEWIPC, 0, 0, 0, SHAPE_VALUE },
	{ "tick", OP_TICK, 0, 0, 0, SHAPE_VALUE },
	{ "let", OP_NOTHING, 0, 1, 1, SHAPE_VALUE },
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
