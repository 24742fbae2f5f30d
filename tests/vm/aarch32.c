// SPDX-License-Identifier: MIT
/*
 * aarch32.c - shared-memory calls of a 32-bit program on a 64-bit Arm kernel.
 *
 *	aarch32 native|refused
 *
 * native: the kernel answers them; refused: each one gives ENOSYS, as under
 * shmtrace, which must let none of them reach the host.  The program is made
 * here, word by word, so that no 32-bit compiler is needed.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	BASE = 0x10000,
	ARM_EXIT = 1,
	ARM_IPC = 117,
	ARM_SHMAT = 305,
	ARM_SHMDT = 306,
	ARM_SHMGET = 307,
	ARM_SHMCTL = 308,
	NO_ID = 0x7777,
};

struct call {
	const char *name;
	uint32_t nr, args[3];
	int native;		/* errno, 0: none */
};

static const struct call calls[] = {
	{ "shmget", ARM_SHMGET, { IPC_PRIVATE, 4096, IPC_CREAT | 0600 }, 0 },
	{ "shmctl", ARM_SHMCTL, { NO_ID, IPC_RMID, 0 }, EINVAL },
	{ "shmat", ARM_SHMAT, { NO_ID, 0, 0 }, EINVAL },
	{ "shmdt", ARM_SHMDT, { 0x1000, 0, 0 }, EINVAL },
	{ "ipc", ARM_IPC, { 23, 0, 4096 }, ENOSYS },
};

struct program {
	Elf32_Ehdr header;
	Elf32_Phdr segment;
	uint32_t code[16];
};

static uint32_t movw(unsigned reg, uint32_t value)
{
	return 0xe3000000 | (value >> 12) << 16 | reg << 12 | (value & 0xfff);
}

/* Makes the call and exits with its errno, or 0. */
static void assemble(uint32_t *code, const struct call *call)
{
	const uint32_t svc = 0xef000000;
	const uint32_t words[] = {
		movw(0, call->args[0]), movw(1, call->args[1]),
		movw(2, call->args[2]), movw(7, call->nr), svc,
		0xe3500000,	/* cmp r0, #0 */
		0xb2600000,	/* rsblt r0, r0, #0 */
		0xa3a00000,	/* movge r0, #0 */
		movw(7, ARM_EXIT), svc,
	};

	memcpy(code, words, sizeof(words));
}

static struct program make_program(const struct call *call)
{
	struct program program = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
				     ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_ARM,
			.e_version = EV_CURRENT,
			.e_entry = BASE + offsetof(struct program, code),
			.e_phoff = offsetof(struct program, segment),
			.e_flags = EF_ARM_EABI_VER5,
			.e_ehsize = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr),
			.e_phnum = 1,
		},
		.segment = {
			.p_type = PT_LOAD,
			.p_vaddr = BASE,
			.p_filesz = sizeof(struct program),
			.p_memsz = sizeof(struct program),
			.p_flags = PF_R | PF_X,
			.p_align = BASE,
		},
	};

	assemble(program.code, call);
	return program;
}

/* The errno of the call (0: none); 255 when there are no 32-bit programs. */
static int outcome(const struct call *call)
{
	const struct program program = make_program(call);
	static char name[] = "aarch32";
	char *argv[] = { name, NULL };
	int status = 0;
	int fd = memfd_create(name, 0);
	pid_t pid;

	if (write(fd, &program, sizeof(program)) != (ssize_t)sizeof(program))
		exit(1);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fexecve(fd, argv, environ);
		_exit(errno == ENOEXEC ? 255 : 1);
	}
	close(fd);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -status;
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	const int count = sizeof(calls) / sizeof(*calls);
	bool refused = argc == 2 && !strcmp(argv[1], "refused");
	int failed = 0;

	alarm(60);
	if (outcome(&calls[0]) == 255) {
		printf("aarch32: this machine runs no 32-bit program\n"
		       "0 passed, 0 failed, %d skipped\n", count);
		return 0;
	}
	for (int i = 0; i < count; i++) {
		int wanted = refused ? ENOSYS : calls[i].native;
		int got = outcome(&calls[i]);

		if (got != wanted) {
			printf("aarch32: %s gives %d, not %d\n", calls[i].name,
			       got, wanted);
			failed++;
		}
	}
	printf("%d passed, %d failed\n", count - failed, failed);
	return failed > 0;
}
