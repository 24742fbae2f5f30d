// SPDX-License-Identifier: MIT
/*
 * store.h - the memory of segments: the header of this room that other rooms
 * include.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "tracer/store/memfd.h"
#include "tracer/store/overcommit.h"

#endif
