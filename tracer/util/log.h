// SPDX-License-Identifier: MIT
/*
 * log.h - messages of shmtrace.
 *
 * Each message is one line and one write(2), so that it does not mix with the
 * output of the programs.  errno is preserved.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* From now on messages go to this file, created, and emptied unless it is
   appended to, instead of to stderr.  Exits when it cannot be opened. */
void log_open(const char *path, bool append);

/* The file's descriptor, -1 for stderr. */
int log_descriptor(void);

/* "shmtrace: ..." and a newline, about what the user may know already and
   does not want to hear of (-q). */
void log_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_be_quiet(bool be);

/* The same, about what went wrong. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* As log_warn(), on stderr too; then exit with EXIT_OWN. */
void log_fatal(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* A line without the prefix. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Text that grows at its end, and stays within one line. */
#define LINE_MAX_BYTES 4096
struct line {
	size_t len;		/* 0 to begin */
	char text[LINE_MAX_BYTES];
};
void line_add(struct line *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Text that programs have made up, in strace's way: what does not print, and
   any of <>"\, is escaped. */
void line_add_escaped(struct line *line, const char *text);
/* Write the text and a newline to where messages go. */
void line_log(struct line *line);

#endif
