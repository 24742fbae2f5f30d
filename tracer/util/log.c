// SPDX-License-Identifier: MIT
/*
 * log.c - writes the messages of shmtrace to stderr or to a file.
 */
#include "tracer/util/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/util/exit.h"

#define HIGH_FD 100

static int log_fd = STDERR_FILENO;
static bool quiet;

static void line_vadd(struct line *line, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

static void line_vadd(struct line *line, const char *fmt, va_list args)
{
	/* The newline will take the place of the final NUL. */
	size_t space = sizeof(line->text) - line->len;
	int len = vsnprintf(line->text + line->len, space, fmt, args);

	if (len > 0)
		line->len += (size_t)len < space ? (size_t)len : space - 1;
}

void line_add(struct line *line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line_vadd(line, fmt, args);
	va_end(args);
}

void line_add_escaped(struct line *line, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool digit_follows = text[1] >= '0' && text[1] <= '7';

		if (c == '"' || c == '\\')
			line_add(line, "\\%c", c);
		else if (c >= ' ' && c < 0x7f && c != '<' && c != '>')
			line_add(line, "%c", c);
		else
			line_add(line, digit_follows ? "\\%03o" : "\\%o", c);
	}
}

/* Say once on stderr that a message could not be written. */
static void say_lost(int error)
{
	static bool said;
	struct line line = { .len = 0 };

	if (said)
		return;
	said = true;
	line_add(&line, "shmtrace: messages are lost: %s\n", strerror(error));
	if (write(STDERR_FILENO, line.text, line.len) < 0)
		return;
}

/* An error of write() ends nothing: EPIPE or ENOSPC must not end the
   programs. */
static void write_line(struct line *line, int fd)
{
	ssize_t written;

	line->text[line->len] = '\n';
	do
		written = write(fd, line->text, line->len + 1);
	while (written < 0 && errno == EINTR);
	if (written != (ssize_t)line->len + 1 && fd != STDERR_FILENO)
		say_lost(written < 0 ? errno : ENOSPC);
}

/* Move the descriptor to a high number: a program can expect that a low number
   is free. */
static int move_high(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (high < 0)
		return fd; /* EINVAL, EMFILE: RLIMIT_NOFILE is low */
	close(fd);
	return high;
}

void log_open(const char *path, bool append)
{
	int fd = open(path, O_WRONLY | O_CREAT | (append ? 0 : O_TRUNC) |
		      O_APPEND | O_NOCTTY | O_CLOEXEC, 0666);

	if (fd < 0)
		log_fatal("cannot open '%s': %s", path, strerror(errno));
	log_fd = move_high(fd);
}

int log_descriptor(void)
{
	return log_fd > STDERR_FILENO ? log_fd : -1;
}

void log_be_quiet(bool be)
{
	quiet = be;
}

static void write_message(const char *prefix, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

static void write_message(const char *prefix, const char *fmt, va_list args)
{
	struct line line = { .len = 0 };
	int saved = errno;

	line_add(&line, "%s", prefix);
	line_vadd(&line, fmt, args);
	write_line(&line, log_fd);
	errno = saved;
}

void log_hint(const char *fmt, ...)
{
	va_list args;

	if (quiet)
		return;
	va_start(args, fmt);
	write_message("shmtrace: ", fmt, args);
	va_end(args);
}

void log_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_message("shmtrace: ", fmt, args);
	va_end(args);
}

void log_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_message("", fmt, args);
	va_end(args);
}

void log_fatal(const char *fmt, ...)
{
	struct line line = { .len = 0 };
	va_list args;

	line_add(&line, "shmtrace: ");
	va_start(args, fmt);
	line_vadd(&line, fmt, args);
	va_end(args);
	write_line(&line, log_fd);
	if (log_fd != STDERR_FILENO)
		write_line(&line, STDERR_FILENO);
	exit(EXIT_OWN);
}

void line_log(struct line *line)
{
	int saved = errno;

	write_line(line, log_fd);
	errno = saved;
}
