// SPDX-License-Identifier: MIT
/* alloc.c - the one door through which emul/ gets memory. */
#include "emul/shm.h"

#include <stdlib.h>

struct memory_door memory_door = { calloc, free };

void *memory_get(size_t count, size_t size)
{
	return memory_door.get(count, size);
}

void memory_put(void *memory)
{
	memory_door.put(memory);
}
