# SPDX-License-Identifier: MIT
# tests/ltp: the Linux Test Project, where somebody has built it.
#
#   make check-ltp LTP_DIR=../ltp [LTP_CASES='shmat01 shmctl05']

check-ltp: $B/shmtrace
	SHMTRACE=$${SHMTRACE-$B/shmtrace} tests/ltp/run \
		'$(or $(LTP_DIR),$(error say LTP_DIR=...))' $(LTP_CASES)

.PHONY: check-ltp
