// SPDX-License-Identifier: MIT
/*
 * workload.c - the programs that are measured, a row of the table each.
 *
 *	workload -l		name, columns and samples of each row
 *	workload [-t MS] ROW	prints label, value and unit, between tabs
 *	workload -m ROW		the least of the batches, not their median
 *	workload -n COUNT ROW	waits, works and waits, for a counter
 *
 * Segments are left behind: to be run in a namespace of its own.
 */
#include "tests/bench/work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BATCHES 15

struct work work = { .millis = 30 };

/*
 * Columns: native, bare filter, floor, shmtrace; `o` for a row of our own
 * calls, which is compared with one stop too.  `heavy`: long to set up,
 * 3 samples are enough; `once`: one, and no matter where it runs.
 */
static const struct {
	const char *name, *columns, *samples;
	row *run;
	unsigned number;
} rows[] = {
	{ "shmget", "nfso", "all", row_shmget, 0 },
	{ "create", "nfso", "all", row_create, 0 },
	{ "stat", "nfso", "all", row_stat, 0 },
	{ "attach", "nfso", "all", row_attach, 4 },
	{ "attach-64M", "nfso", "all", row_attach, 64 << 10 },
	{ "fork-0", "nbfs", "all", row_fork, 0 },
	{ "fork-1", "nfs", "all", row_fork, 1 },
	{ "fork-16", "nfs", "all", row_fork, 16 },
	{ "vfork-0", "nbfs", "all", row_vfork, 0 },
	{ "vfork-1", "nfs", "all", row_vfork, 1 },
	{ "vfork-16", "nfs", "all", row_vfork, 16 },
	{ "thread", "nbfs", "all", row_thread, 0 },
	{ "getppid", "nbfs", "all", row_getppid, 0 },
	{ "read", "nbfs", "all", row_read, 0 },
	{ "open", "nbfs", "all", row_open, 0 },
	{ "mmap", "nbfs", "all", row_mmap, 0 },
	{ "mprotect", "nbfs", "all", row_mprotect, 0 },
	{ "signal", "nbfs", "all", row_signal, 0 },
	{ "touch", "ns", "all", row_touch, 0 },
	{ "steady", "ns", "all", row_steady, 0 },
	{ "start", "nbfs", "all", row_start, 0 },
	{ "at-once-1", "nfso", "all", row_at_once, 1 },
	{ "at-once-4", "nfso", "all", row_at_once, 4 },
	{ "at-once-16", "nfso", "all", row_at_once, 16 },
	{ "at-once-64", "nfso", "all", row_at_once, 64 },
	{ "segments-10", "nfso", "all", row_segments, 10 },
	{ "segments-1000", "nfso", "all", row_segments, 1000 },
	{ "segments-30000", "nfso", "heavy", row_segments, 30000 },
	{ "attachments-1", "nfso", "all", row_attachments, 1 },
	{ "attachments-100", "nfso", "all", row_attachments, 100 },
	{ "attachments-10000", "nfso", "heavy", row_attachments, 10000 },
	{ "tasks-1", "nfso", "all", row_tasks, 1 },
	{ "tasks-100", "nfso", "all", row_tasks, 100 },
	{ "tasks-2000", "nfso", "heavy", row_tasks, 2000 },
	{ "memory-segments", "s", "once", row_segment_memory, 30000 },
	{ "memory-attachments", "s", "once", row_attach_memory, 10000 },
	{ "limited", "s", "once", row_limited, 30000 },
};

uint64_t work_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void work_fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

void work_report(const char *format, unsigned number, double value,
		 const char *unit)
{
	char label[80];

	/* the formats are those of our own rows */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(label, sizeof(label), format, number);
#pragma GCC diagnostic pop
	printf("%s\t%.1f\t%s\n", label, value, unit);
	fflush(stdout);
}

static int compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

double work_typical(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[work.least ? 0 : count / 2];
}

static uint64_t batch(void (*op)(void *), void *arg, uint64_t count)
{
	uint64_t start = work_now();

	for (uint64_t i = 0; i < count; i++)
		op(arg);
	return work_now() - start;
}

/* How many operations fill a batch. */
static uint64_t calibrate(void (*op)(void *), void *arg)
{
	uint64_t wanted = work.millis * UINT64_C(1000000) / BATCHES;
	uint64_t count = 1, taken;

	while ((taken = batch(op, arg, count)) < wanted / 4)
		count *= 4;
	return count * wanted / taken > 0 ? count * wanted / taken : 1;
}

/* Whoever counts says when, by a line each. */
static void wait_for_line(const char *what)
{
	char line[16];

	printf("%s %d\n", what, work_tracer());
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(1);
}

static void run_counted(void (*op)(void *), void *arg)
{
	wait_for_line("ready");
	batch(op, arg, work.count);
	wait_for_line("finished");
	exit(0);
}

void work_measure(const char *format, unsigned number, void (*op)(void *),
		  void *arg)
{
	double each[BATCHES];
	uint64_t count;

	op(arg);	/* what only the first one costs */
	if (work.count)
		run_counted(op, arg);
	count = calibrate(op, arg);
	for (unsigned i = 0; i < BATCHES; i++)
		each[i] = (double)batch(op, arg, count) / (double)count;
	work_report(format, number, work_typical(each, BATCHES), "ns");
}

pid_t work_tracer(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	int tracer = 0;

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	if (status)
		fclose(status);
	return tracer;
}

int work_segment(size_t size)
{
	int shmid = shmget(IPC_PRIVATE, size, 0600);

	if (shmid < 0)
		work_fail("shmget");
	return shmid;
}

void *work_attach(int shmid)
{
	void *at = shmat(shmid, NULL, 0);

	if ((intptr_t)at == -1)
		work_fail("shmat");
	return at;
}

void work_wait(pid_t pid)
{
	int status;

	if (pid < 0)
		work_fail("fork");
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		errno = ECHILD;
		work_fail("waitpid");
	}
}

static int list_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		printf("%s %s %s\n", rows[i].name, rows[i].columns,
		       rows[i].samples);
	return 0;
}

static int run_row(const char *name)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		rows[i].run(rows[i].number);
		return 0;
	}
	fprintf(stderr, "workload: no row '%s'\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	int option;

	work.self = argv[0];
	while ((option = getopt(argc, argv, "+lmn:t:x")) != -1) {
		if (option == 'l')
			return list_rows();
		if (option == 'x')	/* what vfork and exec run */
			return 0;
		if (option == 'm')
			work.least = true;
		else if (option == 'n')
			work.count = strtoul(optarg, NULL, 10);
		else if (option == 't')
			work.millis = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (!argv[optind])
		return 2;
	work.command = argv + optind + 1;
	return run_row(argv[optind]);
}
