import Confinement
import Glog
import Rights

extension Settings {
  /// Confines this process to `rights` and what its log files take; warns of what the kernel cannot enforce.
  public func confine(
    _ rights: ProcessRights, _ surroundings: Surroundings = Surroundings(), as program: LauncherProgram,
    _ logSettings: LogSettings
  ) throws {
    var (rights, surroundings) = (rights, surroundings)
    if logSettings.usesFiles {
      rights = rights.withLogFiles
      try surroundings.set(.logs, path: log.folder(of: program.rawValue))
    }
    if let warning = try Confinement.confine(rights, surroundings) { Glog.log.warning(warning) }
  }
}
