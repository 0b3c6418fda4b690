import Glibc
import Linux
import Rights
import Settings

/// A whole audit: every process with its checks, and the deviations.
struct Audit {
  struct NothingFound: Error, CustomStringConvertible {
    let description = "no process of launcher runs here; start launcher, or its units"
  }

  struct NotRoot: Error, CustomStringConvertible {
    let description = "only root may look into the processes; run as root: launcher-audit"
  }

  let processes: [(process: NodeProcess, checks: [Check])]
  let deviations: [Deviation]
  /// The child that may use a container engine; nil: containers are off.
  let containers: NodeProcess?
  /// Its instances are made up.
  let isSimulation: Bool
  let volumes: VolumeLocation

  struct Settings {
    var expectations = Expectations()
    var stateFolder = "/var/lib/ciao"
    var logFolder = "/var/lib/ciao/logs"
    /// The node has a part in tenants' networks.
    var hasNetworks = false
    /// Empty: none.
    var metricsFolder = ""
    var volumes = VolumeLocation.none
    var isSimulation = false
    var unitFolders = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"]
    /// Only what descends from it.
    var root: pid_t?
  }

  init(_ settings: Settings) throws {
    guard geteuid() == 0 else { throw NotRoot() }
    let node = try NodeProcesses(
      below: settings.root, instances: "\(settings.stateFolder)/instances", hasNetworks: settings.hasNetworks,
      isSimulation: settings.isSimulation, hasRBD: settings.volumes.pool != nil)
    guard !node.all.isEmpty else { throw NothingFound() }
    containers = node.containers
    isSimulation = node.isSimulation
    var places: [Place: String] = [
      .instances: "\(settings.stateFolder)/instances", .images: "\(settings.stateFolder)/images",
      .logs: settings.logFolder,
    ]
    volumes = settings.volumes
    places[.volumes] = volumes.folder
    let options: Set<String> = volumes.pool == nil ? [] : [OptionRights.rbd]
    if !settings.metricsFolder.isEmpty { places[.metrics] = settings.metricsFolder }
    processes = try node.all.map { process in
      (
        process,
        ProcessChecks(
          process: process, expectation: try settings.expectations.of(process), places: places, options: options
        ).all
      )
    }
    deviations =
      processes.flatMap { process, checks in
        checks.filter { !$0.isInOrder }.map {
          Deviation(process: process.title, right: $0.right, found: $0.found, expected: $0.expected, why: $0.why)
        }
      } + NodeChecks(node: node, unitFolders: settings.unitFolders).deviations
  }
}
