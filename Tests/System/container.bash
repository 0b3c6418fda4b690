# A Debian 12 container with a real systemd in it, for the system test. Sourced by `run`.
#
# The packages it needs are installed once into a cached tree; each run works in an overlay over it and throws that
# away. The container is systemd-nspawn's, without a network of the host's; what runs in it is reached by nsenter(1).

readonly suite=bookworm
readonly mirror=http://deb.debian.org/debian
# What systemd and the package's dependencies need; the package itself is installed by the test.
readonly base_packages=systemd,systemd-sysv,dbus,procps
readonly node_packages="libcap2 libseccomp2 libssl3 libyaml-0-2 libstdc++6 qemu-system-x86 qemu-utils xorriso ovmf \
iproute2"
# Kept as archives, for tests that install them: the container has no way to the mirror.
readonly later_packages="docker.io"

# The cached tree is made anew when this changes.
cache_key() { echo "$suite $mirror $base_packages $node_packages $later_packages"; }

# make_tree CACHE: makes the cached tree where it is missing.
make_tree() {
    local cache=$1 lock
    # Runs in several clones share the tree; one makes it, the others wait.
    exec {lock}>"$cache/lock"
    flock "$lock"
    if [[ $(cat "$cache/key" 2>/dev/null) == "$(cache_key)" ]]; then
        exec {lock}>&-
        return
    fi
    echo "making the container's tree in $cache (once)"
    rm -rf "$cache/key" "$cache/tree"
    {
        debootstrap --variant=minbase --include="$base_packages" "$suite" "$cache/tree" "$mirror" &&
            printf '#!/bin/sh\nexit 101\n' >"$cache/tree/usr/sbin/policy-rc.d" &&
            chmod 755 "$cache/tree/usr/sbin/policy-rc.d" &&
            # shellcheck disable=SC2086 # a list of words
            systemd-nspawn --quiet --register=no --keep-unit --console=pipe -D "$cache/tree" \
                apt-get install -y --no-install-recommends $node_packages &&
            # shellcheck disable=SC2086
            systemd-nspawn --quiet --register=no --keep-unit --console=pipe -D "$cache/tree" \
                apt-get install -y --no-install-recommends --download-only $later_packages &&
            rm "$cache/tree/usr/sbin/policy-rc.d"
    } </dev/null >"$cache/log" 2>&1 || {
        tail -20 "$cache/log" >&2
        echo "the container's tree could not be made; the whole log is $cache/log" >&2
        return 1
    }
    cache_key >"$cache/key"
    exec {lock}>&-
}

# open_container CACHE: a fresh container over the cached tree, not yet booted; its files are below $root.
open_container() {
    scratch=$(mktemp -d "$1/run.XXXXXX")
    root=$scratch/root
    mkdir "$scratch"/{upper,work,root}
    mount -t overlay overlay -o "lowerdir=$1/tree,upperdir=$scratch/upper,workdir=$scratch/work" "$root"
    # A minimal Debian has none.
    echo "127.0.0.1 localhost" >"$root/etc/hosts"
}

# boot: starts the container and waits until its systemd has started everything.
boot() {
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --register=no --keep-unit --private-network \
        --system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self" \
        --console=pipe --machine="launcher-test-$$" --directory="$root" --boot </dev/null >"$scratch/console" 2>&1 &
    nspawn=$!
    until_true 60 is_booted
}

# await_reboot SECONDS: waits until the container has ended to be booted again.
await_reboot() {
    local status=0
    until_true "$1" has_ended || return
    wait "$nspawn" || status=$?
    # systemd-nspawn's word for a reboot, where it is not to see to it itself.
    ((status == 133))
}
has_ended() { ! kill -0 "$nspawn" 2>/dev/null; }

is_booted() {
    leader=$(pgrep -P "$nspawn") && [[ $(inside systemctl is-system-running 2>/dev/null) =~ running|degraded ]]
}

# inside COMMAND...: runs a command in the container.
# A command that hangs is killed, so that the test ends whatever happens: after SECONDS_INSIDE, where that is set.
inside() { timeout --kill-after=1 "${SECONDS_INSIDE:-120}" nsenter -t "$leader" -a -- env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"; }

# close_container: ends the container with all that runs in it, and removes its files.
close_container() {
    if [[ -n ${nspawn:-} ]]; then
        # Its processes are in a process namespace that ends with its first process.
        [[ -z ${leader:-} ]] || kill -KILL "$leader" 2>/dev/null || true
        kill -KILL "$nspawn" 2>/dev/null || true
        wait "$nspawn" 2>/dev/null || true
    fi
    if [[ -n ${root:-} ]]; then
        until_true 20 umount "$root" 2>/dev/null || true
        rm -rf "$scratch"
    fi
}
