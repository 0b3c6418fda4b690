import CShims
import Glibc
import Linux
import Rights

/// Landlock domains: made from a policy, bound to this process or, by the spawner, to a child.
public enum Landlock {
  /// The kernel's ABI, from 1; 0 where it has no Landlock.
  public static var abi: Int { max(0, Int(sh_landlock_abi())) }

  private static let connectTCP: UInt64 = 1 << 1
  private static let bindTCP: UInt64 = 1 << 0
  private static let abstractSockets: UInt64 = 1 << 0
  private static let signals: UInt64 = 1 << 1
  private static let allFiles: UInt64 = (1 << 16) - 1

  /// The accesses to files that an ABI knows (landlock(7)).
  private static func files(abi: Int) -> UInt64 {
    switch abi {
    case 1: allFiles >> 3
    case 2: allFiles >> 2
    case 3...4: allFiles >> 1
    default: allFiles
    }
  }

  /// What of `policy` this kernel cannot enforce, as a sentence for a warning; nil when nothing is missing.
  public static func shortcomings(of policy: LandlockPolicy, abi: Int = Landlock.abi) -> String? {
    guard abi > 0 else { return "this kernel has no Landlock: files and ports are guarded by users and seccomp alone" }
    var missing: [String] = []
    if abi < 3 { missing.append("truncating files") }
    if abi < 4, policy.connect != .any || policy.bind != .any { missing.append("TCP ports") }
    if abi < 5 { missing.append("device controls") }
    if abi < 6, policy.scopesAbstractSockets { missing.append("abstract sockets") }
    if abi < 6, policy.scopesSignals { missing.append("signals") }
    return missing.isEmpty
      ? nil : "this kernel's Landlock (ABI \(abi)) does not govern \(missing.joined(separator: ", "))"
  }

  /// The rules of `policy` as far as this kernel knows them; nil where it has no Landlock.
  public static func ruleset(_ policy: LandlockPolicy, _ surroundings: Surroundings) throws(ConfinementError)
    -> Descriptor?
  {
    let abi = abi
    guard abi > 0 else { return nil }
    let handled = files(abi: abi)
    let ports = abi >= 4 ? [(policy.connect, connectTCP), (policy.bind, bindTCP)] : []
    let handledPorts = ports.reduce(0) { $1.0 == .any ? $0 : $0 | $1.1 }
    let scopes =
      abi >= 6
      ? (policy.scopesAbstractSockets ? abstractSockets : 0) | (policy.scopesSignals ? signals : 0) : 0
    let fd = sh_landlock_ruleset(Int32(abi), handled, handledPorts, scopes)
    try ConfinementError.check(fd, "make a Landlock ruleset")
    let ruleset = Descriptor(fd)
    for rule in policy.files {
      for handle in try surroundings.handles(of: rule.place) {
        var access = rule.access
        if try !isFolder(handle) { access.formIntersection(.ofFiles) }
        try ConfinementError.check(
          sh_landlock_allow_path(ruleset.raw, handle.raw, access.rawValue & handled), "Landlock rule for \(rule.place)")
      }
    }
    for (allowed, access) in ports {
      for port in numbers(allowed, surroundings) {
        try ConfinementError.check(sh_landlock_allow_port(ruleset.raw, port, access), "Landlock rule for port \(port)")
      }
    }
    return ruleset
  }

  private static func isFolder(_ handle: Descriptor) throws(ConfinementError) -> Bool {
    try ConfinementError.wrapping("Landlock") { () throws(SystemError) in
      try handle.status().st_mode & S_IFMT == S_IFDIR
    }
  }

  private static func numbers(_ ports: TCPPorts, _ surroundings: Surroundings) -> [UInt16] {
    switch ports {
    case .any: []
    case .only(let numbers): numbers
    case .schedulers: surroundings.schedulerPorts
    case .ceph: TCPPorts.cephMonitors + TCPPorts.cephDaemons
    }
  }

  static func restrict(_ ruleset: Descriptor) throws(ConfinementError) {
    try ConfinementError.check(sh_landlock_restrict(ruleset.raw), "enter the Landlock domain")
  }
}
