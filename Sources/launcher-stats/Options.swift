import Channel
import Confinement
import Glog
import GoFlags
import Startup

/// The command line of launcher-stats.
struct Options {
  let stateFolder: String
  let rendezvous: String
  let user: UserIDs?
  let log: LogSettings

  /// Reads the arguments behind the program's name.
  init(_ arguments: [String]) throws(FlagError) {
    var flags = FlagSet(
      program: "launcher-stats", summary: "measures a compute node; started by launcher or its unit")
    let stateFolder = flags.string(
      "state-dir", "FOLDER", default: "/var/lib/ciao", group: "Instances", help: "folder with instances and images")
    let rendezvous = flags.rendezvous(default: Rendezvous.defaultPath)
    let user = flags.userIDs()
    let logFlags = LogFlags(in: &flags)
    let parsed = try flags.parse(arguments)
    self.stateFolder = parsed[stateFolder]
    self.rendezvous = parsed[rendezvous]
    self.user = parsed[user]
    log = logFlags.settings(parsed)
  }
}
