# A Debian 12 with a kernel of its own, in an emulated machine, for what a container shares with its host: control
# groups, devices, network. Sourced by `run-in-guest`, after container.bash, whose cached tree is what the machine's disk is made of.

# Boots the disk; what the tree has not got.
readonly guest_packages="linux-image-cloud-amd64 initramfs-tools iproute2 udev"
# Of the disk, which takes only what is written to it.
readonly guest_disk=3G

guest_key() { echo "$(cache_key) $guest_packages $guest_disk $(guest_unit)"; }

# What runs in the machine comes on its second disk, a tar archive; what it says goes to its serial port.
guest_unit() {
    cat <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'mkdir /test && tar -x -C /test -f /dev/vdb && exec /test/run'
ExecStopPost=systemctl poweroff
StandardOutput=file:/dev/ttyS0
StandardError=file:/dev/ttyS0
[Install]
WantedBy=graphical.target multi-user.target
UNIT
}

# make_guest CACHE: makes kernel, first file system and disk of the machine where they are missing.
make_guest() {
    local cache=$1 lock made=$1/guest
    exec {lock}>"$cache/guest.lock"
    flock "$lock"
    if [[ $(cat "$made/key" 2>/dev/null) != "$(guest_key)" ]]; then
        echo "making the guest's disk in $cache (once)"
        rm -rf "$made"
        mkdir -p "$made"
        if ! make_guest_disk "$cache/tree" "$made" </dev/null >"$cache/guest.log" 2>&1; then
            rm -rf "$made"
            tail -20 "$cache/guest.log" >&2
            echo "the guest's disk could not be made; the whole log is $cache/guest.log" >&2
            return 1
        fi
        guest_key >"$made/key"
    fi
    exec {lock}>&-
}

make_guest_disk() {
    local tree=$1 made=$2 root=$2/root
    cp -a --reflink=auto "$tree" "$root" &&
        printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d" &&
        # shellcheck disable=SC2086 # a list of words
        systemd-nspawn --quiet --register=no --keep-unit --console=pipe -D "$root" \
            apt-get install -y --no-install-recommends $guest_packages &&
        rm "$root/usr/sbin/policy-rc.d" &&
        guest_unit >"$root/etc/systemd/system/test.service" &&
        ln -s ../test.service "$root/etc/systemd/system/multi-user.target.wants/test.service" &&
        echo '/dev/vda / ext4 defaults 0 1' >"$root/etc/fstab" &&
        echo "127.0.0.1 localhost" >"$root/etc/hosts" &&
        rm -rf "$root"/var/cache/apt/archives/*.deb &&
        cp "$root"/boot/vmlinuz-* "$made/kernel" && cp "$root"/boot/initrd.img-* "$made/initrd" &&
        truncate -s "$guest_disk" "$made/disk" && mkfs.ext4 -q -d "$root" "$made/disk" && rm -rf "$root"
}

# run_guest CACHE FILES SECONDS: boots the machine with the files of a folder, shows what it says, and waits until it
# ends by itself; one that does not in that time has failed. All that it said is in $scratch/console.
run_guest() {
    local made=$1/guest status=0
    : >"$scratch/console"
    tar -c -C "$2" -f "$scratch/files.tar" .
    # The disk stays as it was made: what is written goes to a file that is gone with the machine.
    timeout --kill-after=1 "$3" qemu-system-x86_64 -display none -nodefaults -no-reboot \
        -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 -serial stdio \
        -kernel "$made/kernel" -initrd "$made/initrd" \
        -append "root=/dev/vda rw console=ttyS0 quiet loglevel=3 tsc=reliable no_timer_check mitigations=off \
systemd.show_status=no systemd.mask=serial-getty@ttyS0.service" \
        -drive "file=$made/disk,format=raw,if=virtio,snapshot=on" \
        -drive "file=$scratch/files.tar,format=raw,if=virtio,readonly=on" </dev/null >"$scratch/console" 2>&1 &
    guest=$!
    tail --pid="$guest" -n +1 -f "$scratch/console" | tr -d '\r' &
    wait "$guest" || status=$?
    guest=
    wait
    return "$status"
}

# end_guest: ends a machine that still runs.
end_guest() {
    [[ -z ${guest:-} ]] || kill "$guest" 2>/dev/null || true
    wait
}
