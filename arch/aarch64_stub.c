// SPDX-License-Identifier: MIT
/*
 * aarch64_stub.c - the stub of arm64, and where it and the arena may lie.
 */
#include "arch/arch.h"

/* svc #0; udf #0.  No landing pad: nothing ever branches to it. */
const unsigned char arch_stub[] = {
	0x01, 0x00, 0x00, 0xd4,
	0x00, 0x00, 0x00, 0x00,
};
const size_t arch_stub_size = sizeof(arch_stub);

/* A branch to an address needs a register, and a call changes none but x0. */
const size_t arch_stub_attach;
const size_t arch_stub_detach, arch_stub_open;
const size_t arch_stub_compares, arch_stub_fails, arch_stub_succeeds;

void arch_stub_data(const struct arch_regs *regs, uint64_t expected,
		    uint64_t cookie, uint64_t data[ARCH_STUB_WORDS])
{
	(void)regs;
	(void)expected;
	(void)cookie;
	(void)data;
}

struct arch_call arch_stub_file(const struct arch_stub_file *file,
				uint64_t page,
				uint64_t data[ARCH_STUB_FILE_WORDS])
{
	(void)file;
	(void)page;
	(void)data;
	return (struct arch_call){ .nr = -1 };
}

bool arch_stub_is_past_commit(pid_t tid, size_t at, uint64_t expected)
{
	(void)tid;
	(void)at;
	(void)expected;
	return false;
}

/*
 * User space has 48 bits (52 only when asked for), 47 (16 KiB pages), 42 (64
 * KiB) or 39.  Below the mmap base that 18 random bits, the default, can give;
 * inside what the sanitizers call application memory (TSan: from
 * 0xfc0000000000 with 48 bits, 0x7c0000000000 with 47, 0x3f000000000 with
 * 42); and far above where the linker puts programs (two thirds).  With 39
 * bits, which Android randomizes by 24 of them, below the lowest base.
 */
const struct arch_window arch_windows[] = {
	{ 0xfc4000000000, 0x4000000000, UINT64_C(1) << 48 },
	{ 0x7c4000000000, 0x4000000000, UINT64_C(1) << 47 },
	{ 0x3f400000000, 0x400000000, UINT64_C(1) << 42 },
	{ 0x6800000000, 0x400000000, UINT64_C(1) << 39 },
	{ 0, 0, 0 },
};
