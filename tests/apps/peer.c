// SPDX-License-Identifier: MIT
/*
 * peer.c - one end of a conversation through a segment that both ends find
 * by its key.
 *
 *	peer serve KEY ROUNDS	makes the segment and speaks first
 *	peer reply KEY ROUNDS	attaches to it, whoever made it
 *
 * The two need not be related: nothing but the key is shared.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE = 60 };		/* seconds */

struct table {
	_Atomic uint64_t ball;	/* even: serve's turn; odd: reply's */
	_Atomic uint64_t sum;	/* both add to it */
	_Atomic uint64_t done;
};

static struct table *attach(key_t key, int flags)
{
	int id = shmget(key, sizeof(struct table), flags | 0600);
	void *table = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (table == (void *)-1) {
		perror("peer");
		exit(1);
	}
	return table;
}

/* Two programs that were started at the same time: whoever is first makes
   the segment.  New memory is zero. */
static void play(struct table *table, uint64_t rounds, uint64_t parity)
{
	for (uint64_t turn = parity; turn < 2 * rounds; turn += 2) {
		while (atomic_load(&table->ball) != turn)
			sched_yield();
		atomic_fetch_add(&table->sum, turn);
		atomic_store(&table->ball, turn + 1);
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int serve(struct table *table, uint64_t rounds)
{
	double start = seconds(), spent;
	uint64_t turns = 2 * rounds, wanted = turns * (turns - 1) / 2;

	play(table, rounds, 0);
	while (atomic_load(&table->ball) != turns)
		sched_yield();
	spent = seconds() - start;
	if (atomic_load(&table->sum) != wanted) {
		printf("serve: the sum is wrong\n");
		return 1;
	}
	printf("serve (process %d): %llu messages there and back in %.2f s, "
	       "none lost\n", (int)getpid(), (unsigned long long)rounds,
	       spent);
	return 0;
}

int main(int argc, char **argv)
{
	struct table *table;
	uint64_t rounds;

	if (argc != 4 || (strcmp(argv[1], "serve") != 0 &&
			  strcmp(argv[1], "reply") != 0)) {
		fprintf(stderr, "usage: peer serve|reply KEY ROUNDS\n");
		return 2;
	}
	alarm(DEADLINE);
	table = attach((key_t)strtoul(argv[2], NULL, 0), IPC_CREAT);
	rounds = strtoull(argv[3], NULL, 0);
	if (strcmp(argv[1], "serve") == 0)
		return serve(table, rounds);
	play(table, rounds, 1);
	printf("reply (process %d): answered every one of them\n",
	       (int)getpid());
	return 0;
}
