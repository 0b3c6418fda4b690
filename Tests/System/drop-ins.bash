# Promises about drop-ins of launcher-vmm.service: containers, tenants' networks and volumes. Sourced by `run`.

readonly drop_ins=/etc/systemd/system/launcher-vmm.service.d

# The processes of launcher-vmm.service but machines, as "NAME PID": launcher-vmm and its children.
vmm_processes() {
    local pid
    for pid in $(main_pid launcher-vmm) $(inside pgrep -P "$(main_pid launcher-vmm)"); do
        echo "$(inside cat "/proc/$pid/comm") $pid"
    done
}

# Those, the machine, and the other processes of launcher.
all_processes() {
    vmm_processes
    echo "machine $(machine_pid)"
    echo "net $(main_pid launcher-net)"
    echo "stats $(main_pid launcher-stats)"
}

# has_docker_group NAMES: of all processes of launcher and the machine, these have it.
has_docker_group() {
    local name pid group found=
    group=$(inside getent group docker | cut -d: -f3)
    while read -r name pid; do
        [[ " $(inside sed -n 's/^Groups:[[:space:]]*//p' "/proc/$pid/status") " != *" $group "* ]] || found+="$name "
    done < <(all_processes)
    echo "with group $group: $found"
    [[ -n $group && $found == "$1" ]]
}

# have_capabilities EXPECTED: the processes that have any, each with its five sets, as "NAME CapInh CapPrm CapEff CapBnd CapAmb".
have_capabilities() {
    local name pid sets found=
    while read -r name pid; do
        sets=$(inside sed -n 's/^Cap...:[[:space:]]*0*//p' "/proc/$pid/status" | tr '\n' ,)
        [[ $sets == ,,,,, ]] || found+="$name $sets "
    done < <(all_processes)
    echo "with capabilities: $found"
    [[ $found == "$1" ]]
}
# CAP_NET_ADMIN, number 12: permitted, effective and bounding, neither inheritable nor ambient.
readonly net_admin_alone="vmm-network ,1000,1000,1000,, "

# audit_says TEXT: the audit finds everything in order, and says this.
audit_says() { inside launcher-audit >"$scratch/audit"; cat "$scratch/audit"; grep -F "$1" "$scratch/audit"; }

# An engine without a network, as there is none here; without what a container needs of a kernel of its own.
install_docker_package() {
    install -d "$root/etc/docker"
    echo '{"iptables": false, "ip6tables": false, "bridge": "none", "storage-driver": "vfs"}' >"$root/etc/docker/daemon.json"
    cp "$docker_package" "$root/var/tmp/launcher-docker.deb"
    SECONDS_INSIDE=600 inside env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends /var/tmp/launcher-docker.deb
}
engine_answers() { inside docker version --format '{{.Server.Version}}'; }
has_containers_on() { is_up && vmm_processes | grep '^vmm-containers '; }
has_containers_off() { is_up && ! vmm_processes | grep '^vmm-containers '; }
engine_is_used() { ! inside journalctl --unit=launcher-vmm --output=cat _PID="$(main_pid launcher-vmm)" --grep='engine does not answer' && inside pgrep -u launcher-vmm -x docker; }
checks_engine() {
    inside launcher -config /etc/launcher/launcher.conf -containers -check-config >"$scratch/check"
    cat "$scratch/check"
    grep "ready *container engine *version" "$scratch/check"
}
order_container() {
    order START "---\nstart:\n  requested_resources:\n  - {type: vcpus, value: 1}\n  - {type: mem_mb, value: 64}\n  \
instance_uuid: 5f0a2a6e\n  tenant_uuid: 5f0a2a6e\n  docker_image: nowhere.invalid/nothing:1\n  vm_type: docker\n...\n"
}
has_no_image() { grep -F '"operand":"StartFailure"' "$root/var/peer.events" | grep -F 5f0a2a6e | grep -F image_failure; }
purge_docker_package() { inside apt-get purge -y launcher-docker && inside apt-get purge -y docker.io; }
docker_package_is_gone() {
    local left
    left=$(inside find / -xdev -path '*launcher-docker*' -not -path '/var/tmp/*' -not -path '/proc/*' -not -path '/var/log/*')
    left+=$(inside find / -xdev -name containers.conf -path '*launcher*')
    echo "$left"
    [[ -z $left ]]
}

# The node's interface for tenants' networks, as an operator has one.
add_interface() {
    inside ip link add compute0 type veth peer name compute1 &&
        inside ip addr add 192.0.2.1/24 dev compute0 && inside ip link set compute0 up && inside ip link set compute1 up
}
# By the commands that the page names.
use_network() {
    printf '%s\n' "network = cn" "compute-net = 192.0.2.0/24" "mgmt-net = 192.0.2.0/24" >>"$root/etc/launcher/launcher.conf"
    page_block "For it alone a drop-in gives" >"$scratch/commands"
    cat "$scratch/commands"
    [[ -s $scratch/commands ]] && inside sh -e <"$scratch/commands"
}
has_network() { is_up && vmm_processes | grep '^vmm-network '; }
# And with room for a container beside the machine.
end_network() {
    inside rm -r "$drop_ins"
    sed 's/^max-vm = .*/max-vm = 2/' "$scratch/launcher.conf" >"$root/etc/launcher/launcher.conf"
    inside systemctl daemon-reload && inside systemctl restart launcher.target && inside ip link del compute0
}

