import CShims
import Glibc
import Settings

/// What `-check-config` says of what launcher-stats needs.
enum StatsReadiness {
  static func report(_ options: Settings) -> Never {
    if let user = options.user { sh_set_ids(user.uid, user.gid, user.groups, Int32(user.groups.count)) }
    var findings: [Finding] = []
    for path in ["/proc/meminfo", "/proc/loadavg", "/proc/stat"] where access(path, R_OK) != 0 {
      findings.append(
        Finding(.limited, "figures", "\(path) cannot be read: its figures are -1", remedy: "mount /proc for all users"))
    }
    if findings.isEmpty { findings.append(Finding(.ready, "figures", "/proc")) }
    if !options.metricsFolder.isEmpty {
      findings.append(Folder(options.metricsFolder).finding("metrics", "write \(MetricsFile.name)"))
    }
    Readiness.report(findings)
  }
}
