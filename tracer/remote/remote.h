// SPDX-License-Identifier: MIT
/*
 * remote.h - act inside one stopped thread: the door of this room.
 */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include "tracer/remote/fastpath.h"
#include "tracer/remote/fd.h"
#include "tracer/remote/seize.h"
#include "tracer/remote/stub.h"
#include "tracer/remote/syscall.h"

#endif