# A folder of volumes with one in it, as the page says.
use_volumes() {
    drop_in launcher-vmm volumes "which its unit must leave writable" &&
        sed -n 's/^The folder and its files are to be its user.s: `\(install .*\)`\.$/\1/p' "$page" >"$scratch/commands" &&
        cat "$scratch/commands" && [[ -s $scratch/commands ]] && inside sh -e <"$scratch/commands" &&
        truncate -s 1M "$root$volumes/$volume" &&
        inside chown launcher-vmm: "$volumes/$volume" &&
        echo "volumes = $volumes" >>"$scratch/launcher.conf" &&
        cp "$scratch/launcher.conf" "$root/etc/launcher/launcher.conf" &&
        inside systemctl restart launcher.target
}
order_attach() {
    order AttachVolume "---\nattach_volume:\n  instance_uuid: $instance\n  volume_uuid: $volume\n  \
workload_agent_uuid: $(node_uuid)\n...\n"
}
has_volume() { grep -F '"operand":"STATS"' "$root/var/peer.events" | tail -1 | grep -F "$volume"; }
machine_has_volume() { inside ls -l "/proc/$(machine_pid)/fd" | grep -F "$volumes/$volume"; }

# By the commands that the page names: no Ceph is there, and no driver.
use_rbd() {
    drop_in launcher-vmm volumes "The unit must leave them the node's" || return
    echo "volumes = rbd:volumes" >>"$root/etc/launcher/launcher.conf"
    inside systemctl restart launcher.target
}
checks_rbd() {
    ! inside launcher -config /etc/launcher/launcher.conf -check-config >"$scratch/check" || return
    cat "$scratch/check"
    grep "missing *RBD driver" "$scratch/check" && grep -F "apt-get install qemu-block-extra" "$scratch/check" &&
        grep "missing *ceph.conf" "$scratch/check" && grep "missing *Ceph key" "$scratch/check"
}
end_rbd() {
    inside rm -r "$drop_ins"
    cp "$scratch/launcher.conf" "$root/etc/launcher/launcher.conf"
    inside systemctl daemon-reload && inside systemctl restart launcher.target
}

promise_drop_ins() {
    echo "RBD volumes, by their drop-in"
    promise "the drop-in is installed as documented" use_rbd
    promise "  and launcher-vmm is up" until_true "$patience" is_up
    promise "  with the exposure that is documented" has_stated_exposure launcher-vmm 3.0 ", with RBD volumes"
    promise "  and the machine is untouched" until_true "$patience" is_untouched
    promise "the audit finds everything in order" audit_says "have the key of client.launcher: rbd:volumes."
    promise "-check-config says what is missing" checks_rbd
    end_rbd
    until_true "$patience" is_up

    echo "tenants' networks, by their drop-in"
    add_interface
    promise "the drop-in is installed as documented" use_network
    promise "  and launcher-vmm has its network child" until_true "$patience" has_network
    promise "  which has CAP_NET_ADMIN, and no other process has any" have_capabilities "$net_admin_alone"
    promise "  with the exposure that is documented" has_stated_exposure launcher-vmm 3.0 ", with networks"
    promise "  and the machine is untouched" until_true "$patience" is_untouched
    promise "the audit finds everything in order" audit_says "launcher-vmm (network)"

    echo "containers, by their package"
    promise "launcher-docker is installed, with docker" install_docker_package
    promise "docker's engine answers" until_true "$patience" engine_answers
    promise "containers are on, beside networks" until_true "$patience" has_containers_on
    promise "  and the engine is used" until_true "$patience" engine_is_used
    promise "  by the one process that has the group" has_docker_group "vmm-containers "
    promise "  CAP_NET_ADMIN is the network child's, and no other process has any" have_capabilities "$net_admin_alone"
    promise "  with the exposure that is documented" has_stated_exposure launcher-vmm 3.0 ", with both"
    promise "the audit finds everything in order" audit_says "containers: on. launcher-vmm (containers)"
    end_network
    promise "without networks containers are on" until_true "$patience" has_containers_on
    promise "  by the one process that has the group" has_docker_group "vmm-containers "
    promise "  and no process has a capability" have_capabilities ""
    promise "  with the exposure that is documented" has_stated_exposure launcher-vmm 3.0 ", with containers"
    promise "the audit finds everything in order" audit_says "containers: on. launcher-vmm (containers)"
    promise "-check-config finds the engine" checks_engine
    order_container
    promise "START of a container gets as far as its image" until_true "$patience" has_no_image
    promise "  and the machine is untouched" until_true "$patience" is_untouched
    promise "launcher-docker is purged" purge_docker_package
    promise "  and nothing of it is left" docker_package_is_gone
    promise "  and containers are off" until_true "$patience" has_containers_off
    promise "the audit finds everything in order" audit_says "containers: off"
    promise "volumes are on, by their drop-in" use_volumes
    until_true "$patience" is_up
    promise "  and the machine is untouched" until_true "$patience" is_untouched
    promise "the audit finds everything in order" audit_says "volumes: on"
}
