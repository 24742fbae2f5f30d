// SPDX-License-Identifier: MIT
/*
 * cpu.h - the instructions and registers that conformance tests need, for
 * each CPU: the one place here that may ask which CPU it is.
 *
 * cpu_call() loads every register from cpu_block, makes one system call on
 * a stack of the test's own, and stores every register back.
 */
#ifndef CPU_H
#define CPU_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

enum { CPU_STACK = 8192, CPU_ABOVE = 4096 };	/* bytes; of it above sp */

void cpu_call(void);

#if defined(__x86_64__)

/* Order of the general registers in cpu_block. */
enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13,
       R14, R15, FLAGS, CPU_REGS };

static const char *const cpu_names[CPU_REGS] = {
	"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9",
	"r10", "r11", "r12", "r13", "r14", "r15", "flags",
};

enum { CPU_NR = RAX, CPU_RESULT = RAX, CPU_SP = RSP };
static const int cpu_args[6] = { RDI, RSI, RDX, R10, R8, R9 };

/* fxsave's image: MXCSR and the reserved ends are not ours to choose. */
struct cpu_block {
	uint64_t in[CPU_REGS], out[CPU_REGS];
	uint64_t saved_sp;
	uint8_t vector_in[512] __attribute__((aligned(16)));
	uint8_t vector_out[512] __attribute__((aligned(16)));
};
extern struct cpu_block cpu_block;
struct cpu_block cpu_block;
enum { CPU_VECTOR_FROM = 160, CPU_VECTOR_TO = 416 };	/* xmm0-15 */
/* CF PF AF ZF SF DF OF: what a program can set and see. */
enum { CPU_FLAGS = 0xcd5 };
extern const char cpu_after[];

__asm__(".text\n"
	".globl cpu_call, cpu_after\n"
	".type cpu_call, @function\n"
	"cpu_call:\n"
	"	push %rbx\n	push %rbp\n	push %r12\n"
	"	push %r13\n	push %r14\n	push %r15\n"
	"	lea cpu_block(%rip), %rax\n"
	"	mov %rsp, 272(%rax)\n"
	"	fxrstor 288(%rax)\n"
	"	push 128(%rax)\n	popfq\n"
	"	mov 8(%rax), %rbx\n	mov 16(%rax), %rcx\n"
	"	mov 24(%rax), %rdx\n	mov 32(%rax), %rsi\n"
	"	mov 40(%rax), %rdi\n	mov 48(%rax), %rbp\n"
	"	mov 56(%rax), %rsp\n	mov 64(%rax), %r8\n"
	"	mov 72(%rax), %r9\n	mov 80(%rax), %r10\n"
	"	mov 88(%rax), %r11\n	mov 96(%rax), %r12\n"
	"	mov 104(%rax), %r13\n	mov 112(%rax), %r14\n"
	"	mov 120(%rax), %r15\n"
	"	mov (%rax), %rax\n"
	"	syscall\n"
	"cpu_after:\n"
	"	mov %rax, cpu_block+136(%rip)\n"
	"	lea cpu_block(%rip), %rax\n"
	"	mov %rbx, 144(%rax)\n	mov %rcx, 152(%rax)\n"
	"	mov %rdx, 160(%rax)\n	mov %rsi, 168(%rax)\n"
	"	mov %rdi, 176(%rax)\n	mov %rbp, 184(%rax)\n"
	"	mov %rsp, 192(%rax)\n	mov %r8, 200(%rax)\n"
	"	mov %r9, 208(%rax)\n	mov %r10, 216(%rax)\n"
	"	mov %r11, 224(%rax)\n	mov %r12, 232(%rax)\n"
	"	mov %r13, 240(%rax)\n	mov %r14, 248(%rax)\n"
	"	mov %r15, 256(%rax)\n"
	"	mov 272(%rax), %rsp\n"
	"	pushfq\n	pop 264(%rax)\n"
	"	fxsave 800(%rax)\n"
	"	cld\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n"
	"	pop %r12\n	pop %rbp\n	pop %rbx\n"
	"	ret\n"
	".size cpu_call, . - cpu_call\n");

/* A legal image of everything, to be varied. */
static inline void cpu_prepare(void)
{
	__asm__ volatile("fxsave %0" : "=m" (cpu_block.vector_in));
}

