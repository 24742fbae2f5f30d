# tests/cases: one table of expected results, three judges.

SCENARIO := $B/tests/cases/scenario
SCENARIO_OBJ := $(patsubst %.c,$B/%.o,$(wildcard tests/cases/*.c)) \
	   $B/tests/unit/fake.o $B/tests/unit/vm.o

$(SCENARIO): $(SCENARIO_OBJ) $B/libemul.a
	$(CC) $(MODE) $(LDFLAGS) -pthread -o $@ $^

check-cases: $(SCENARIO) $B/shmtrace
	sh tests/cases/check.sh $(SCENARIO) $${SHMTRACE:-$B/shmtrace} \
		$(sort $(wildcard tests/cases/*.case))

.PHONY: check-cases
