# The main job on real software.  In a make of its own: what set-up installed
# must be found.

demo: setup
	@$(MAKE) -s all
	@tests/demo/run $B/shmtrace

.PHONY: demo
