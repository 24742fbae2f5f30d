// SPDX-License-Identifier: MIT
/* emul.c - what all of emul/ stands on: the host's memory, pages. */
#include "emul/emul.h"

#include <stdlib.h>

#include "emul/shm.h"

void *emul_alloc(const struct emul *emul, size_t count, size_t size)
{
	if (!emul->host.alloc)
		return calloc(count, size);
	return emul->host.alloc(emul->host_arg, count, size);
}

void emul_dealloc(const struct emul *emul, void *memory)
{
	if (!emul->host.free)
		free(memory);
	else
		emul->host.free(emul->host_arg, memory);
}

struct emul *emul_new(const struct emul_host *host, void *arg,
		      const struct emul_config *config)
{
	const struct emul start = {
		.host = *host,
		.host_arg = arg,
		.config = *config,
	};
	struct emul *emul = emul_alloc(&start, 1, sizeof *emul);

	if (emul)
		*emul = start;
	return emul;
}

void emul_free(struct emul *emul)
{
	assert(!emul->mlock_users);
	emul_dealloc(emul, emul->policies);
	emul_dealloc(emul, emul);
}

uint64_t page_down(const struct emul *emul, uint64_t addr)
{
	return addr & ~(emul->config.page_size - 1);
}

uint64_t page_up(const struct emul *emul, uint64_t len)
{
	return page_down(emul, len + emul->config.page_size - 1);
}
