# SPDX-License-Identifier: MIT
# Real software: the demonstration, and the applications in both stop modes.

DEMO_PEER := $B/tests/apps/peer

$(DEMO_PEER): tests/apps/peer.c
	@mkdir -p $(@D)
	$(CC) $(ALL) $(LDFLAGS) -o $@ $<

demo: $B/shmtrace $(DEMO_PEER)
	@SHMTRACE=$B/shmtrace PEER=$(DEMO_PEER) tests/apps/demo

# APPS="perl go" for a few; APP_NATIVE=1 without shmtrace.
check-apps: $(if $(APP_NATIVE),,$B/shmtrace)
	SHMTRACE=$B/shmtrace tests/apps/run $(APPS)

.PHONY: demo check-apps
