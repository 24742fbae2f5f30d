// SPDX-License-Identifier: MIT
/*
 * report.h - messages for the user: the header of this room that other rooms
 * include.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "tracer/report/journal.h"

#endif
