import Channel
import Confinement
import Glibc
import Glog
import GoFlags
import Startup

/// The command line of launcher-vmm.
struct Options {
  enum Virtualisation: String, CaseIterable, Sendable {
    case kvm
    case software
    case auto
  }

  let stateFolder: String
  let virtualisation: Virtualisation
  /// Seconds.
  let stopGrace: Double
  /// Seconds: creating an overlay or a small ISO takes well under one; a storm of them on a busy disk some.
  let toolDeadline: Double
  /// Delete all instances and end, instead of running them.
  let isHardReset: Bool
  let user: UserIDs?
  let users: Peers.Users
  let log: LogSettings

  /// Reads the arguments behind the program's name.
  init(_ arguments: [String]) throws(FlagError) {
    var flags = FlagSet(
      program: "launcher-vmm", summary: "runs the instances of a compute node; started by launcher or its unit")
    let stateFolder = flags.string(
      "state-dir", "FOLDER", default: "/var/lib/ciao", group: "Instances", help: "folder with instances and images")
    let virtualisation = flags.choice(
      "qemu-virtualisation", "MODE", default: Virtualisation.auto, group: "Instances",
      help: "how machines run; auto: KVM where it works, else software")
    let stopGrace = flags.duration(
      "stop-grace", default: .seconds(10), in: .seconds(0)...(.seconds(3600)), group: "Instances",
      help: "how long STOP waits for the guest to power down")
    let toolDeadline = flags.duration(
      "tool-deadline", default: .seconds(120), in: .seconds(1)...(.seconds(3600)), group: "Instances",
      help: "how long qemu-img and xorriso may take before they are killed")
    let hardReset = flags.bool(
      "hard-reset", group: "Instances", help: "kill and delete all instances, say what was done, and end")
    let user = flags.userIDs()
    let netUser = flags.peerUser("net-uid", of: "launcher-net")
    let statsUser = flags.peerUser("stats-uid", of: "launcher-stats")
    let logFlags = LogFlags(in: &flags)
    let parsed = try flags.parse(arguments)
    self.stateFolder = parsed[stateFolder]
    self.virtualisation = parsed[virtualisation]
    self.stopGrace = parsed[stopGrace] / .seconds(1)
    self.toolDeadline = parsed[toolDeadline] / .seconds(1)
    isHardReset = parsed[hardReset]
    self.user = parsed[user]
    users = Peers.Users(
      net: parsed[netUser] ?? parsed[user]?.uid ?? getuid(), stats: parsed[statsUser] ?? parsed[user]?.uid ?? getuid())
    log = logFlags.settings(parsed)
  }
}

extension FlagSet {
  /// The user of one of the other processes.
  fileprivate mutating func peerUser(_ name: String, of process: String) -> Flag<uid_t?> {
    value(
      name, "USER", default: nil, defaultText: "own user", allowed: "a user's name or number", group: "Rights",
      help: "user that \(process) runs as, by name or number"
    ) { text in
      guard let uid = uid_t(text) ?? getpwnam(text)?.pointee.pw_uid else { return nil }
      return Optional(uid)
    }
  }
}
