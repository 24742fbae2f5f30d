// SPDX-License-Identifier: MIT
/*
 * registry.c - the segments of an IPC namespace, by key and by id.
 *
 * An id is seq * 32768 + index.  Indices are given out as ipc_idr_alloc()
 * does it (ipc/util.c, Linux 6.18): cyclic, in a window that grows with the
 * number of segments, the sequence number going up when the cursor wraps.
 */
#include "emul/shm.h"

#include <string.h>

enum {
	INDEX_WINDOW_MIN = 64, /* ipc_min_cycle */
	CAPACITY_MIN = 64,
	BUCKETS_MIN = 64,
	GROUPS = IPCMNI / 64 / 64, /* words of id_map.full */
};

/* ---- keys ---- */

static uint32_t key_bucket(int32_t key, uint32_t count)
{
	uint32_t hash = (uint32_t)key * UINT32_C(0x9e3779b1);

	return (hash ^ hash >> 15) & (count - 1);
}

struct segment *ipc_findkey(const struct emul_ns *ns, int32_t key)
{
	struct segment *s;

	if (!ns->bucket_count)
		return NULL;
	s = ns->buckets[key_bucket(key, ns->bucket_count)];
	while (s && s->key != key)
		s = s->next_key;
	return s;
}

static void key_insert(struct emul_ns *ns, struct segment *segment)
{
	struct segment **bucket =
		&ns->buckets[key_bucket(segment->key, ns->bucket_count)];

	segment->next_key = *bucket;
	*bucket = segment;
	ns->key_count++;
}

void ipc_set_key_private(struct emul_ns *ns, struct segment *segment)
{
	struct segment **link;

	if (segment->key == IPC_PRIVATE)
		return;
	link = &ns->buckets[key_bucket(segment->key, ns->bucket_count)];
	while (*link != segment)
		link = &(*link)->next_key;
	*link = segment->next_key;
	segment->key = IPC_PRIVATE;
	ns->key_count--;
}

/* The table of keys doubles when full; without memory the chains only get
   longer, unless there is no table at all. */
static bool keys_make_room(struct emul_ns *ns)
{
	uint32_t count = ns->bucket_count ? 2 * ns->bucket_count : BUCKETS_MIN;
	struct segment **old = ns->buckets, **buckets;
	uint32_t old_count = ns->bucket_count;

	if (ns->key_count < old_count)
		return true;
	buckets = emul_alloc(ns->emul, count, sizeof *buckets);
	if (!buckets)
		return old_count > 0;
	ns->buckets = buckets;
	ns->bucket_count = count;
	ns->key_count = 0;
	for (uint32_t i = 0; i < old_count; i++) {
		for (struct segment *s = old[i], *next; s; s = next) {
			next = s->next_key;
			key_insert(ns, s);
		}
	}
	emul_dealloc(ns->emul, old);
	return true;
}

/* ---- indices ---- */

static void map_set(struct id_map *map, uint32_t index, bool used)
{
	uint64_t *word = &map->used[index / 64];
	uint32_t group = index / 64 / 64;
	uint64_t bit = UINT64_C(1) << index / 64 % 64;

	if (used)
		*word |= UINT64_C(1) << index % 64;
	else
		*word &= ~(UINT64_C(1) << index % 64);
	map->full[group] = (map->full[group] & ~bit) | (~*word ? 0 : bit);
	map->some[group] = (map->some[group] & ~bit) | (*word ? bit : 0);
}

/* Bits of word from `from` (0..63) on. */
static uint64_t bits_from(uint64_t word, uint32_t from)
{
	return word & ~UINT64_C(0) << from;
}

static uint32_t lowest_bit(uint64_t word)
{
	return (uint32_t)__builtin_ctzll(word);
}

/* The smallest free index in [from, to), or `to`. */
static uint32_t map_find_free(const struct id_map *map, uint32_t from,
			      uint32_t to)
{
	uint32_t word = from / 64, group;
	uint64_t bits;

	if (from >= to)
		return to;
	bits = bits_from(~map->used[word], from % 64);
	if (!bits) {
		word++;
		for (group = word / 64; group < GROUPS; group++) {
			bits = ~map->full[group];
			if (group == word / 64)
				bits = bits_from(bits, word % 64);
			if (bits)
				break;
		}
		if (!bits)
			return to;
		word = group * 64 + lowest_bit(bits);
		bits = ~map->used[word];
	}
	word = word * 64 + lowest_bit(bits);
	return word < to ? word : to;
}

