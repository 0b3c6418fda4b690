import Channel
import Glibc
import GoFlags
import Startup
import Glog

/// The command line of launcher: what it needs itself, and what it passes on to the three processes.
struct Options {
  /// Have launcher-vmm delete all instances and end, instead of running them.
  let isHardReset: Bool
  let stateFolder: String
  let rendezvous: String
  let netUser: String
  let vmmUser: String
  let statsUser: String
  let log: LogSettings
  /// Arguments for each process, in the form in which they were given.
  let netArguments: [String]
  let vmmArguments: [String]
  let statsArguments: [String]

  private static let netFlags = [
    ("server", "HOST[:PORT],...", "localhost", "scheduler to connect to; several are tried in turn"),
    (
      "cacert", "FILE", "/etc/pki/ciao/CAcert-server-localhost.pem", "authorities that the scheduler is checked against"
    ),
    ("cert", "FILE", "/etc/pki/ciao/cert-client-localhost.pem", "this node's certificate, then its private key"),
    ("max-vm", "N", "32", "instances from which on the node reports FULL"),
    ("stats-interval", "TIME", "30s", "time between two STATS"),
  ]
  private static let vmmFlags = [
    ("qemu-virtualisation", "MODE", "auto", "how machines run: kvm, software, auto"),
    ("stop-grace", "TIME", "10s", "how long STOP waits for the guest to power down"),
    ("tool-deadline", "TIME", "2m", "how long qemu-img and xorriso may take before they are killed"),
  ]

  init(_ arguments: [String]) throws(FlagError) {
    var flags = FlagSet(program: "launcher", summary: "runs the agent of a compute node")
    func passed(_ table: [(String, String, String, String)], _ group: String) -> [Flag<String>] {
      table.map { flags.string($0.0, $0.1, default: $0.2, group: group, help: $0.3) }
    }
    let net = passed(Self.netFlags, "Scheduler")
    let vmm = passed(Self.vmmFlags, "Machines")
    let hardReset = flags.bool(
      "hard-reset", group: "Machines",
      help: "kill and delete all instances, say what was done, and end; no launcher may run")
    let stateFolder = flags.string(
      "state-dir", "FOLDER", default: "/var/lib/ciao", group: "Folders", help: "folder with instances and images")
    let rendezvous = flags.rendezvous(default: Self.defaultRendezvous)
    let netUser = flags.string(
      "net-user", "USER", default: "launcher-net", group: "Users", help: "user of launcher-net, by name or UID:GID")
    let vmmUser = flags.string(
      "vmm-user", "USER", default: "launcher-vmm", group: "Users", help: "user of launcher-vmm, by name or UID:GID")
    let statsUser = flags.string(
      "stats-user", "USER", default: "launcher-stats", group: "Users",
      help: "user of launcher-stats, by name or UID:GID")
    let logFlags = LogFlags(in: &flags)
    let parsed = try flags.parse(arguments)
    isHardReset = parsed[hardReset]
    self.stateFolder = parsed[stateFolder]
    self.rendezvous = parsed[rendezvous]
    self.netUser = parsed[netUser]
    self.vmmUser = parsed[vmmUser]
    self.statsUser = parsed[statsUser]
    log = logFlags.settings(parsed)
    let state = "-state-dir=\(parsed[stateFolder])"
    let common = [state] + logFlags.arguments(parsed)
    let meeting = "-rendezvous=\(parsed[rendezvous])"
    func given(_ flags: [Flag<String>]) -> [String] {
      flags.filter { parsed.isSet($0) }.map { "-\($0.name)=\(parsed[$0])" }
    }
    netArguments = common + [meeting] + given(net)
    vmmArguments = common + given(vmm) + (isHardReset ? ["-hard-reset"] : [])
    statsArguments = common + [meeting]
  }

  /// Root's place, or one that an unprivileged user may write.
  private static var defaultRendezvous: String {
    if geteuid() == 0 { return Rendezvous.defaultPath }
    let folder = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? "/tmp/launcher-\(getuid())"
    return "\(folder)/launcher/rendezvous"
  }
}
