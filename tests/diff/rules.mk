# tests/diff: random scenarios, the kernel being the expectation.
#
#   make check-diff                      a fixed set of seeds
#   make diff SEEDS=1-1000 OPS=300 JUDGES=emul,on,off,linux RUN_AS=65534

DIFFER	:= $B/tests/diff/differ
SEEDS	?= 1-100
OPS	?= 200
JUDGES	?= emul,on,off
RUN_DIFFER = $(DIFFER) --scenario=$B/tests/cases/scenario \
	   --shmtrace=$${SHMTRACE:-$B/shmtrace}

$(DIFFER): $B/tests/diff/differ.o $B/tests/diff/generate.o
	$(call quiet,LD,$@)$(CC) $(MODE) $(LDFLAGS) -o $@ $^

diff: $(DIFFER) $B/tests/cases/scenario $B/shmtrace
	$(RUN_DIFFER) --seeds=$(SEEDS) --ops=$(OPS) --judges=$(JUDGES) \
		$(if $(RUN_AS),--user=$(RUN_AS))

check-diff: $(DIFFER) $B/tests/cases/scenario $B/shmtrace
	sh tests/diff/check.sh $(DIFFER) $B/tests/cases/scenario \
		$${SHMTRACE:-$B/shmtrace}

.PHONY: diff check-diff