uint32_t ipc_get_maxidx(const struct emul_ns *ns)
{
	for (uint32_t group = GROUPS; group-- > 0;) {
		uint64_t some = ns->map.some[group];
		uint32_t word;

		if (!some)
			continue;
		word = group * 64 + 63 - (uint32_t)__builtin_clzll(some);
		return word * 64 + 63 -
		       (uint32_t)__builtin_clzll(ns->map.used[word]);
	}
	return 0;
}

uint32_t ipcid_to_idx(int32_t id)
{
	return (uint32_t)id % IPCMNI;
}

struct segment *ipc_obtain_object_idr(const struct emul_ns *ns, int32_t id)
{
	uint32_t index = ipcid_to_idx(id);

	return index < ns->capacity ? ns->by_index[index] : NULL;
}

/* A stale id is EINVAL, never EIDRM. */
struct segment *ipc_obtain_object_check(const struct emul_ns *ns, int32_t id)
{
	struct segment *segment = ipc_obtain_object_idr(ns, id);

	return segment && segment->id == id ? segment : NULL;
}

static bool indices_make_room(struct emul_ns *ns, uint32_t index)
{
	uint32_t capacity = ns->capacity ? ns->capacity : CAPACITY_MIN;
	struct segment **by_index;

	if (index < ns->capacity)
		return true;
	while (capacity <= index)
		capacity *= 2;
	by_index = emul_alloc(ns->emul, capacity, sizeof(struct segment *));
	if (!by_index)
		return false;
	if (ns->capacity)
		memcpy(by_index, ns->by_index,
		       ns->capacity * sizeof(struct segment *));
	emul_dealloc(ns->emul, ns->by_index);
	ns->by_index = by_index;
	ns->capacity = capacity;
	return true;
}

/* idr_alloc_cyclic(): where the next segment goes; IPCMNI: nowhere. */
static uint32_t ipc_idr_alloc(const struct emul_ns *ns)
{
	uint32_t max = ns->in_use * 3 / 2, index;

	if (ns->limits.next_id >= 0)
		return map_find_free(&ns->map, ipcid_to_idx(ns->limits.next_id),
				     IPCMNI);
	if (max < INDEX_WINDOW_MIN)
		max = INDEX_WINDOW_MIN;
	if (max > IPCMNI)
		max = IPCMNI;
	index = map_find_free(&ns->map, ns->next_index, max);
	if (index == max)
		index = map_find_free(&ns->map, 0, max);
	return index < max ? index : IPCMNI;
}

sysret_t ipc_prealloc(struct emul_ns *ns, uint32_t *index)
{
	*index = ipc_idr_alloc(ns);
	if (*index < IPCMNI && !indices_make_room(ns, *index))
		return -ENOMEM;
	return keys_make_room(ns) ? 0 : -ENOMEM;
}

/* shm_next_id is used once, and leaves cursor and seq alone. */
static uint32_t ns_pick_seq(struct emul_ns *ns, uint32_t index)
{
	uint32_t seq;

	if (ns->limits.next_id >= 0) {
		seq = (uint32_t)ns->limits.next_id / IPCMNI;
		ns->limits.next_id = -1;
		return seq;
	}
	ns->next_index = index + 1;
	if ((int32_t)index <= ns->last_index && ++ns->seq >= IPCID_SEQ_MAX)
		ns->seq = 0;
	ns->last_index = (int32_t)index;
	return ns->seq;
}

sysret_t ipc_addid(struct emul_ns *ns, struct segment *segment, uint32_t index)
{
	if (ns->in_use >= ns->limits.shmmni || index == IPCMNI)
		return -ENOSPC;
	segment->id = (int32_t)(ns_pick_seq(ns, index) * IPCMNI + index);
	ns->by_index[index] = segment;
	map_set(&ns->map, index, true);
	if (segment->key != IPC_PRIVATE)
		key_insert(ns, segment);
	ns->in_use++;
	return 0;
}

void ipc_rmid(struct emul_ns *ns, struct segment *segment)
{
	uint32_t index = ipcid_to_idx(segment->id);

	ipc_set_key_private(ns, segment);
	ns->by_index[index] = NULL;
	map_set(&ns->map, index, false);
	ns->in_use--;
}
