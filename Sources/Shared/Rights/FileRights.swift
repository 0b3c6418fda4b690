/// Rights that a process has only where it is asked to write files of its own.
extension ProcessRights {
  /// To keep log files in a folder that was opened before the confinement: open, rotate, link, and remove old ones.
  public var withLogFiles: ProcessRights {
    adding([
      rule("openat", because: "the next log file, in the process's own folder"),
      rule("symlinkat", "renameat", "unlinkat", because: "links to the newest log files; removal of the oldest"),
      rule("getdents64", "fcntl", because: "list of log files, to bound their size"),
    ])
  }

  /// To keep a metrics file in a folder that was opened before the confinement.
  public var withMetricsFile: ProcessRights {
    adding([rule("openat", "renameat", because: "the metrics file, in the folder that the operator named")])
  }

  private func adding(_ rules: [SyscallRule]) -> ProcessRights {
    var rights = self
    if seccomp.kind == .allowList { rights.seccomp.rules += rules }
    return rights
  }
}
