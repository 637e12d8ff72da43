# The commands people type. Each is a thin call of the estate command; `make help` says what they do.
STACK ?= dev
LAB ?=
YES ?=
REFRESH ?=
# eval "$(make env)" must see nothing but the environment.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

commands := help up preview refresh upgrade-plan down env lab-status tools check test test-lab reach docs

.PHONY: $(commands)
$(commands):
	@node lab/bootstrap.mjs $@ --stack '$(STACK)' --lab '$(LAB)' --yes '$(YES)' --refresh '$(REFRESH)'
