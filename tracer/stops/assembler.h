// SPDX-License-Identifier: MIT
/*
 * assembler.h - writes the instructions of a seccomp filter, for the files
 * that put one together.
 */
#ifndef STOPS_ASSEMBLER_H
#define STOPS_ASSEMBLER_H

#include <assert.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "tracer/stops/filter_code.h"

#define LOW(i)	((uint32_t)offsetof(struct seccomp_data, args) + 8U * (i))
#define HIGH(i) (LOW(i) + 4)
#define NR	((uint32_t)offsetof(struct seccomp_data, nr))
#define ARCH	((uint32_t)offsetof(struct seccomp_data, arch))
#define IP_LOW	((uint32_t)offsetof(struct seccomp_data, instruction_pointer))
#define IP_HIGH (IP_LOW + 4)

#define TRACE	 (SECCOMP_RET_TRACE | FILTER_TRACE_DATA)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct config;

struct assembler {
	struct filter *filter;
	const struct config *conf;
};

/* A place further down that jumps lead to, put there by bind(). */
struct label {
	struct jump {
		unsigned short at;	  /* index of the jump */
		enum { JT, JF, K } field; /* of it, for the distance */
	} jumps[16];
	unsigned count;
};

static inline void put(struct assembler *as, unsigned code, uint32_t k)
{
	assert(as->filter->len < FILTER_ROOM);
	as->filter->code[as->filter->len++] = (struct sock_filter){
		.code = (unsigned short)code,
		.k = k,
	};
}

/* The instruction put last jumps to `label`; NULL: to the next one. */
static inline void refer(const struct assembler *as, struct label *label,
			 unsigned field)
{
	if (!label)
		return;
	assert(label->count < COUNT(label->jumps));
	label->jumps[label->count++] = (struct jump){
		(unsigned short)(as->filter->len - 1),
		field,
	};
}

/* The jumps to `label` lead to the next instruction that is put. */
static inline void bind(const struct assembler *as, const struct label *label)
{
	for (const struct jump *jump = label->jumps;
	     jump < label->jumps + label->count; jump++) {
		struct sock_filter *insn = &as->filter->code[jump->at];
		unsigned distance = as->filter->len - jump->at - 1u;

		assert(jump->field == K || distance <= UINT8_MAX);
		if (jump->field == JT)
			insn->jt = (unsigned char)distance;
		else if (jump->field == JF)
			insn->jf = (unsigned char)distance;
		else
			insn->k = distance;
	}
}

static inline void load(struct assembler *as, uint32_t offset)
{
	put(as, BPF_LD | BPF_W | BPF_ABS, offset);
}

static inline void jump_if(struct assembler *as, unsigned test, uint32_t k,
			   struct label *yes, struct label *no)
{
	put(as, BPF_JMP | BPF_K | test, k);
	refer(as, yes, JT);
	refer(as, no, JF);
}

/* Compare what is loaded: where to go on if it is so, and if not. */
static inline void if_equal(struct assembler *as, uint32_t k, struct label *yes,
			    struct label *no)
{
	jump_if(as, BPF_JEQ, k, yes, no);
}

static inline void if_at_least(struct assembler *as, uint32_t k,
			       struct label *yes, struct label *no)
{
	jump_if(as, BPF_JGE, k, yes, no);
}

static inline void if_any_bit(struct assembler *as, uint32_t k,
			      struct label *yes, struct label *no)
{
	jump_if(as, BPF_JSET, k, yes, no);
}

/* Further than the 255 instructions that a comparison can skip. */
static inline void go(struct assembler *as, struct label *label)
{
	put(as, BPF_JMP | BPF_JA, 0);
	refer(as, label, K);
}

static inline void answer(struct assembler *as, uint32_t action)
{
	put(as, BPF_RET | BPF_K, action);
}

/* With the number loaded: this answer for this one. */
static inline void answer_number(struct assembler *as, uint32_t nr,
				 uint32_t action)
{
	struct label other = { .count = 0 };

	if_equal(as, nr, NULL, &other);
	answer(as, action);
	bind(as, &other);
}

/* Put the calls that change mappings (filter_range.c): they stop where they
   touch [start, end), both multiples of the page size. */
void filter_put_ranged(struct assembler *as, uint64_t start, uint64_t end);

#endif
