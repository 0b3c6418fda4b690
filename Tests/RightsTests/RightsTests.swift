import CSeccomp
import Testing

@testable import Rights

private let all =
  ProcessRights.all + [
    .stats.withLogFiles, .net.withLogFiles, .stats.withMetricsFile, .qemu.withWindow, .spawner.withWindow,
    .spawner.withSpice, .simulation, .manager.withVolumes, .qemu.withRBD, .spawner.withRBD,
  ]

private func allowed(_ rights: ProcessRights) -> Set<String> {
  Set(rights.seccomp.rules.flatMap(\.names))
}

/// What the filter knows by number.
private let youngerThanLibseccomp: Set = ["fchmodat2", "setxattrat", "removexattrat", "file_setattr"]

@Test(arguments: all.indices)
func everySystemCallIsKnownToLibseccomp(process: Int) throws {
  let rights = all[process]
  for rule in rights.seccomp.rules {
    for name in rule.names where !youngerThanLibseccomp.contains(name) {
      #expect(seccomp_syscall_resolve_name(name) != -1, "\(name)")
    }
  }
}

@Test(arguments: all.indices)
func everyRuleHasNamesAndAReason(process: Int) throws {
  let rights = all[process]
  for rule in rights.seccomp.rules {
    #expect(!rule.names.isEmpty)
    #expect(rule.reason.count >= 3, "\(rule.names)")
    for condition in rule.conditions {
      #expect(condition.argument < 6, "\(rule.names)")
      if case .equal(let mask, let value) = condition.comparison { #expect(value & ~mask == 0, "\(rule.names)") }
    }
  }
  guard case .domain(let policy) = rights.landlock else { return }
  for rule in policy.files { #expect(rule.reason.count >= 3 && !rule.access.isEmpty, "\(rule.place)") }
  #expect(policy.scopesSignals && policy.scopesAbstractSockets || policy.scopeReason.count >= 3)
}

@Test func aSimulationMayDoLessThanLauncherVMM() {
  let (simulation, manager) = (ProcessRights.simulation, ProcessRights.manager)
  #expect(allowed(simulation).isStrictSubset(of: allowed(manager)))
  for rule in simulation.seccomp.rules {
    #expect(
      manager.seccomp.rules.contains { other in
        Set(rule.names).isSubset(of: other.names) && (other.conditions == rule.conditions)
      }, "\(rule.names)")
  }
  #expect(simulation.capabilities == [])
  guard case .domain(let domain) = simulation.landlock else {
    Issue.record("a simulation has no Landlock domain")
    return
  }
  #expect(domain.files.map(\.place) == [.instances])
}

@Test func noConfinedProcessMayExecuteForkTraceMountOrChangeItsUser() {
  let never = [
    "execve", "execveat", "fork", "vfork", "clone", "clone3", "ptrace", "process_vm_readv", "process_vm_writev",
    "mount",
    "umount2", "unshare", "setns", "setuid", "setgid", "setresuid", "setresgid", "setgroups", "capset", "bpf", "kill",
    "init_module", "keyctl", "io_uring_setup", "pkey_mprotect", "personality",
  ]
  for rights in [ProcessRights.net, .resolver, .manager, .simulation, .observer, .network, .stats] {
    guard case .allowList = rights.seccomp.kind else {
      Issue.record("\(rights.name) has no allow-list")
      continue
    }
    #expect(allowed(rights).intersection(never).isEmpty, "\(rights.name)")
  }
}

@Test func socketsAreOfTheFamiliesThatEachProcessNeeds() {
  func families(_ rights: ProcessRights) -> Set<UInt64> {
    Set(
      rights.seccomp.rules.filter { $0.names.contains("socket") && $0.failure == nil }.map {
        guard let family = $0.conditions.first, family.argument == 0,
          case .equal(mask: .max, let value) = family.comparison
        else { return .max }
        return value
      })
  }
  #expect(families(.net) == [2, 10])
  #expect(families(.resolver) == [2, 10])
  #expect(families(.manager) == [1])
  #expect(families(.stats) == [])
  #expect(families(.observer) == [])
  #expect(families(.network) == [])
}

@Test func memoryIsNeverExecutableWhereNoModulesAreLoaded() {
  for rights in [ProcessRights.net, .manager, .simulation, .observer, .network, .stats] {
    for rule in rights.seccomp.rules where !Set(rule.names).isDisjoint(with: ["mmap", "mprotect"]) {
      #expect(
        rule.conditions == [SyscallRule.Condition(argument: 2, comparison: .equal(mask: 4, value: 0))],
        "\(rights.name)")
    }
  }
}

