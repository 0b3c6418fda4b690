# make demo    shows launcher at work: a scheduler's commands run a real machine
# make demo-container   the same with a container, in a dockerd of its own (needs root)
# make demo-network    tenants' networks: two tenants on two nodes (needs root)
# make test    everything: format, build, unit tests, then tests with real tools (needs root)
# make check   the quick part of it: format, build, unit tests
# make test-cloud-init    real cloud-init in a Debian guest: 3 minutes for its image, 2 to boot it (needs root)
# make fuzz MINUTES=10    what processes read from outside under libFuzzer, so long for each of the parsers
# make soak MINUTES=60   random commands and faults against a model, so long; SEED=, STEPS= and KIND= do it again (needs root)
# make bench   what a sample of 500 instances costs launcher-stats, and the four of these (need root):
# make bench-latency    each command against the same tools without launcher
# make bench-burst      50 STARTs at once against the tools through xargs
# make bench-codecs     gob and YAML against Go's
# make bench-scale      10 000 instances and 100 000 commands on a simulated node, and 200 simulated nodes
# make memory  what launcher's processes take of it when nothing happens (needs root)
# make docs    manual pages, completions and docs/CONFIGURATION.md, from what the programs know of their options
# make test-rbd    volumes in a real Ceph of one monitor and one OSD: two minutes (needs root)
# make deb     the Debian packages: launcher, and launcher-docker, which turns containers on
# make test-gre    tunnels by GRE in a guest with Debian's kernel: a minute
# make test-system   the package on a Debian with a real systemd, in a container; part of make test for root
# make test-own-kernel    limits of machines, udev and GRE in an emulated Debian: two minutes (needs root)
# make install DESTDIR= prefix=/usr
# make clean

prefix ?= /usr
DESTDIR ?=

# The Swift standard library is linked in, so that a node needs no Swift; libraries are bound at start-up, and none is
# looked for beside the program.
RELEASE_FLAGS = -c release --static-swift-stdlib --disable-local-rpath -Xlinker -z -Xlinker now
RELEASE = .build/release
PROCESSES = launcher launcher-net launcher-vmm launcher-stats launcher-audit
GUEST_IMAGE = .build/guest.img
CLOUD_IMAGE = .build/cloud.img
PEER = .build/peer
BENCH = .build/bench
UNITS = $(prefix)/lib/systemd/system
VERSION ?= 0.1.0
ARCHITECTURE = $(shell dpkg --print-architecture)
DEB = .build/launcher_$(VERSION)_$(ARCHITECTURE).deb
DOCKER_DEB = .build/launcher-docker_$(VERSION)_all.deb
# What the system test upgrades to, and where it keeps its container's tree for all clones.
NEXT_DEB = .build/launcher_$(VERSION)+next_$(ARCHITECTURE).deb
SYSTEM_TEST_CACHE = /var/cache/launcher-system-test

.PHONY: all
all: release

.PHONY: dependencies
dependencies:
	scripts/install-dependencies

.PHONY: format
format:
	swift format -i -r Sources Tests Package.swift

.PHONY: lint
lint:
	swift format lint --strict -r Sources Tests Package.swift

.PHONY: build
build: lint
	scripts/install-dependencies build
	swift build

# One after the other: descriptors, signals and the file mode mask, which many tests look at, are the whole process's.
.PHONY: unit-tests
unit-tests: build
	scripts/install-dependencies build run test
	export LAUNCHER_TEST_RUN=$$(od -An -N4 -tx4 /dev/urandom | tr -d ' '); \
	  swift test --no-parallel --skip "IntegrationTests|RightsAttemptTests"; status=$$?; \
	  left=$$(ls -d /tmp/launcher-test-$$LAUNCHER_TEST_RUN-* 2>/dev/null); rm -rf $$left; \
	  test -z "$$left" || { echo "tests have left these folders:" $$left >&2; exit 1; }; exit $$status

.PHONY: check
check: unit-tests

MINUTES ?= 10
.PHONY: fuzz
fuzz:
	scripts/fuzz $(MINUTES)

