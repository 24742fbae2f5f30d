// SPDX-License-Identifier: MIT
/*
 * stops.h - what stops, and who has stopped: the door of this room.
 */
#ifndef STOPS_STOPS_H
#define STOPS_STOPS_H

#include "tracer/stops/filter.h"
#include "tracer/stops/stop.h"
#include "tracer/stops/unotify.h"
#include "tracer/stops/wait.h"

#endif
