/// Rights that a process has only where it is asked to write files of its own.
extension ProcessRights {
  /// To keep log files in a folder that was opened before the confinement: open, rotate, link, and remove old ones.
  public var withLogFiles: ProcessRights {
    adding(
      [
        rule("openat", because: "the next log file, in the process's own folder"),
        rule("symlinkat", "renameat", "unlinkat", because: "links to the newest log files; removal of the oldest"),
        rule("getdents64", because: "list of log files, to bound their size"),
        rule("fcntl", when: [argument(1, is: fGetFlags)], because: "lists of folders"),
        rule("fcntl", when: [argument(1, is: fSetDescriptorFlags)], because: "lists of folders"),
      ],
      allow([.read, .writeFile, .makeFile, .makeLink, .removeFile], .logs, because: "its log files"))
  }

  /// To keep a metrics file in a folder that was opened before the confinement.
  public var withMetricsFile: ProcessRights {
    adding(
      [rule("openat", "renameat", because: "the metrics file, in the folder that the operator named")],
      allow([.writeFile, .truncate, .makeFile, .removeFile], .metrics, because: "the metrics file"))
  }

  private func adding(_ rules: [SyscallRule], _ files: [FileRule]) -> ProcessRights {
    var rights = self
    if seccomp.kind == .allowList { rights.seccomp.rules += rules }
    if case .domain(var policy) = landlock {
      policy.files += files
      rights.landlock = .domain(policy)
    }
    return rights
  }
}