/* What the CPU itself does to a register in a system call. */
static inline bool cpu_expects(int reg, uint64_t *value)
{
	if (reg == RCX)
		*value = (uint64_t)(uintptr_t)cpu_after;
	if (reg == R11)
		*value = cpu_block.in[FLAGS];
	return reg != RAX;
}

/* Of a register, what the program can set. */
static inline uint64_t cpu_mask(int reg)
{
	return reg == FLAGS || reg == R11 ? CPU_FLAGS : UINT64_MAX;
}

static inline void cpu_breakpoint(void)
{
	__asm__ volatile("int3");
}

/* In its signal handler: go on after it. */
static inline void cpu_skip_breakpoint(ucontext_t *context)
{
	(void)context;
}

/* The trap flag: a SIGTRAP after each instruction. */
enum { CPU_CAN_STEP = 1 };
static inline void cpu_step_on(void)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp; pushfq;"
			 "orq $0x100, (%%rsp); popfq; lea 128(%%rsp), %%rsp"
			 ::: "memory", "cc");
}

static inline void cpu_step_off(ucontext_t *context)
{
	context->uc_mcontext.gregs[REG_EFL] &= ~0x100LL;
}

/* The 32-bit system-call entry; results as the kernel gives them. */
enum { CPU_HAS_FOREIGN = 1, CPU_X32_BIT = 0x40000000 };
static inline long cpu_call32(uint32_t nr, uint32_t a, uint32_t b, uint32_t c,
			      uint32_t d, uint32_t e)
{
	int32_t result = (int32_t)nr;

	__asm__ volatile("int $0x80" : "+a" (result)
			 : "b" (a), "c" (b), "d" (c), "S" (d), "D" (e)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

#elif defined(__aarch64__)

/* x0..x30, then these. */
enum { SP = 31, FLAGS, CPU_REGS };

static const char *const cpu_names[CPU_REGS] = {
	"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
	"x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20",
	"x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30",
	"sp", "nzcv",
};

enum { CPU_NR = 8, CPU_RESULT = 0, CPU_SP = SP };
static const int cpu_args[6] = { 0, 1, 2, 3, 4, 5 };

struct cpu_block {
	uint64_t in[CPU_REGS], out[CPU_REGS];
	uint64_t saved_sp;
	uint64_t padding;
	uint8_t vector_in[512] __attribute__((aligned(16)));
	uint8_t vector_out[512] __attribute__((aligned(16)));
};
extern struct cpu_block cpu_block;
struct cpu_block cpu_block;
enum { CPU_VECTOR_FROM = 0, CPU_VECTOR_TO = 512 };	/* q0-31 */
enum { CPU_FLAGS = (int)0xf0000000 };

/* x0 and x1 wait above the stack pointer while the rest is stored. */
__asm__(".text\n"
	".globl cpu_call\n"
	".type cpu_call, %function\n"
	"cpu_call:\n"
	"	stp x29, x30, [sp, #-176]!\n"
	"	stp x19, x20, [sp, #16]\n	stp x21, x22, [sp, #32]\n"
	"	stp x23, x24, [sp, #48]\n	stp x25, x26, [sp, #64]\n"
	"	stp x27, x28, [sp, #80]\n	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n	str x18, [sp, #160]\n"
	"	adrp x0, cpu_block\n	add x0, x0, :lo12:cpu_block\n"
	"	mov x1, sp\n	str x1, [x0, #528]\n"
	"	add x1, x0, #544\n"
	"	ld1 {v0.16b-v3.16b}, [x1], #64\n"
	"	ld1 {v4.16b-v7.16b}, [x1], #64\n"
	"	ld1 {v8.16b-v11.16b}, [x1], #64\n"
	"	ld1 {v12.16b-v15.16b}, [x1], #64\n"
	"	ld1 {v16.16b-v19.16b}, [x1], #64\n"
	"	ld1 {v20.16b-v23.16b}, [x1], #64\n"
	"	ld1 {v24.16b-v27.16b}, [x1], #64\n"
	"	ld1 {v28.16b-v31.16b}, [x1]\n"
	"	ldr x1, [x0, #248]\n	mov sp, x1\n"
	"	ldr x1, [x0, #256]\n	msr nzcv, x1\n"
	"	ldp x2, x3, [x0, #16]\n	ldp x4, x5, [x0, #32]\n"
	"	ldp x6, x7, [x0, #48]\n	ldp x8, x9, [x0, #64]\n"
	"	ldp x10, x11, [x0, #80]\n	ldp x12, x13, [x0, #96]\n"
	"	ldp x14, x15, [x0, #112]\n	ldp x16, x17, [x0, #128]\n"
	"	ldp x18, x19, [x0, #144]\n	ldp x20, x21, [x0, #160]\n"
	"	ldp x22, x23, [x0, #176]\n	ldp x24, x25, [x0, #192]\n"
	"	ldp x26, x27, [x0, #208]\n	ldp x28, x29, [x0, #224]\n"
	"	ldr x30, [x0, #240]\n"
	"	ldp x0, x1, [x0]\n"
	"	svc #0\n"
	"	stp x0, x1, [sp]\n"
	"	adrp x0, cpu_block\n	add x0, x0, :lo12:cpu_block\n"
	"	add x0, x0, #264\n"
	"	stp x2, x3, [x0, #16]\n	stp x4, x5, [x0, #32]\n"
	"	stp x6, x7, [x0, #48]\n	stp x8, x9, [x0, #64]\n"
	"	stp x10, x11, [x0, #80]\n	stp x12, x13, [x0, #96]\n"
	"	stp x14, x15, [x0, #112]\n	stp x16, x17, [x0, #128]\n"
	"	stp x18, x19, [x0, #144]\n	stp x20, x21, [x0, #160]\n"
	"	stp x22, x23, [x0, #176]\n	stp x24, x25, [x0, #192]\n"
	"	stp x26, x27, [x0, #208]\n	stp x28, x29, [x0, #224]\n"
	"	str x30, [x0, #240]\n"
	"	ldp x2, x3, [sp]\n	stp x2, x3, [x0]\n"
	"	mov x1, sp\n	str x1, [x0, #248]\n"
	"	mrs x1, nzcv\n	str x1, [x0, #256]\n"
	"	sub x0, x0, #264\n"
	"	ldr x1, [x0, #528]\n	mov sp, x1\n"
	"	add x1, x0, #1056\n"
	"	st1 {v0.16b-v3.16b}, [x1], #64\n"
	"	st1 {v4.16b-v7.16b}, [x1], #64\n"
	"	st1 {v8.16b-v11.16b}, [x1], #64\n"
	"	st1 {v12.16b-v15.16b}, [x1], #64\n"
	"	st1 {v16.16b-v19.16b}, [x1], #64\n"
	"	st1 {v20.16b-v23.16b}, [x1], #64\n"
	"	st1 {v24.16b-v27.16b}, [x1], #64\n"
	"	st1 {v28.16b-v31.16b}, [x1]\n"
	"	ldr x18, [sp, #160]\n	ldp d14, d15, [sp, #144]\n"
	"	ldp d12, d13, [sp, #128]\n	ldp d10, d11, [sp, #112]\n"
	"	ldp d8, d9, [sp, #96]\n	ldp x27, x28, [sp, #80]\n"
	"	ldp x25, x26, [sp, #64]\n	ldp x23, x24, [sp, #48]\n"
	"	ldp x21, x22, [sp, #32]\n	ldp x19, x20, [sp, #16]\n"
	"	ldp x29, x30, [sp], #176\n"
	"	ret\n"
	".size cpu_call, . - cpu_call\n");

static inline void cpu_prepare(void)
{
}

static inline bool cpu_expects(int reg, uint64_t *value)
{
	(void)value;
	return reg != 0;
}

static inline uint64_t cpu_mask(int reg)
{
	return reg == FLAGS ? 0xf0000000u : UINT64_MAX;
}

static inline void cpu_breakpoint(void)
{
	__asm__ volatile("brk #0");
}

static inline void cpu_skip_breakpoint(ucontext_t *context)
{
	context->uc_mcontext.pc += 4;
}

enum { CPU_CAN_STEP = 0 };
static inline void cpu_step_on(void)
{
}

static inline void cpu_step_off(ucontext_t *context)
{
	(void)context;
}

enum { CPU_HAS_FOREIGN = 0, CPU_X32_BIT = 0 };
static inline long cpu_call32(uint32_t nr, uint32_t a, uint32_t b, uint32_t c,
			      uint32_t d, uint32_t e)
{
	return (long)(nr + a + b + c + d + e);
}

#else
#error "this CPU is missing in tests/conform/cpu.h"
#endif

#endif
