import Glibc
import GoFlags

/// The command line of launcher-audit.
struct Options {
  let isJSON: Bool
  let expectationFile: String
  let explain: String
  let settings: Audit.Settings

  /// Reads the arguments behind the program's name.
  init(_ arguments: [String]) throws(FlagError) {
    var flags = FlagSet(
      program: "launcher-audit",
      summary:
        "holds what the kernel says of launcher's processes against their rights; exit status 1: deviations, 2: could not look"
    )
    let json = flags.bool("json", default: false, group: "Report", help: "a report for programs")
    let explain = flags.string(
      "explain", "PROCESS", default: "", group: "Report", help: "the rights of a process, with the reason of each")
    let expect = flags.string(
      "expect", "FILE", default: "", group: "Policy", help: "JSON with what this node has otherwise")
    let stateFolder = flags.string(
      "state-dir", "FOLDER", default: Audit.Settings().stateFolder, group: "Node",
      help: "folder with instances and images")
    let root = flags.value(
      "below", "PID", default: nil, defaultText: "all processes", allowed: "the number of a process", group: "Node",
      help: "look only at what descends from this process, where several launchers run"
    ) { text -> pid_t?? in pid_t(text).map { Optional($0) } }
    let unitFolders = flags.strings(
      "unit-dirs", "FOLDER,...", default: Audit.Settings().unitFolders, group: "Node",
      help: "where systemd looks for units")
    let parsed = try flags.parse(arguments)
    isJSON = parsed[json]
    self.explain = parsed[explain]
    expectationFile = parsed[expect]
    var settings = Audit.Settings()
    settings.stateFolder = parsed[stateFolder]
    settings.root = parsed[root]
    settings.unitFolders = parsed[unitFolders]
    self.settings = settings
  }
}
