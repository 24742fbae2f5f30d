// SPDX-License-Identifier: MIT
/*
 * cred.c - credentials from /proc/TID/status, cached until they can change.
 */
#include "tracer/tasks/cred.h"

#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/util/proc.h"

/* PROC_USER_INIT_INO: fixed since Linux 3.8. */
#define FIRST_USER_NAMESPACE UINT64_C(0xeffffffd)

static uint64_t own_user_namespace;

void cred_init(void)
{
	own_user_namespace = proc_namespace(getpid(), "user");
}

static const char *field(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? at + strlen(name) : "";
}

static uint32_t next_id(const char **at)
{
	char *end;
	unsigned long id = strtoul(*at, &end, 10);

	*at = end;
	return (uint32_t)id;
}

static bool add_group(struct cred *cred, uint32_t id)
{
	if (cred->emul.ngroups == cred->room) {
		unsigned room = cred->room ? 2 * cred->room : 16;
		uint32_t *more = realloc(cred->groups, room * sizeof(*more));

		if (!more)
			return false;
		cred->groups = more;
		cred->room = room;
	}
	cred->groups[cred->emul.ngroups++] = id;
	return true;
}

static void parse_groups(struct cred *cred, const char *at)
{
	at += strspn(at, " \t");
	while (*at >= '0' && *at <= '9') {
		if (!add_group(cred, next_id(&at)))
			return; /* out of memory: fewer groups, never more */
		at += strspn(at, " ");
	}
}

static uint32_t parse_caps(const char *at)
{
	static const struct { int number; uint32_t bit; } known[] = {
		{ CAP_IPC_OWNER, EMUL_CAP_IPC_OWNER },
		{ CAP_IPC_LOCK, EMUL_CAP_IPC_LOCK },
		{ CAP_SYS_ADMIN, EMUL_CAP_SYS_ADMIN },
		{ CAP_SYS_RESOURCE, EMUL_CAP_SYS_RESOURCE },
	};
	unsigned long long set = strtoull(at, NULL, 16);
	uint32_t caps = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (set >> known[i].number & 1)
			caps |= known[i].bit;
	return caps;
}

/* "Uid: real effective saved filesystem", the same for Gid. */
static void parse(struct cred *cred, const char *status, pid_t tid)
{
	const char *at = field(status, "\nUid:");

	cred->emul.uid = next_id(&at);
	cred->emul.euid = next_id(&at);
	at = field(status, "\nGid:");
	next_id(&at);
	cred->emul.egid = next_id(&at);
	next_id(&at);
	cred->emul.fsgid = next_id(&at);
	parse_groups(cred, field(status, "\nGroups:"));
	cred->emul.caps = parse_caps(field(status, "\nCapEff:"));
	cred->user_ns = proc_namespace(tid, "user");
	cred->emul.in_child_userns =
		cred->user_ns && cred->user_ns != FIRST_USER_NAMESPACE;
	if (cred->user_ns == own_user_namespace)
		cred->user_ns = 0;
}

const struct emul_cred *cred_get(struct cred *cred, pid_t tid)
{
	static const struct emul_cred nobody = {
		.uid = 65534, .euid = 65534, .egid = 65534, .fsgid = 65534,
	};
	char *status;

	if (!cred->known) {
		memset(&cred->emul, 0, sizeof(cred->emul));
		status = proc_read(tid, "status");
		if (!status)
			return &nobody;
		parse(cred, status, tid);
		free(status);
		cred->known = true;
	}
	cred->emul.groups = cred->groups;
	return &cred->emul;
}

uint64_t cred_user_ns(struct cred *cred, pid_t tid)
{
	cred_get(cred, tid);
	return cred->known ? cred->user_ns : 0;
}

void cred_forget(struct cred *cred)
{
	cred->known = false;
}

void cred_copy(struct cred *to, const struct cred *from)
{
	to->known = false;
	if (!from->known)
		return;
	to->emul = from->emul;
	to->user_ns = from->user_ns;
	to->emul.ngroups = 0;
	for (uint32_t i = 0; i < from->emul.ngroups; i++)
		if (!add_group(to, from->groups[i]))
			return;
	to->known = true;
}

void cred_free(struct cred *cred)
{
	free(cred->groups);
	cred->groups = NULL;
}
