// SPDX-License-Identifier: MIT
/*
 * log.h - what shmtrace itself has to say.
 *
 * Each message is one line and one write(2), so that it does not mix with
 * those of the programs.  errno is preserved.
 */
#ifndef LOG_H
#define LOG_H

#include <stdint.h>
#include <sys/types.h>

/* From now on messages go to this file, created or emptied, instead of to
   stderr.  Exits when it cannot be opened. */
void log_open(const char *path);

/* The file's descriptor, -1 for stderr. */
int log_descriptor(void);

/* "shmtrace: ..." and a newline. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same, on stderr too, and exit with EXIT_OWN. */
void log_fatal(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* A line without the prefix. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

enum log_call { LOG_SHMGET, LOG_SHMCTL, LOG_SHMAT, LOG_SHMDT };

/* "[tid] shmget(0x1234, 4096, IPC_CREAT|0600) = 0".  The result is a value,
   -errno, or SYSRET_GONE. */
void log_call(pid_t tid, enum log_call call, const uint64_t args[6],
	      int64_t result);

#endif