# A seed of its own for each run, which its first line tells; what a run that fails leaves is in .build/soak.
.PHONY: soak
soak: dependencies build release $(GUEST_IMAGE) $(PEER)
	mkdir -p .build/soak
	seed=$(or $(SEED),$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')); echo "seed $$seed"; \
	LAUNCHER_BINARIES=$(CURDIR)/$(RELEASE) LAUNCHER_DEBUG_BINARIES=$(CURDIR)/.build/debug LAUNCHER_GUEST_IMAGE=$(CURDIR)/$(GUEST_IMAGE) \
	  LAUNCHER_PEER=$(CURDIR)/$(PEER) LAUNCHER_SOAK_FOLDER=$(CURDIR)/.build/soak LAUNCHER_SOAK_SEED=$$seed \
	  LAUNCHER_SOAK_MINUTES=$(MINUTES) LAUNCHER_SOAK_STEPS=$(STEPS) LAUNCHER_SOAK_KIND=$(KIND) swift test --filter SoakTests

.PHONY: bench
bench: build bench-latency bench-burst bench-codecs bench-scale memory
	swift test --filter SamplingCost

.PHONY: bench-scale
bench-scale: dependencies release $(GUEST_IMAGE) $(PEER)
	LAUNCHER_BENCH=1 LAUNCHER_BINARIES=$(CURDIR)/$(RELEASE) LAUNCHER_DEBUG_BINARIES=$(CURDIR)/.build/debug \
	  LAUNCHER_GUEST_IMAGE=$(CURDIR)/$(GUEST_IMAGE) LAUNCHER_PEER=$(CURDIR)/$(PEER) \
	  swift test --filter "IntegrationTests.*(ScaleTests|TakeOverTests|ManyNodesTests)"

# With Debian's packages of Go, not with modules: nothing is fetched.
$(BENCH): $(wildcard Tests/Bench/*.go)
	scripts/install-dependencies test bench
	cd Tests/Bench && export GO111MODULE=off GOPATH=/usr/share/gocode && go vet . && go build -o ../../$@ .

.PHONY: bench-latency bench-burst bench-codecs
bench-latency bench-burst: dependencies release $(BENCH) $(PEER)
bench-codecs: release $(BENCH)
bench-latency bench-burst bench-codecs: bench-%:
	$(BENCH) $* -binaries $(RELEASE) -peer $(PEER)

.PHONY: memory
memory: release
	scripts/measure-memory $(RELEASE)

# Form and file; the tests hold the files against the programs.
DOCUMENTS = launcher:man:man/launcher.8 launcher:conf:man/launcher.conf.5 launcher:markdown:CONFIGURATION.md \
  launcher:bash:completion/launcher.bash launcher:zsh:completion/_launcher launcher:fish:completion/launcher.fish \
  launcherctl:man:man/launcherctl.1 launcherctl:bash:completion/launcherctl.bash \
  launcherctl:zsh:completion/_launcherctl launcherctl:fish:completion/launcherctl.fish \
  launcher-audit:man:man/launcher-audit.8 launcher-audit:bash:completion/launcher-audit.bash \
  launcher-audit:zsh:completion/_launcher-audit launcher-audit:fish:completion/launcher-audit.fish

.PHONY: docs
docs: build
	mkdir -p docs/man docs/completion
	$(foreach d,$(DOCUMENTS),$(call document,$(subst :, ,$(d)))) true

document = .build/debug/$(word 1,$(1)) -help=$(word 2,$(1)) >docs/$(word 3,$(1)) &&

.PHONY: release
release:
	scripts/install-dependencies build
	LAUNCHER_VERSION=$(VERSION) LAUNCHER_COMMIT=$$(git describe --always --dirty --abbrev=12 2>/dev/null) \
	  swift build $(RELEASE_FLAGS)

$(GUEST_IMAGE): scripts/make-guest-image
	scripts/install-dependencies demo
	scripts/make-guest-image $@

$(PEER): $(wildcard Tests/Peer/*.go)
	cd Tests/Peer && go vet ./... && go test ./... && go build -o ../../$@ .

.PHONY: integration-tests
integration-tests: dependencies release $(GUEST_IMAGE) $(PEER)
	LAUNCHER_BINARIES=$(CURDIR)/$(RELEASE) LAUNCHER_DEBUG_BINARIES=$(CURDIR)/.build/debug LAUNCHER_GUEST_IMAGE=$(CURDIR)/$(GUEST_IMAGE) \
	  LAUNCHER_PEER=$(CURDIR)/$(PEER) swift test --filter IntegrationTests --skip "CloudInitTests|CephTests"

# A Debian with cloud-init: some minutes to make its image, which is kept, and some to boot it without KVM.
$(CLOUD_IMAGE): scripts/make-cloud-image
	scripts/install-dependencies demo cloud
	scripts/make-cloud-image $@

.PHONY: test-cloud-init
test-cloud-init: dependencies build release $(GUEST_IMAGE) $(CLOUD_IMAGE) $(PEER)
	LAUNCHER_BINARIES=$(CURDIR)/$(RELEASE) LAUNCHER_DEBUG_BINARIES=$(CURDIR)/.build/debug LAUNCHER_GUEST_IMAGE=$(CURDIR)/$(GUEST_IMAGE) \
	  LAUNCHER_PEER=$(CURDIR)/$(PEER) LAUNCHER_CLOUD_IMAGE=$(CURDIR)/$(CLOUD_IMAGE) swift test --filter CloudInitTests

# A Ceph of one monitor and one OSD, made anew for each test.
.PHONY: test-rbd
test-rbd: dependencies build release $(GUEST_IMAGE) $(PEER)
	scripts/install-dependencies ceph
	LAUNCHER_BINARIES=$(CURDIR)/$(RELEASE) LAUNCHER_DEBUG_BINARIES=$(CURDIR)/.build/debug LAUNCHER_GUEST_IMAGE=$(CURDIR)/$(GUEST_IMAGE) \
	  LAUNCHER_PEER=$(CURDIR)/$(PEER) swift test --filter CephTests

# Not every kernel has gretap; Debian's, which is kept, has.
.PHONY: test-gre
test-gre: build
	scripts/install-dependencies run demo test package
	Tests/GRE/run .build/debug/network-probe .build/gre

# Each process of launcher and each jail, as they are built and as they are installed.
.PHONY: rights-tests
rights-tests: build release
	swift test --filter RightsAttemptTests
	LAUNCHER_BINARIES=$(CURDIR)/$(RELEASE) swift test --filter RightsAttemptTests

.PHONY: test
test: dependencies check rights-tests integration-tests $(if $(filter 0,$(shell id -u)),test-system)

.PHONY: demo-container
demo-container: release
	scripts/install-dependencies demo container
	scripts/demo-container $(RELEASE)

.PHONY: demo
demo: release $(GUEST_IMAGE)
	scripts/install-dependencies run demo
	scripts/demo $(RELEASE) $(GUEST_IMAGE)

.PHONY: demo-network
demo-network: release $(GUEST_IMAGE)
	scripts/install-dependencies run demo
	scripts/demo-network $(RELEASE) $(GUEST_IMAGE)

.PHONY: install
install: release install-files
	$(if $(DESTDIR),,scripts/create-users && systemd-tmpfiles --create $(CURDIR)/systemd/launcher.tmpfiles)

# What is built is put in its places; a configuration that is there is left as it is.
.PHONY: install-files
install-files:
	install -d $(DESTDIR)$(prefix)/sbin $(DESTDIR)$(prefix)/bin $(DESTDIR)$(prefix)/lib/launcher \
	  $(DESTDIR)$(prefix)/lib/sysusers.d $(DESTDIR)$(prefix)/lib/tmpfiles.d $(DESTDIR)$(UNITS) $(DESTDIR)/etc/launcher
	install -m 755 -s $(addprefix $(RELEASE)/,$(PROCESSES)) $(DESTDIR)$(prefix)/sbin
	install -m 755 -s $(RELEASE)/launcherctl $(DESTDIR)$(prefix)/bin
	install -m 755 systemd/power-down-guests $(DESTDIR)$(prefix)/lib/launcher
	install -m 644 $(wildcard systemd/*.service systemd/*.socket systemd/*.target) $(DESTDIR)$(UNITS)
	$(foreach n,1 5 8,install -m 644 -D -t $(DESTDIR)$(prefix)/share/man/man$(n) docs/man/*.$(n) &&) true
	$(foreach p,launcher-net launcher-vmm launcher-stats,echo '.so man8/launcher.8' \
	  >$(DESTDIR)$(prefix)/share/man/man8/$(p).8 &&) true
	install -m 644 -D docs/completion/launcher.bash $(DESTDIR)$(prefix)/share/bash-completion/completions/launcher
	install -m 644 -D docs/completion/launcherctl.bash \
	  $(DESTDIR)$(prefix)/share/bash-completion/completions/launcherctl
	install -m 644 -D docs/completion/launcher-audit.bash \
	  $(DESTDIR)$(prefix)/share/bash-completion/completions/launcher-audit
	install -m 644 -D -t $(DESTDIR)$(prefix)/share/zsh/vendor-completions docs/completion/_*
	install -m 644 -D -t $(DESTDIR)$(prefix)/share/fish/vendor_completions.d docs/completion/*.fish
	install -m 644 systemd/launcher.sysusers $(DESTDIR)$(prefix)/lib/sysusers.d/launcher.conf
	install -m 644 systemd/launcher.tmpfiles $(DESTDIR)$(prefix)/lib/tmpfiles.d/launcher.conf
	install -m 644 -D systemd/70-launcher.rules $(DESTDIR)$(prefix)/lib/udev/rules.d/70-launcher.rules
	install -m 644 systemd/launcher-vmm-network.conf $(DESTDIR)$(prefix)/lib/launcher
	test -e $(DESTDIR)/etc/launcher/launcher.conf || \
	  install -m 644 systemd/launcher.conf $(DESTDIR)/etc/launcher/launcher.conf

.PHONY: deb
deb: release
	scripts/install-dependencies package
	scripts/make-deb $(VERSION) $(DEB)
	scripts/make-docker-deb $(VERSION) $(DOCKER_DEB)
	lintian --allow-root --fail-on error --tag-display-limit 0 $(DEB) $(DOCKER_DEB)

# The package on a Debian 12 with a real systemd, in a container; needs root.
.PHONY: test-system
test-system: deb $(GUEST_IMAGE) $(PEER)
	scripts/install-dependencies system
	scripts/make-deb $(VERSION)+next $(NEXT_DEB)
	Tests/System/run $(DEB) $(NEXT_DEB) $(DOCKER_DEB) $(PEER) $(GUEST_IMAGE) $(SYSTEM_TEST_CACHE)

# The package on a Debian 12 with a kernel of its own, in an emulated machine; needs root.
.PHONY: test-own-kernel
test-own-kernel: deb $(GUEST_IMAGE) $(PEER)
	scripts/install-dependencies system run cloud
	Tests/System/run-in-guest $(DEB) $(PEER) $(GUEST_IMAGE) $(SYSTEM_TEST_CACHE)

.PHONY: clean
clean:
	rm -rf .build
