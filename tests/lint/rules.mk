# Everything that can be said about the sources without running the program.

LINT_PACKAGES := clang clang-tidy cppcheck shellcheck groff-base mandoc \
		 binutils gcc python3 zsh

lint: setup
	@$(if $(filter no,$(SETUP)),,tests/setup $(LINT_PACKAGES))
	@tests/lint/run

.PHONY: lint
