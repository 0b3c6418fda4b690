import Glibc
import GoFlags
import Settings

/// The command line of launcher-audit.
struct Options {
  let isJSON: Bool
  let expectationFile: String
  let explain: String
  let settings: Audit.Settings

  private struct Flags {
    var set: FlagSet
    let json: Flag<Bool>
    let explain: Flag<String>
    let expect: Flag<String>
    let configuration: Flag<String>
    let stateFolder: Flag<String>
    let root: Flag<pid_t?>
    let unitFolders: Flag<[String]>

    init() {
      let defaults = Audit.Settings()
      set = FlagSet(
        program: "launcher-audit",
        summary: "holds what the kernel says of launcher's processes against their rights (status 1: deviations)")
      json = set.bool("json", group: "Report", help: "a report for programs")
      explain = set.string(
        "explain", "PROCESS", default: "", group: "Report", help: "the rights of a process, each with its reason")
      expect = set.string(
        "expect", "FILE", default: "", group: "Policy", help: "what this node has otherwise",
        detail: "A JSON object: {\"processes\": {\"launcher-net\": {\"user\": \"net\"}}}.", completion: .file)
      configuration = set.string(
        "config", "FILE", default: "", group: "Node", help: "what launcher was started with",
        detail: """
          Its -state-dir, -log_dir, -metrics and -volumes say where the processes may have files open, its -network which there \
          are. Without this option it is \
          \(Options.unitsConfiguration), where there is one.
          """, completion: .file)
      stateFolder = set.string(
        "state-dir", "FOLDER", default: "", group: "Node", help: "images, instances, logs",
        detail: "In place of what the configuration says.", completion: .folder)
      root = set.value(
        "below", "PID", default: nil, defaultText: "", allowed: "the number of a process", group: "Node",
        help: "only what descends from this process"
      ) { text in pid_t(text).map { Optional($0) } }
      unitFolders = set.strings(
        "unit-dirs", "FOLDER,...", default: defaults.unitFolders, group: "Node", help: "where systemd looks for units")
    }
  }

  /// The configuration file of the units.
  static let unitsConfiguration = "/etc/launcher/launcher.conf"

  /// The definitions, for help in all its forms.
  static var flags: FlagSet { Flags().set }

  /// Reads the arguments behind the program's name.
  init(_ arguments: [String]) throws(FlagError) {
    let flags = Flags()
    let parsed = try flags.set.parse(arguments)
    isJSON = parsed[flags.json]
    explain = parsed[flags.explain]
    expectationFile = parsed[flags.expect]
    var settings = Audit.Settings()
    let node = try Self.node(parsed[flags.configuration], stateFolder: parsed[flags.stateFolder])
    settings.stateFolder = node.stateFolder
    settings.logFolder = node.log.folder
    settings.metricsFolder = node.metricsFolder
    settings.volumes = node.volumes
    settings.hasNetworks = node.network != .none
    settings.isSimulation = node.isSimulation
    settings.root = parsed[flags.root]
    settings.unitFolders = parsed[flags.unitFolders]
    self.settings = settings
  }

  /// The options that the processes run with, as far as they can be known.
  private static func node(_ configuration: String, stateFolder: String) throws(FlagError) -> Settings {
    var arguments = stateFolder.isEmpty ? [] : ["-state-dir=\(stateFolder)"]
    if !configuration.isEmpty {
      arguments.append("-config=\(configuration)")
    } else if access(unitsConfiguration, F_OK) == 0 {
      arguments.append("-config=\(unitsConfiguration)")
    }
    return try Settings(.launcher, arguments)
  }
}
