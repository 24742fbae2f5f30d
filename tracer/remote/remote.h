// SPDX-License-Identifier: MIT
/*
 * remote.h - acts inside one stopped thread: the header of this room that
 * other rooms include.
 */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include "tracer/remote/copy.h"
#include "tracer/remote/fastpath.h"
#include "tracer/remote/fd.h"
#include "tracer/remote/seize.h"
#include "tracer/remote/stub.h"
#include "tracer/remote/syscall.h"
#include "tracer/remote/touch.h"
#include "tracer/remote/undumpable.h"

#endif
