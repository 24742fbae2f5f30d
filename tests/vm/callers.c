// SPDX-License-Identifier: MIT
/*
 * callers.c - makes a segment three named functions deep, for `backtrace`.
 */
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/shm.h>

static volatile int depth;

__attribute__((noinline)) static int innermost(void)
{
	int id = shmget(IPC_PRIVATE, 1, 0600);

	depth++;		/* no tail call */
	return id;
}

__attribute__((noinline)) static int in_between(void)
{
	int id = innermost();

	depth++;
	return id;
}

__attribute__((noinline)) static int outermost(void)
{
	int id = in_between();

	depth++;
	return id;
}

int main(void)
{
	int id = outermost();

	printf("%d %d\n", id, depth);
	return id < 0;
}
