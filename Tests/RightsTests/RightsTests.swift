import CSeccomp
import Testing

@testable import Rights

private let all: [ProcessRights] = [.net, .resolver, .manager, .spawner, .stats, .frontEnd]

private func allowed(_ rights: ProcessRights) -> Set<String> {
  Set(rights.seccomp.rules.flatMap(\.names))
}

@Test(arguments: all.map(\.name))
func everySystemCallIsKnownToLibseccomp(process: String) throws {
  let rights = try #require(all.first { $0.name == process })
  for rule in rights.seccomp.rules {
    for name in rule.names { #expect(seccomp_syscall_resolve_name(name) != -1, "\(name)") }
  }
}

@Test(arguments: all.map(\.name))
func everyRuleHasNamesAndAReason(process: String) throws {
  let rights = try #require(all.first { $0.name == process })
  for rule in rights.seccomp.rules {
    #expect(!rule.names.isEmpty)
    #expect(rule.reason.count >= 3, "\(rule.names)")
    #expect(rule.conditions.allSatisfy { $0.argument < 6 && $0.value & ~$0.mask == 0 }, "\(rule.names)")
  }
}

@Test func noConfinedProcessMayExecuteForkTraceMountOrChangeItsUser() {
  let never = [
    "execve", "execveat", "fork", "vfork", "clone", "clone3", "ptrace", "process_vm_readv", "process_vm_writev",
    "mount",
    "umount2", "unshare", "setns", "setuid", "setgid", "setresuid", "setresgid", "setgroups", "capset", "bpf", "kill",
    "init_module", "keyctl", "io_uring_setup", "pkey_mprotect", "personality",
  ]
  for rights in [ProcessRights.net, .resolver, .manager, .stats] {
    guard case .allowList = rights.seccomp.kind else {
      Issue.record("\(rights.name) has no allow-list")
      continue
    }
    #expect(allowed(rights).intersection(never).isEmpty, "\(rights.name)")
  }
}

@Test func socketsAreOfTheFamiliesThatEachProcessNeeds() {
  func families(_ rights: ProcessRights) -> Set<UInt64>? {
    let rules = rights.seccomp.rules.filter { $0.names.contains("socket") }
    guard rules.allSatisfy({ $0.conditions.count == 1 && $0.conditions[0].argument == 0 }) else { return nil }
    return Set(rules.map { $0.conditions[0].value })
  }
  #expect(families(.net) == [2, 10])
  #expect(families(.manager) == [1])
  #expect(families(.stats) == [])
  #expect(families(.resolver) == [1, 2, 10, 16])
}

@Test func memoryIsNeverExecutableWhereNoModulesAreLoaded() {
  for rights in [ProcessRights.net, .manager, .stats] {
    for rule in rights.seccomp.rules where !Set(rule.names).isDisjoint(with: ["mmap", "mprotect"]) {
      #expect(rule.conditions == [SyscallRule.Condition(argument: 2, mask: 4, value: 0)], "\(rights.name)")
    }
  }
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

@Test func onlyTheFrontEndKeepsCapabilitiesOrMayBeRoot() {
  for rights in all where rights.name != ProcessRights.frontEnd.name {
    #expect(rights.capabilities.isEmpty && !rights.mayBeRoot, "\(rights.name)")
  }
  #expect(ProcessRights.frontEnd.mayBeRoot)
}
