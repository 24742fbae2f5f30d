// SPDX-License-Identifier: MIT
/*
 * store.c - the processes in which the tracer keeps files and locked pages
 * are stopped or killed by a program of the run: the run goes on.
 */
#include "tests/conform/kit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <unistd.h>

enum { DESCRIPTORS = 128, SEGMENTS = 400 };

static int ids[SEGMENTS];

/* All children of the tracer that it does not trace: how many there are. */
static int signal_stores(int sig)
{
	long tracer = strtol(status_field("TracerPid"), NULL, 10), pid;
	char path[64], list[4096], *rest = list;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", tracer,
		 tracer);
	snprintf(list, sizeof(list), "%s", file_text(path));
	while ((pid = strtol(rest, &rest, 10)) > 0) {
		if (kill((pid_t)pid, sig) < 0)
			broken("kill");
		count++;
	}
	return count;
}

static void make_segments(void)
{
	for (int i = 0; i < SEGMENTS; i++) {
		int *at;

		ids[i] = segment(page_size());
		at = attach(ids[i]);
		*at = i;
		detach(at);
	}
}

static void remove_segments(void)
{
	for (int i = 0; i < SEGMENTS; i++)
		claim(shmctl(ids[i], IPC_RMID, NULL) == 0, "remove %d: %s", i,
		      error_name(errno));
}

/* Those in a store that was killed may be lost, and no others. */
static int count_lost(void)
{
	int lost = 0;

	for (int i = 0; i < SEGMENTS; i++) {
		int *at = shmat(ids[i], NULL, 0);

		if ((intptr_t)at == -1) {
			claim(errno == ENOMEM, "attach %d: %s", i,
			      error_name(errno));
			claim(nattch(ids[i]) == 0, "nattch %ld",
			      nattch(ids[i]));
			lost++;
			continue;
		}
		claim(*at == i, "segment %d has %d", i, *at);
		detach(at);
	}
	return lost;
}

static void files(long sig)
{
	int stores, lost;

	make_segments();
	stores = signal_stores((int)sig);
	claim(stores > 0, "there is no store");
	lost = count_lost();
	claim(sig == SIGKILL ? lost < SEGMENTS : lost == 0, "%d are lost",
	      lost);
	/* none has been removed yet: there is no room without a new store */
	claim(strcmp(round_trip(), "round trip ok") == 0, "%s", round_trip());
	remove_segments();
	make_segments();
	claim(count_lost() == 0, "new ones are lost");
	remove_segments();
	say("%s", round_trip());
}

static void locks(long sig)
{
	int id = segment(page_size());

	for (int round = 0; round < 100; round++) {
		say_result("lock", shmctl(id, SHM_LOCK, NULL));
		claim(signal_stores((int)sig) > 0, "there is no store");
		say_result("another",
			   shmctl(segment(page_size()), SHM_LOCK, NULL));
		signal_stores((int)sig);
		say_result("unlock", shmctl(id, SHM_UNLOCK, NULL));
		detach(attach(id));
	}
	say("%s", round_trip());
}

/* The tracer begins with few descriptors of its own. */
static void with_few_descriptors(long sig)
{
	const struct rlimit limit = { DESCRIPTORS, DESCRIPTORS };
	char **argv =
		wrapped_command(sig == SIGKILL ? "kill_files" : "stop_files");

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		broken("setrlimit");
	execv(argv[0], argv);
	broken(argv[0]);
}

const struct test tests[] = {
	{ "stopped_store_still_gives_files", with_few_descriptors, SIGSTOP,
	  DRIVER },
	{ "killed_store_ends_no_run", with_few_descriptors, SIGKILL, DRIVER },
	{ "stopped_store_holds_no_lock_up", locks, SIGSTOP, OURS },
	{ "killed_store_spoils_no_lock", locks, SIGKILL, OURS },
	{ "stop_files", files, SIGSTOP, HIDDEN },
	{ "kill_files", files, SIGKILL, HIDDEN },
	{ NULL, NULL, 0, NATIVE },
};
