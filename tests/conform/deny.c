// SPDX-License-Identifier: MIT
/*
 * deny.c - a host that refuses something: run a command under a seccomp
 * filter.
 *
 *	deny [-p] ACTION CALL[,CALL...] COMMAND [ARGUMENT...]
 *
 * With -p the command can still gain privileges: needs CAP_SYS_ADMIN.
 * ACTION is kill, trap, trace, or the number of an errno.  CALL is one of
 * the names below; one of the requests of ptrace, seccomp or ioctl can be
 * meant alone, by its number ("ptrace:16902").
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROOM = 256, FAILED = 98 };

static const struct {
	const char *name;
	long nr;
} calls[] = {
	{ "shmget", SYS_shmget }, { "shmat", SYS_shmat },
	{ "shmdt", SYS_shmdt }, { "shmctl", SYS_shmctl },
	{ "ptrace", SYS_ptrace }, { "seccomp", SYS_seccomp },
	{ "memfd_create", SYS_memfd_create }, { "prctl", SYS_prctl },
	{ "mmap", SYS_mmap }, { "pidfd_getfd", SYS_pidfd_getfd },
	{ "pidfd_open", SYS_pidfd_open }, { "ioctl", SYS_ioctl },
	{ "process_vm_readv", SYS_process_vm_readv },
	{ "process_vm_writev", SYS_process_vm_writev },
	{ "unshare", SYS_unshare }, { "mount", SYS_mount },
	{ "personality", SYS_personality }, { "kcmp", SYS_kcmp },
	{ "sched_setaffinity", SYS_sched_setaffinity },
	{ "prlimit64", SYS_prlimit64 }, { "rseq", SYS_rseq },
	{ NULL, 0 },
};

static struct sock_filter code[ROOM];
static unsigned short used;

static void emit(uint16_t op, uint8_t yes, uint8_t no, uint32_t k)
{
	if (used == ROOM)
		exit(FAILED);
	code[used++] = (struct sock_filter){ op, yes, no, k };
}

static uint32_t parse_action(const char *text)
{
	if (strcmp(text, "kill") == 0)
		return SECCOMP_RET_KILL_PROCESS;
	if (strcmp(text, "trap") == 0)
		return SECCOMP_RET_TRAP;
	if (strcmp(text, "trace") == 0)
		return SECCOMP_RET_TRACE;
	return SECCOMP_RET_ERRNO | (uint32_t)atoi(text);
}

static long number_of(const char *name)
{
	for (size_t i = 0; calls[i].name; i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].nr;
	fprintf(stderr, "deny: unknown call %s\n", name);
	exit(FAILED);
}

/* The number is loaded before each, as an argument may have been. */
static void refuse(char *name, uint32_t action)
{
	char *request = strchr(name, ':');
	size_t at = offsetof(struct seccomp_data, args[0]);

	if (strncmp(name, "ioctl", 5) == 0)
		at = offsetof(struct seccomp_data, args[1]);
	if (request)
		*request++ = 0;
	emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	emit(BPF_JMP | BPF_JEQ | BPF_K, 0, request ? 3 : 1,
	     (uint32_t)number_of(name));
	if (request) {
		emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)at);
		emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)atol(request));
	}
	emit(BPF_RET | BPF_K, 0, 0, action);
}

int main(int argc, char **argv)
{
	struct sock_fprog program = { 0, code };
	bool privileged = argc > 1 && strcmp(argv[1], "-p") == 0;
	uint32_t action;

	argv += privileged;
	argc -= privileged;
	if (argc < 4)
		return FAILED;
	action = parse_action(argv[1]);
	for (char *name = strtok(argv[2], ","); name; name = strtok(NULL, ","))
		refuse(name, action);
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	program.len = used;
	if ((!privileged && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		perror("deny");
		return FAILED;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return FAILED;
}
