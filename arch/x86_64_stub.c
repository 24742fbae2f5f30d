// SPDX-License-Identifier: MIT
/*
 * x86_64_stub.c - the stub of x86-64, and where it and the arena may lie.
 *
 * The sequences use no stack (there may be a red zone) and touch no flags;
 * a system call changes only rax, rcx and r11, and leaves rcx with the address
 * after it: just where `jmp *%rcx` must go back to.
 */
#include "arch/arch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

__asm__(
	"	.section .rodata\n"
	"	.globl	arch_stub, arch_stub_size\n"
	"	.globl	arch_stub_attach, arch_stub_detach, arch_stub_open\n"
	"	.globl	arch_stub_compares, arch_stub_fails\n"
	"	.globl	arch_stub_succeeds\n"
	"	.balign	16\n"
	"arch_stub:\n"
	"	syscall\n"
	"	ud2\n"
	"	.balign	16\n"
	"1:	syscall\n"			/* the trigger call */
	"	mov	%rax, %r8\n"		/* descriptor */
	"9:	mov	$0, %r9d\n"
	"	mov	$9, %eax\n"
	"	syscall\n"			/* mmap */
	"	mov	%rax, %r9\n"
	"10:	mov	%r8, %rdi\n"
	"	mov	$3, %eax\n"
	"	syscall\n"			/* close */
	"	mov	arch_stub+4096+56(%rip), %rcx\n"
	"6:	lea	(%rcx, %r9), %rcx\n"
	"	jrcxz	2f\n"
	"7:	mov	%r9, %r8\n"
	"	mov	arch_stub+4096+64(%rip), %r9\n"
	"	mov	$121, %eax\n"
	"	syscall\n"			/* getpgid: stops */
	"	ud2\n"
	"2:	mov	%r9, %rax\n"
	"	mov	arch_stub+4096+16(%rip), %rdx\n"
	"	mov	arch_stub+4096+24(%rip), %r10\n"
	"	mov	arch_stub+4096+32(%rip), %r8\n"
	"	mov	arch_stub+4096+40(%rip), %r9\n"
	"3:	mov	arch_stub+4096+0(%rip), %rdi\n"
	"	mov	arch_stub+4096+8(%rip), %rsi\n"
	"	mov	arch_stub+4096+48(%rip), %rcx\n"
	"	jmp	*%rcx\n"
	"	ud2\n"
	"	.balign	16\n"
	"4:	syscall\n"			/* munmap */
	"	mov	$0, %eax\n"
	"	jmp	3b\n"
	"	.balign	16\n"
	"8:	syscall\n"			/* openat */
	"	mov	%rax, %r8\n"
	"	mov	%rax, %rdi\n"
	"	lea	arch_stub+4096+120(%rip), %rsi\n"
	"	mov	$5, %eax\n"
	"	syscall\n"			/* fstat: zero if it fails */
	"	mov	arch_stub+4096+120(%rip), %rcx\n"
	"	mov	arch_stub+4096+72(%rip), %rdx\n"
	"	lea	(%rcx, %rdx), %rcx\n"
	"	jrcxz	11f\n"
	"	jmp	12f\n"
	"11:	mov	arch_stub+4096+128(%rip), %rcx\n"
	"	mov	arch_stub+4096+80(%rip), %rdx\n"
	"	lea	(%rcx, %rdx), %rcx\n"
	"	jrcxz	13f\n"
	"12:	mov	$2, %r9d\n"		/* ARCH_STUB_NO_FILE */
	"	jmp	10b\n"
	"13:	mov	arch_stub+4096+88(%rip), %rdi\n"
	"	mov	arch_stub+4096+96(%rip), %rsi\n"
	"	mov	arch_stub+4096+104(%rip), %rdx\n"
	"	mov	arch_stub+4096+112(%rip), %r10\n"
	"	jmp	9b\n"
	"	ud2\n"
	"5:\n"
	"	.balign	8\n"
	"arch_stub_size:	.quad	5b - arch_stub\n"
	"arch_stub_attach:	.quad	1b - arch_stub\n"
	"arch_stub_detach:	.quad	4b - arch_stub\n"
	"arch_stub_open:	.quad	8b - arch_stub\n"
	"arch_stub_compares:	.quad	6b - arch_stub\n"
	"arch_stub_fails:	.quad	7b - arch_stub\n"
	"arch_stub_succeeds:	.quad	2b - arch_stub\n"
	"	.text\n");

void arch_stub_data(const struct arch_regs *regs, uint64_t expected,
		    uint64_t cookie, uint64_t data[ARCH_STUB_WORDS])
{
	const struct user_regs_struct *user = &regs->user;

	data[0] = user->rdi;
	data[1] = user->rsi;
	data[2] = user->rdx;
	data[3] = user->r10;
	data[4] = user->r8;
	data[5] = user->r9;
	data[6] = user->rip;
	data[7] = -expected;
	data[8] = cookie;
}

/* Words 9 to 14, struct stat (144 bytes), the path. */
struct arch_call arch_stub_file(const struct arch_stub_file *file,
				uint64_t page,
				uint64_t data[ARCH_STUB_FILE_WORDS])
{
	enum { STAT = 6, PATH = 24 };

	data[0] = -file->dev;
	data[1] = -file->ino;
	memcpy(data + 2, file->mmap, sizeof(file->mmap));
	memset(data + STAT, 0, (PATH - STAT) * sizeof(*data));
	memcpy(data + PATH, file->path, sizeof(file->path));
	return (struct arch_call){
		.nr = SYS_openat,
		.args = { (uint64_t)AT_FDCWD,
			  page + (ARCH_STUB_WORDS + PATH) * sizeof(*data),
			  file->flags },
	};
}

bool arch_stub_is_past_commit(pid_t tid, size_t at, uint64_t expected)
{
	struct user_regs_struct user;

	if (at >= arch_stub_compares && at < arch_stub_fails)
		return ptrace(PTRACE_GETREGS, tid, NULL, &user) == 0 &&
		       user.r9 == expected;
	return at >= arch_stub_succeeds && at < arch_stub_detach;
}

/*
 * Below the lowest randomized mmap base (47 bits, 28 random bits: above
 * 0x7efb00000000) and inside what the sanitizers call application memory.
 */
const struct arch_window arch_windows[] = {
	{ 0x7e9000000000, 0x4000000000, 0x7ffffffff000 },
	{ 0x6f0000000000, 0x4000000000, 0x7ffffffff000 },
	{ 0, 0, 0 },
};
