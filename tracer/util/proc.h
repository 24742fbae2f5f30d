// SPDX-License-Identifier: MIT
/*
 * proc.h - what only /proc knows about a task.  Never on a hot path.
 */
#ifndef UTIL_PROC_H
#define UTIL_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Open our /proc (or a private one, where none is mounted and we may); 0 or
   -1 with errno.  Descriptors opened later stay ours. */
int proc_init(void);

/* Open /proc/TID/NAME with flags (O_CLOEXEC is added); -1 with errno. */
int proc_open(pid_t tid, const char *name, int flags);
/* Open another name for our own descriptor `fd`; -1 with errno. */
int proc_reopen(int fd, int flags);
/* Device and inode of a namespace ("user", "ipc"): 0 if unknown. */
uint64_t proc_namespace(pid_t tid, const char *name);
/* Whole text of /proc/TID/NAME, to be freed; NULL with errno. */
char *proc_read(pid_t tid, const char *name);
/* The same, for text with zero bytes in it. */
char *proc_read_sized(pid_t tid, const char *name, size_t *len);
/* Where the link /proc/TID/NAME points to; 0 or -1 with errno. */
int proc_link(pid_t tid, const char *name, char *buf, size_t size);
/* Thread group of a thread, and its parent's; 0 when it is gone. */
pid_t proc_tgid(pid_t tid);
pid_t proc_ppid(pid_t tid);
/* Open /proc/NAME to read: -1 with errno. */
int proc_open_file(const char *name);
/* Its whole text, to be freed; NULL with errno. */
char *proc_read_file(const char *name);
/* The number that /proc/NAME holds; 0 if it cannot be read. */
uint64_t proc_number(const char *name);
/* A line of /proc/TID/limits, "Max open files" for instance: works where
   prlimit(2) wants a capability, as for other users' processes. */
bool proc_limit(pid_t tid, const char *name, struct rlimit *limit);

/* One line of /proc/TID/maps. */
struct proc_map {
	uint64_t start, end, offset, inode;
	char prot[5];
	const char *path;
};
/* Calls visit for each mapping; stops when it returns non-zero and returns
   that.  -1 with errno when the file cannot be read. */
int proc_maps(pid_t tid, int (*visit)(const struct proc_map *, void *),
	      void *arg);

#endif
