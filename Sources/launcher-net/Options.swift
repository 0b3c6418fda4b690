import Channel
import Confinement
import Glog
import GoFlags
import Startup

/// The command line of launcher-net.
struct Options {
  let servers: [ServerAddress]
  let authorities: String
  let certificate: String
  let maximumInstances: Int
  /// Seconds.
  let statsInterval: Double
  let stateFolder: String
  let rendezvous: String
  let user: UserIDs?
  let log: LogSettings

  /// Servers that are tried in turn at most.
  private static let maximumServers = 16

  /// Reads the arguments behind the program's name.
  init(_ arguments: [String]) throws(FlagError) {
    var flags = FlagSet(
      program: "launcher-net", summary: "speaks SSNTP for a compute node; started by launcher or its unit")
    let servers = flags.value(
      "server", "HOST[:PORT],...", default: [ServerAddress(host: "localhost", port: ServerAddress.defaultPort)],
      defaultText: "localhost", allowed: "host, host:port, [v6]:port or a URL; several separated by commas",
      group: "Scheduler", help: "scheduler to connect to; several are tried in turn"
    ) { text -> [ServerAddress]? in
      let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { ServerAddress(String($0)) }
      return parts.contains(nil) || parts.count > Self.maximumServers ? nil : parts.compactMap { $0 }
    }
    let authorities = flags.string(
      "cacert", "FILE", default: "/etc/pki/ciao/CAcert-server-localhost.pem", group: "Scheduler",
      help: "certificates of the authorities that the scheduler's is checked against")
    let certificate = flags.string(
      "cert", "FILE", default: "/etc/pki/ciao/cert-client-localhost.pem", group: "Scheduler",
      help: "this node's certificate, then its private key")
    let maximumInstances = flags.int(
      "max-vm", default: 32, in: 1...100_000, group: "Reports", help: "instances from which on the node reports FULL")
    let statsInterval = flags.duration(
      "stats-interval", default: .seconds(30), in: .seconds(1)...(.seconds(3600)), group: "Reports",
      help: "time between two STATS")
    let stateFolder = flags.string(
      "state-dir", "FOLDER", default: "/var/lib/ciao", group: "Instances", help: "folder with the node's UUID")
    let rendezvous = flags.rendezvous(default: Rendezvous.defaultPath)
    let user = flags.userIDs()
    let logFlags = LogFlags(in: &flags)
    let parsed = try flags.parse(arguments)
    self.servers = parsed[servers]
    self.authorities = parsed[authorities]
    self.certificate = parsed[certificate]
    self.maximumInstances = parsed[maximumInstances]
    self.statsInterval = parsed[statsInterval] / .seconds(1)
    self.stateFolder = parsed[stateFolder]
    self.rendezvous = parsed[rendezvous]
    self.user = parsed[user]
    log = logFlags.settings(parsed)
  }
}
