// SPDX-License-Identifier: MIT
/*
 * calls.h - what the tracer does at each call and event: the header of this
 * room that other rooms include.
 */
#ifndef CALLS_CALLS_H
#define CALLS_CALLS_H

#include "tracer/calls/dispatch.h"
#include "tracer/calls/emul_host.h"
#include "tracer/calls/exec.h"
#include "tracer/calls/exit.h"
#include "tracer/calls/fork.h"
#include "tracer/calls/selfcheck.h"

#endif
