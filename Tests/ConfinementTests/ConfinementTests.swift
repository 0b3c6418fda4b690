import CShims
import Glibc
import Testing

@testable import Confinement
@testable import Rights

private let isRoot = geteuid() == 0

/// The fields of the calling thread's status, as the kernel tells them: capabilities and filters are a thread's.
private func status() -> [String: String] {
  guard let file = fopen("/proc/thread-self/status", "re") else { return [:] }
  defer { fclose(file) }
  var fields: [String: String] = [:]
  var line = [CChar](repeating: 0, count: 4096)
  while fgets(&line, Int32(line.count), file) != nil {
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let parts = text.split(separator: ":", maxSplits: 1)
    guard parts.count == 2 else { continue }
    let words = parts[1].split { $0 == " " || $0 == "\t" || $0 == "\n" }
    fields[String(parts[0])] = words.joined(separator: " ")
  }
  return fields
}

private let none = "0000000000000000"

@Test(.enabled(if: isRoot, "becoming another user needs root"))
func afterTheDropNothingOfRootIsLeft() async {
  await #expect(processExitsWith: .success) {
    // Root's supplementary groups and a tie to the parent, which a change of user would undo.
    var group: gid_t = 0
    try #require(setgroups(1, &group) == 0)
    try #require(sh_prctl(PR_SET_PDEATHSIG, UInt(SIGTERM), 0, 0, 0) == 0)
    try Confinement.dropPrivileges(to: UserIDs(uid: 61001, gid: 61001), rights: .stats)
    let status = status()
    #expect(status["Uid"] == "61001 61001 61001 61001")
    #expect(status["Gid"] == "61001 61001 61001 61001")
    #expect(status["Groups"] == "")
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] { #expect(status[set] == none, "\(set)") }
    #expect(status["NoNewPrivs"] == "1")
    #expect(sh_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)
    var core = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core)
    #expect(core.rlim_cur == 0 && core.rlim_max == 0)
    var signal: Int32 = 0
    _ = withUnsafeMutablePointer(to: &signal) { sh_prctl(PR_GET_PDEATHSIG, UInt(bitPattern: $0), 0, 0, 0) }
    #expect(signal == SIGTERM)
    #expect(setuid(0) == -1 && errno == EPERM)
  }
}

@Test(.enabled(if: isRoot, "becoming another user needs root"))
func supplementaryGroupsAreExactlyThoseGiven() async {
  await #expect(processExitsWith: .success) {
    try Confinement.dropPrivileges(to: UserIDs(uid: 61001, gid: 61001, groups: [61005, 61006]), rights: .manager)
    #expect(status()["Groups"] == "61005 61006")
  }
}

@Test(.enabled(if: isRoot, "becoming another user needs root"))
func aGroupThatIsToBeLeftIsLeftOrTheProcessEnds() async {
  await #expect(processExitsWith: .success) {
    #expect(throws: ConfinementError.self) { try Confinement.leave(group: getgid()) }
    setgroups(2, [61005, 61006])
    try Confinement.leave(group: 61005)
    #expect(status()["Groups"] == "61006")
    setuid(61001)
    #expect(throws: ConfinementError.self) { try Confinement.leave(group: 61006) }
    try Confinement.leave(group: 61007)
  }
}

@Test(.enabled(if: isRoot, "becoming another user needs root"))
func capabilitiesThatAreNotKeptAreGoneFromEverySet() async {
  await #expect(processExitsWith: .success) {
    let rights = ProcessRights(
      name: "test", capabilities: ["cap_net_admin"], securebits: .all, limits: [],
      landlock: .none(because: "not of interest here"), seccomp: SeccompPolicy(kind: .denyList, rules: []),
      libraries: [])
    try Confinement.dropPrivileges(to: UserIDs(uid: 61001, gid: 61001), rights: rights)
    let status = status()
    let netAdmin = "0000000000001000"
    #expect(status["CapPrm"] == netAdmin && status["CapEff"] == netAdmin && status["CapBnd"] == netAdmin)
    #expect(status["CapInh"] == none && status["CapAmb"] == none)
    #expect(status["Uid"] == "61001 61001 61001 61001")
  }
}

@Test(.enabled(if: isRoot, "only root can be refused for being root"))
func rootWithoutAUserIsRefusedUnlessItsRightsSayOtherwise() async {
  await #expect(processExitsWith: .success) {
    for rights in [ProcessRights.net, .manager, .stats, .spawner, .observer, .network, .resolver] {
      #expect(throws: ConfinementError.self) { try Confinement.dropPrivileges(to: nil, rights: rights) }
    }
    try Confinement.dropPrivileges(to: nil, rights: .frontEnd)
    let status = status()
    // KILL, SETGID, SETUID, SETPCAP, NET_ADMIN.
    for set in ["CapPrm", "CapEff", "CapBnd"] { #expect(status[set] == "00000000000011e0", "\(set)") }
    #expect(status["CapInh"] == none && status["CapAmb"] == none)
  }
}

@Test func aUserThatIsNotRootCannotTakeAnotherIdentity() async {
  await #expect(processExitsWith: .success) {
    if geteuid() == 0 { try #require(sh_set_ids(61001, 61001, nil, 0) == 0) }
    #expect(throws: ConfinementError.self) {
      try Confinement.dropPrivileges(to: UserIDs(uid: getuid() + 1, gid: getgid()), rights: .stats)
    }
    try Confinement.dropPrivileges(to: UserIDs(uid: getuid(), gid: getgid()), rights: .stats)
    #expect(status()["CapPrm"] == none)
    #expect(status()["NoNewPrivs"] == "1")
  }
}

@Test func anUnknownCapabilityOrSystemCallIsAnError() async {
  await #expect(processExitsWith: .success) {
    #expect(throws: ConfinementError.self) { try Capabilities.value(named: "cap_nonsense") }
    let policy = SeccompPolicy(kind: .allowList, rules: [rule("no_such_call", because: "test")])
    #expect(throws: ConfinementError.self) { try SeccompFilter.load(policy) }
    #expect(status()["Seccomp"] == "0")
  }
}
