# SPDX-License-Identifier: MIT
# Real software: the demonstration, and the applications in both stop modes.

DEMO_PEER := $B/tests/apps/peer

$(DEMO_PEER): tests/apps/peer.c $B/flags
	@mkdir -p $(@D)
	$(CC) $(filter-out $(MODE),$(ALL)) $(LDFLAGS) -o $@ $<

# In a make of its own: what set-up installs must be found.
demo: setup
	@$(MAKE) run-demo

run-demo: $B/shmtrace $(DEMO_PEER)
	@SHMTRACE=$${SHMTRACE-$B/shmtrace} PEER=$(DEMO_PEER) tests/apps/demo

# APPS="perl go" for a few; APP_NATIVE=1 without shmtrace.
check-apps: $(if $(APP_NATIVE),,$B/shmtrace)
	SHMTRACE=$${SHMTRACE-$B/shmtrace} tests/apps/run $(APPS)

.PHONY: demo run-demo check-apps
