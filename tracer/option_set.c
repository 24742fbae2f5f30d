// SPDX-License-Identifier: MIT
/*
 * option_set.c - shmget,shmat; %ipc; !shmctl.
 */
#include "tracer/option_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "tracer/report/report.h"
#include "tracer/util/log.h"

static const struct {
	const char *name;
	unsigned calls;
} names[] = {
	{ "shmget", JOURNAL_BIT(JOURNAL_SHMGET) },
	{ "shmctl", JOURNAL_BIT(JOURNAL_SHMCTL) },
	{ "shmat", JOURNAL_BIT(JOURNAL_SHMAT) },
	{ "shmdt", JOURNAL_BIT(JOURNAL_SHMDT) },
	{ "%ipc", JOURNAL_IPC },
	{ "ipc", JOURNAL_IPC },
	{ "all", JOURNAL_IPC },
	{ "none", 0 },
};

static unsigned find(const char *option, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(names[i].name, name, len) == 0 &&
		    !names[i].name[len])
			return names[i].calls;
	log_fatal("%s: '%.*s' is none of shmget, shmat, shmdt, shmctl, %%ipc, "
		  "all, none", option, (int)len, name);
}

unsigned option_set(const char *option, const char *text)
{
	bool others = *text == '!';
	unsigned calls = 0;

	text += others;
	for (;;) {
		size_t len = strcspn(text, ",");

		calls |= find(option, text, len);
		if (!text[len])
			break;
		text += len + 1;
	}
	return others ? JOURNAL_IPC & ~calls : calls;
}
