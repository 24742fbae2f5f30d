# SPDX-License-Identifier: MIT
# Real software: the demonstration, and the applications in both stop modes.

DEMO_PEER := $B/tests/apps/peer

$(DEMO_PEER): tests/apps/peer.c $B/flags
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(filter-out $(MODE),$(ALL)) $(LDFLAGS) -o $@ $<

# Alone among the targets it has nothing installed for the build: what it
# shows needs no more than gcc and make.
demo:
	@echo 'Building $B/shmtrace (V=1 shows how) ...'
	@$(MAKE) $(if $(filter-out 0,$(V)),,-s) run-demo

run-demo: $B/shmtrace $(DEMO_PEER) $B/tests/conform/deny
	@SHMTRACE=$${SHMTRACE-$B/shmtrace} PEER=$(DEMO_PEER) \
		DENY=$B/tests/conform/deny SETUP=$(SETUP) tests/apps/demo

# APPS="perl go" for a few; APP_NATIVE=1 without shmtrace.
check-apps: $(if $(APP_NATIVE),,$B/shmtrace)
	SHMTRACE=$${SHMTRACE-$B/shmtrace} tests/apps/run $(APPS)

.PHONY: demo run-demo check-apps
