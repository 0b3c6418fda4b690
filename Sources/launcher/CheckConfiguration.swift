import CShims
import Confinement
import Glibc
import Rights
import Settings

/// `-check-config`: what the node has and what it lacks. Each process looks for itself, as its user, at what it needs.
enum CheckConfiguration {
  /// Prints the table and gives the exit status.
  static func run(_ options: Settings, programs: String) -> Never {
    let (users, found) = users(options)
    var findings = [starter] + found + kernel
    for (program, user) in [(LauncherProgram.net, users?.net), (.vmm, users?.vmm), (.stats, users?.stats)] {
      findings += ofProcess(program, "\(programs)/\(program.rawValue)", options, user)
    }
    Settings.finish(Readiness.table(findings), status: Readiness.status(findings))
  }

  private static var starter: Finding {
    geteuid() == 0
      ? Finding(.ready, "start", "as root, which gives each process its user")
      : Finding(
        .limited, "start", "as user \(getuid()): all processes run as this user and are not protected from each other",
        remedy: "start launcher as root")
  }

  private static func users(_ options: Settings) -> (ProcessUsers?, [Finding]) {
    guard geteuid() == 0 else { return (nil, []) }
    do {
      let users = try ProcessUsers(options)
      return (
        users,
        [
          Finding(
            .ready, "users", "launcher-net \(users.net), launcher-vmm \(users.vmm), launcher-stats \(users.stats)")
        ]
      )
    } catch {
      return (nil, [Finding(.missing, "users", "\(error)", remedy: "run scripts/create-users, or install the package")])
    }
  }

  private static var kernel: [Finding] {
    var findings: [Finding] = []
    findings.append(
      // A kernel without it does not know the question.
      sh_prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0
        ? Finding(.ready, "seccomp", "system calls can be filtered")
        : Finding(
          .missing, "seccomp", "the kernel cannot filter system calls",
          remedy: "use a kernel with CONFIG_SECCOMP_FILTER; no process of launcher runs without its filter"))
    if Landlock.abi == 0 {
      findings.append(
        Finding(
          .limited, "Landlock", "the kernel has it not: files are protected by their owners and modes alone",
          remedy: "add landlock to the kernel's lsm= parameter, or use Linux 5.13 or later"))
    } else {
      let shortcomings: [String] = ProcessRights.all.compactMap { rights in
        guard case .domain(let policy) = rights.landlock else { return nil }
        return Landlock.shortcomings(of: policy)
      }
      findings.append(
        shortcomings.isEmpty
          ? Finding(.ready, "Landlock", "version \(Landlock.abi)")
          : Finding(.limited, "Landlock", "version \(Landlock.abi): \(shortcomings[0])", remedy: "use a newer kernel"))
    }
    return findings
  }

  /// What a process says of itself; it prints a line for each finding and changes nothing.
  private static func ofProcess(_ program: LauncherProgram, _ path: String, _ options: Settings, _ user: UserIDs?)
    -> [Finding]
  {
    guard access(path, X_OK) == 0 else {
      return [
        Finding(.missing, program.rawValue, "\(path) is no program", remedy: "install launcher's programs side by side")
      ]
    }
    let arguments = options.arguments + ["-check-config"] + (user.map { ["-user=\($0)"] } ?? [])
    // As it is, so that launcher-vmm can say what is wrong with it.
    let display = Display.named.map { ["\(Display.variable)=\($0)"] } ?? []
    guard let output = ProgramOutput.of(path, arguments, environment: display) else {
      return [Finding(.missing, program.rawValue, "\(path) -check-config failed", remedy: "see what it says above")]
    }
    return output.split(separator: "\n").compactMap { Finding(line: $0) }
  }
}
