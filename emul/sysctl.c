// SPDX-License-Identifier: MIT
/* sysctl.c - /proc/sys/kernel/shm* (kernel/sysctl.c: do_proc_dointvec,
   proc_doulongvec_minmax; each write was tried on Linux 6.18). */
#include "emul/shm.h"

#include <inttypes.h>
#include <stdio.h>

struct number {
	uint64_t value;
	bool negative;
	size_t used; /* bytes; 0: there was no number */
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* -1: no digit of that base (16 or 10, 8 after a leading 0). */
static int digit_of(char c, unsigned base)
{
	int digit = -1;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		digit = (c | 0x20) - 'a' + 10;
	return digit >= 0 && (unsigned)digit < base ? digit : -1;
}

static unsigned base_of(const char *text, size_t len, size_t *at)
{
	if (len - *at < 2 || text[*at] != '0')
		return 10;
	if ((text[*at + 1] | 0x20) == 'x') {
		*at += 2;
		return 16;
	}
	return 8;
}

/* proc_get_long(): blanks, a sign, a number in C's notation, then a blank or
   the end.  False: not a number. */
static bool parse(const char *text, size_t len, struct number *number)
{
	size_t at = 0, digits;
	unsigned base;

	*number = (struct number){ 0 };
	while (at < len && is_space(text[at]))
		at++;
	if (at == len)
		return true;
	number->negative = text[at] == '-';
	at += number->negative;
	base = base_of(text, len, &at);
	for (digits = at; at < len && digit_of(text[at], base) >= 0; at++) {
		uint64_t digit = (uint64_t)digit_of(text[at], base);

		if (number->value > (UINT64_MAX - digit) / base)
			return false;
		number->value = number->value * base + digit;
	}
	if (at == digits || (at < len && !is_space(text[at])))
		return false;
	number->used = at;
	return true;
}

/* The largest value that this file takes; none takes a negative one. */
static uint64_t maximum(enum emul_sysctl which)
{
	switch (which) {
	case EMUL_SHMMNI:
		return IPCMNI;
	case EMUL_SHM_RMID_FORCED:
		return 1;
	case EMUL_SHM_NEXT_ID:
		return INT32_MAX;
	default:
		return UINT64_MAX;
	}
}

static void assign(struct emul_limits *limits, enum emul_sysctl which,
		   uint64_t value)
{
	switch (which) {
	case EMUL_SHMMAX:
		limits->shmmax = value;
		break;
	case EMUL_SHMALL:
		limits->shmall = value;
		break;
	case EMUL_SHMMNI:
		limits->shmmni = value;
		break;
	case EMUL_SHM_RMID_FORCED:
		limits->rmid_forced = value;
		break;
	case EMUL_SHM_NEXT_ID:
		limits->next_id = (int32_t)value;
		break;
	}
}

sysret_t emul_sysctl_write(struct emul_ns *ns, enum emul_sysctl which,
			   const char *text, size_t len)
{
	struct number number;

	if (!parse(text, len, &number))
		return -EINVAL;
	if (!number.used)
		return (sysret_t)len;
	if (number.negative || number.value > maximum(which))
		return -EINVAL;
	assign(&ns->limits, which, number.value);
	while (number.used < len && is_space(text[number.used]))
		number.used++;
	return (sysret_t)number.used;
}

size_t emul_sysctl_read(struct emul_ns *ns, enum emul_sysctl which,
			char buf[24])
{
	const struct emul_limits *limits = &ns->limits;

	switch (which) {
	case EMUL_SHMMAX:
		return (size_t)snprintf(buf, 24, "%" PRIu64 "\n",
					limits->shmmax);
	case EMUL_SHMALL:
		return (size_t)snprintf(buf, 24, "%" PRIu64 "\n",
					limits->shmall);
	case EMUL_SHMMNI:
		return (size_t)snprintf(buf, 24, "%" PRIu64 "\n",
					limits->shmmni);
	case EMUL_SHM_RMID_FORCED:
		return (size_t)snprintf(buf, 24, "%d\n", limits->rmid_forced);
	default:
		return (size_t)snprintf(buf, 24, "%d\n", limits->next_id);
	}
}
