# tests/cases: one table of expected results, three judges.

SCENARIO := $B/tests/cases/scenario
SCENARIO_OBJ := $(patsubst %.c,$B/%.o,$(wildcard tests/cases/*.c)) \
	   $B/tests/unit/fake.o $B/tests/unit/vm.o
CASE_FILES := $(sort $(wildcard tests/cases/*.case))

$(SCENARIO): $(SCENARIO_OBJ) $B/libemul.a
	$(call quiet,LD,$@)$(CC) $(MODE) $(LDFLAGS) -pthread -o $@ $^

check-cases: $(SCENARIO) $B/shmtrace
	sh tests/cases/check.sh $(SCENARIO) $${SHMTRACE:-$B/shmtrace} \
		$(CASE_FILES)

# The judge that takes a second.
check-cases-emul: $(SCENARIO)
	$(SCENARIO) --engine=emul $(CASE_FILES)

.PHONY: check-cases check-cases-emul
