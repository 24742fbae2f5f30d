// SPDX-License-Identifier: MIT
/*
 * report.h - what the user is told: the door of this room.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "tracer/report/backtrace.h"
#include "tracer/report/calllog.h"

#endif