@Test func whatAMachineOrToolWritesIsItsOwn() {
  for rights in [ProcessRights.qemu, .qemu.withWindow, .qemu.withRBD, .qemuImg, .xorriso] {
    guard case .domain(let policy) = rights.landlock else {
      Issue.record("\(rights.name) has no domain")
      continue
    }
    let written = policy.files.filter { !$0.access.isDisjoint(with: [.writeFile, .makeFile, .removeFile]) }.map(\.place)
    let own: Set<Place> = [.disk, .firmwareVariables, .staging, .path("/dev/kvm"), .path("/dev/null")]
    #expect(own.isSuperset(of: written), "\(rights.name)")
    let executed = policy.files.filter { $0.access.contains(.execute) }.map(\.place)
    #expect(
      Set(executed) == [.program, .path("/lib64/ld-linux-x86-64.so.2"), .path("/lib/ld-linux-aarch64.so.1")],
      "\(rights.name)")
    #expect(policy.bind == .none && policy.scopesSignals && policy.scopesAbstractSockets)
  }
}

@Test func xorrisoDoesNotSleepBesideItsWriter() {
  let sleeps = ProcessRights.xorriso.seccomp.rules.filter { $0.names.contains("clock_nanosleep") }
  #expect(sleeps.map(\.failure) == [0] && sleeps.allSatisfy(\.conditions.isEmpty))
}

@Test func statsOpensNothing() {
  #expect(allowed(.stats).intersection(["open", "openat", "socket", "socketpair", "memfd_create", "accept4"]).isEmpty)
}

@Test func theListsForChildrenDenyWhatNoneOfThemMayDo() {
  for rights in [ProcessRights.spawner, .frontEnd] {
    guard case .denyList = rights.seccomp.kind else {
      Issue.record("\(rights.name) has no deny-list")
      continue
    }
    #expect(
      allowed(rights).isSuperset(of: [
        "ptrace", "mount", "unshare", "setns", "init_module", "bpf", "keyctl", "kexec_load",
      ]))
  }
  #expect(allowed(.spawner).isSuperset(of: ["setuid", "setresuid", "setgroups", "capset"]))
}

@Test func onlyTheFrontEndAndTheNetworkChildKeepCapabilities() {
  for rights in all where rights.name != ProcessRights.frontEnd.name {
    let kept = rights.name == ProcessRights.network.name ? ["cap_net_admin"] : []
    #expect(rights.capabilities == kept && !rights.mayBeRoot, "\(rights.name)")
  }
  #expect(ProcessRights.frontEnd.capabilities.contains("cap_net_admin"))
  #expect(!ProcessRights.frontEnd.withoutNetworks.capabilities.contains("cap_net_admin"))
  #expect(ProcessRights.frontEnd.mayBeRoot)
}

@Test func whatMachinesMayMoreWithRBDIsTheirsAndTheSpawnersAlone() throws {
  for rights in [ProcessRights.spawner, .qemu] {
    let more = try #require(rights.underOptions.first { $0.option == OptionRights.rbd })
    #expect(more.allowed.map(\.names) == [["socket"]] && more.connect == .ceph, "\(rights.name)")
    for (process, ports) in [(rights, TCPPorts.none), (rights.withRBD, .ceph)] {
      guard case .domain(let policy) = process.landlock else {
        Issue.record("\(rights.name) has no domain")
        continue
      }
      #expect(policy.connect == ports && policy.bind == .none, "\(rights.name)")
    }
  }
  for rights in ProcessRights.all where rights.underOptions.contains(where: { $0.option == OptionRights.rbd }) {
    #expect([ProcessRights.spawner.name, ProcessRights.qemu.name].contains(rights.name))
  }
}

/// What the kernel makes of a family and a type: 32 bits of each.
@Test func socketsOfRBDVolumesAreTCPClientsAlone() {
  func passes(_ family: UInt64, _ type: UInt64, _ proto: UInt64 = 0) -> Bool {
    !ProcessRights.spawner.withRBD.seccomp.rules.filter { $0.names.contains("socket") }.contains { rule in
      rule.conditions.allSatisfy { condition in
        let value = [family, type, proto][Int(condition.argument)]
        return switch condition.comparison {
        case .equal(let mask, let wanted): value & mask == wanted
        case .different(let other): value != other
        }
      }
    }
  }
  let families = (0..<UInt64(46)).filter { passes($0, 1) }
  #expect(families == [2, 10])
  #expect((0..<UInt64(16)).filter { passes(2, $0) } == [1])
  #expect(passes(10, 0o2_004_001))
  for family in families.map({ $0 | 1 << 32 }) { #expect(passes(family, 1)) }
  #expect(!passes(1 | 1 << 32, 1) && !passes(2, 2 | 1 << 32) && !passes(2, 1, 262) && !passes(2, 1, 6 | 1 << 32))
}

@Test func whatTheSpawnerMayMoreWithSpiceIsExplained() {
  func refused(_ rights: ProcessRights) -> Set<String> { Set(rights.seccomp.rules.flatMap(\.names)) }
  #expect(refused(.spawner).subtracting(refused(ProcessRights.spawner.withSpice)) == ["socketpair"])
  for rights in [ProcessRights.spawner, .qemu] {
    let more = rights.underOptions.first { $0.option == "-with-ui=spice" }
    #expect(more?.allowed.map(\.names) == [["socketpair"]], "\(rights.name)")
  }
  #expect(ProcessRights.qemuImg.underOptions.isEmpty)
}
