// SPDX-License-Identifier: MIT
/*
 * stops.h - which calls stop, and which tasks have stopped: the header of this
 * room that other rooms include.
 */
#ifndef STOPS_STOPS_H
#define STOPS_STOPS_H

#include "tracer/stops/filter.h"
#include "tracer/stops/stop.h"
#include "tracer/stops/unotify.h"
#include "tracer/stops/wait.h"

#endif
