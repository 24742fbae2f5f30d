// SPDX-License-Identifier: MIT
/*
 * many.c - rows with many segments or attachments, and what they cost the
 * tracer.
 */
#include "tests/bench/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/shm.h>

#define FIRST_KEY 0x10000
#define STRIDE 7919		/* a prime: walk over all, never in order */

struct crowd {
	unsigned number, at;
	int *shmids;
};

static struct crowd crowd_new(unsigned number)
{
	struct crowd crowd = { .number = number };

	crowd.shmids = calloc(number, sizeof(*crowd.shmids));
	if (!crowd.shmids)
		work_fail("calloc");
	for (unsigned i = 0; i < number; i++) {
		crowd.shmids[i] = shmget((key_t)(FIRST_KEY + i), 4096,
					 IPC_CREAT | 0600);
		if (crowd.shmids[i] < 0)
			work_fail("shmget");
	}
	return crowd;
}

static unsigned step(struct crowd *crowd)
{
	crowd->at = (crowd->at + STRIDE) % crowd->number;
	return crowd->at;
}

static void op_any_key(void *crowd)
{
	key_t key = (key_t)(FIRST_KEY + step(crowd));

	op_shmget(&key);
}

static void op_any_stat(void *arg)
{
	struct crowd *crowd = arg;

	op_stat(&crowd->shmids[step(crowd)]);
}

void row_segments(unsigned number)
{
	struct crowd crowd = crowd_new(number);

	work_measure("shmget of a key, %u segments", number, op_any_key,
		     &crowd);
	work_measure("IPC_STAT, %u segments", number, op_any_stat, &crowd);
	work_measure("create + IPC_RMID, %u segments", number, op_create,
		     NULL);
	work_measure("attach + detach, %u segments", number, op_attach,
		     &crowd.shmids[number / 2]);
	free(crowd.shmids);
}

void row_attachments(unsigned number)
{
	int shmid = work_segment(4096);

	for (unsigned i = 0; i < number; i++)
		work_attach(shmid);
	work_measure("attach + detach, %u attachments", number, op_attach,
		     &shmid);
	work_measure("IPC_STAT, %u attachments", number, op_stat, &shmid);
}

/* ---- the tracer ---- */

static FILE *must_open(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		work_fail(path);
	return file;
}

/* Bytes that it has written to and shares with no one. */
static double tracer_memory(void)
{
	char path[64], line[256];
	unsigned long kib = 0;
	FILE *rollup;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", work_tracer());
	rollup = must_open(path);
	while (fgets(line, sizeof(line), rollup))
		if (sscanf(line, "Private_Dirty: %lu", &kib) == 1)
			break;
	fclose(rollup);
	return 1024.0 * (double)kib;
}

void row_segment_memory(unsigned number)
{
	double before = tracer_memory();
	struct crowd crowd = crowd_new(number);

	work_report("tracer memory per segment, of %u", number,
		    (tracer_memory() - before) / number, "bytes");
	free(crowd.shmids);
}

void row_attach_memory(unsigned number)
{
	int shmid = work_segment(4096);
	double before = tracer_memory();

	for (unsigned i = 0; i < number; i++)
		work_attach(shmid);
	work_report("tracer memory per attachment, of %u", number,
		    (tracer_memory() - before) / number, "bytes");
}

static int use(int shmid, unsigned round, unsigned value)
{
	unsigned *at = shmat(shmid, NULL, 0);

	if ((intptr_t)at == -1)
		return -1;
	if (round == 1 && *at != value)
		return -1;
	*at = value;
	return shmdt(at);
}

/* As many segments as this, each with its own contents; whoever runs us has
   set the limit of descriptors. */
void row_limited(unsigned number)
{
	struct crowd crowd = crowd_new(number);
	unsigned good = number;

	for (unsigned round = 0; round < 2 && good == number; round++)
		for (unsigned i = 0; i < good; i++)
			if (use(crowd.shmids[i], round, i) < 0)
				good = i;
	work_report("of %u segments, usable with 1024 descriptors", number,
		    good, "segments");
	free(crowd.shmids);
}
