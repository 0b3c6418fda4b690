# Sourced by `own-kernel` before the shutdown, with no instance: the drop-in and udev's rule for tenants' networks, and
# tunnels by GRE, which not every kernel has.

# The far end of the compute network is in a network namespace, where the concentrator would be.
readonly compute_address=10.9.0.1 concentrator_address=10.9.0.2
readonly network_dropin=/etc/systemd/system/launcher-vmm.service.d/network.conf

make_compute_network() {
    ip netns add concentrator
    ip link add compute0 type veth peer name far0 netns concentrator
    ip address add "$compute_address/24" dev compute0
    ip link set compute0 up
    ip -n concentrator address add "$concentrator_address/24" dev far0
    ip -n concentrator link set far0 up
}

# What the comment of the drop-in tells an operator to do.
take_part_in_networks() {
    install -D -m 644 /usr/lib/launcher/launcher-vmm-network.conf "$network_dropin"
    printf 'network = cn\ncompute-net = 10.9.0.0/24\nmgmt-net = 10.9.0.0/24\n' >>/etc/launcher/launcher.conf
    systemctl daemon-reload
    systemctl restart launcher.target
}

order_start_on_network() {
    order START "---\nstart:\n  requested_resources:\n  - {type: vcpus, value: 1}\n  - {type: mem_mb, value: 128}\n  \
instance_uuid: $instance\n  tenant_uuid: $instance\n  image_uuid: $image\n  fw_type: legacy\n  networking:\n    \
vnic_mac: 02:00:e6:f5:af:f9\n    vnic_uuid: $instance\n    concentrator_uuid: $instance\n    \
concentrator_ip: $concentrator_address\n    subnet: 192.168.8.0/24\n    subnet_key: 8\n    subnet_uuid: $instance\n    \
private_ip: 192.168.8.2\n...\n"
}

# links KIND: the names of the interfaces of a kind.
links() { ip -o link show type "$1" | awk -F': ' '{ sub(/@.*/, "", $2); print $2 }'; }
has_gre_tunnel() { [[ $(links gretap | grep -c '^lt-') == 1 && $(links bridge | grep -c '^lb-') == 1 ]]; }
has_no_network() { [[ -z $(links bridge)$(links gretap | grep '^lt-') ]]; }
tunnel_is_documented() {
    local tunnel
    tunnel=$(ip -d link show "$(links gretap | grep '^lt-')")
    echo "$tunnel"
    # The subnet's address bytes 192 168 8 0 as a little-endian number: 0x0008a8c0, which ip writes with dots.
    [[ $tunnel == *"remote $concentrator_address local $compute_address"* && $tunnel == *"key 0.8.168.192"* ]]
}
# Of launcher-vmm's processes the network child alone has a capability: CAP_NET_ADMIN, bit 12.
capabilities_are_apart() {
    local pid name effective
    for pid in $(pgrep --full /usr/sbin/launcher-vmm); do
        read -r name <"/proc/$pid/comm"
        effective=$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")
        echo "$name: $effective"
        if [[ $name == vmm-network ]]; then
            [[ $effective == 0000000000001000 ]] || return 1
        else
            [[ $effective == 0000000000000000 ]] || return 1
        fi
    done
}
# udev gives a macvtap's device to launcher-vmm if the interface is launcher's.
macvtap_belongs_to() {
    local device
    device=/dev/tap$(<"/sys/class/net/$1/ifindex")
    ls -l "$device"
    [[ $(stat -c %U "$device") == "$2" ]]
}

echo "tenants' networks"
make_compute_network
promise "with the drop-in and network = cn the units start" take_part_in_networks
promise "  and launcher is connected" until_true "$patience" is_connected
promise "the network child alone has a capability" capabilities_are_apart
order_start_on_network
promise "START runs a machine on its tenant's network" until_true "$patience" runs
machine=$(machine_pid)
promise "  by a bridge and a GRE tunnel" has_gre_tunnel
promise "  to the concentrator, with the subnet's key" tunnel_is_documented
promise "the audit finds everything in order" launcher-audit
promise "systemctl restart of launcher-vmm works" systemctl restart launcher-vmm.service
promise "  and machine and tunnel are as they were" until_true "$patience" is_managed
promise "  and the tunnel is the same" has_gre_tunnel
order_for_instance DELETE
promise "DELETE leaves no interface" until_true "$patience" has_no_network
until_true "$patience" is_gone
ip link add link compute0 name lv-test type macvtap mode bridge
promise "udev gives a network node's device to launcher-vmm" until_true "$patience" macvtap_belongs_to lv-test launcher-vmm
ip link add link compute0 name other-test type macvtap mode bridge
udevadm settle
promise "  and no other's" macvtap_belongs_to other-test root
ip link delete lv-test
ip link delete other-test
