// What is other where instances have volumes that are files (`-volumes FOLDER`).

extension ProcessRights {
  /// The manager's: it opens volumes and hands them to machines, which have no right to open any.
  public var withVolumes: ProcessRights {
    var rights = self
    if case .domain(var policy) = landlock {
      policy.files += volumeFiles
      rights.landlock = .domain(policy)
    }
    return rights
  }
}

let volumeFiles = allow(
  .change, .volumes, because: "instances' volumes, which are opened here and handed to their machines")
