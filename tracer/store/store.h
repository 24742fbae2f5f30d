// SPDX-License-Identifier: MIT
/*
 * store.h - where segments live: the door of this room.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "tracer/store/memfd.h"
#include "tracer/store/overcommit.h"

#endif
