// SPDX-License-Identifier: MIT
/*
 * proc.h - reads what only /proc says about a task.  These reads are slow: the
 * common calls need none.
 */
#ifndef UTIL_PROC_H
#define UTIL_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Open /proc, or a private procfs where none is mounted and the kernel allows
   one: 0, or -1 with errno.  The other functions use this directory, whatever
   is mounted at /proc later. */
int proc_init(void);

/* Open /proc/TID/NAME with flags (O_CLOEXEC is added); -1 with errno. */
int proc_open(pid_t tid, const char *name, int flags);
/* Open the file of the tracer's own descriptor `fd` once more, with flags of
   open(2); -1 with errno. */
int proc_reopen(int fd, int flags);
/* The inode of a namespace ("user", "ipc") of the task: 0 if unknown. */
uint64_t proc_namespace(pid_t tid, const char *name);
/* Whole text of /proc/TID/NAME, to be freed; NULL with errno. */
char *proc_read(pid_t tid, const char *name);
/* The same, for text with zero bytes in it. */
char *proc_read_sized(pid_t tid, const char *name, size_t *len);
/* Where the link /proc/TID/NAME points to; 0 or -1 with errno. */
int proc_link(pid_t tid, const char *name, char *buf, size_t size);
/* The process of a thread, and the parent process; 0 when it is gone. */
pid_t proc_tgid(pid_t tid);
pid_t proc_ppid(pid_t tid);
/* Lines of /proc/PID/status. */
struct proc_status {
	char state;   /* 'R', 'Z', ...; 0: there is no such process */
	pid_t tracer; /* 0: none */
	int threads;  /* that are not reaped yet */
};
/* 0, or -1 when there is no such process. */
int proc_status(pid_t pid, struct proc_status *status);
/* Call visit for each process.  -1 when there is no /proc in which our own pid
   is ours: another pid namespace's says nothing that kill(2) could use. */
int proc_each(void (*visit)(pid_t pid, void *arg), void *arg);
/* Open /proc/NAME to read: -1 with errno. */
int proc_open_file(const char *name);
/* Whole text of /proc/NAME, to be freed; NULL with errno. */
char *proc_read_file(const char *name);
/* The number that /proc/NAME holds; 0 if it cannot be read. */
uint64_t proc_number(const char *name);
/* Read a line of /proc/TID/limits, for instance "Max open files".  For a
   process of another user, prlimit(2) needs CAP_SYS_RESOURCE, this does not. */
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
/* The mapping that covers an address, or the next one above it, without its
   path; `maps` is an open /proc/TID/maps.  False: there is none. */
bool proc_map_at(int maps, uint64_t addr, struct proc_map *map);

#endif
