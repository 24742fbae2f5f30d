# SPDX-License-Identifier: MIT
# tests/arch: arch/ keeps its contract, on this machine and in the guests.

CONTRACT := $B/tests/arch/contract

$(CONTRACT): %: %.o $(ARCH)
	$(call quiet,LD,$@)$(CC) $(MODE) $(LDFLAGS) -o $@ $^

check-arch: $(CONTRACT)
	$<

.PHONY: check-arch
