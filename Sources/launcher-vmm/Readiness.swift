import CShims
import Channel
import Glibc
import Settings
import Spawning

/// What `-check-config` says of what launcher-vmm needs.
enum VMMReadiness {
  static func report(_ options: Settings) -> Never {
    if let user = options.user {
      let groups = user.groups + (options.containerGroup.map { [$0] } ?? [])
      sh_set_ids(user.uid, user.gid, groups, Int32(groups.count))
    }
    if options.isSimulation { Readiness.report(simulation(options)) }
    var findings = tools
    findings += [firmware(options), acceleration(options), images(options)]
    if options.runsContainers { findings += ContainerReadiness.findings(options) }
    if let folder = options.volumes.folder { findings.append(volumes(folder)) }
    if let pool = options.volumes.pool { findings += RBDReadiness.findings(pool) }
    if options.console != .none { findings.append(console(options.console)) }
    findings.append(Folder("\(options.stateFolder)/instances").finding("instances", "make instances"))
    Readiness.report(findings)
  }

  private static func simulation(_ options: Settings) -> [Finding] {
    [
      Finding(
        .limited, "simulation", simulationWarning,
        remedy: "start launcher without -simulation for real instances"),
      Folder("\(options.stateFolder)/instances").finding("instances", "make instances"),
    ]
  }

  private static var tools: [Finding] {
    let paths = ProgramPaths()
    return Program.allCases.map { program in
      guard let path = paths.path(of: program) else {
        return Finding(
          .missing, program.name, "not in \(ProgramPaths.folders.joined(separator: ", "))",
          remedy: "apt-get install \(program.package)")
      }
      let version = ProgramOutput.of(path, ["--version"], isQuiet: true)?.split(separator: "\n").first.map {
        String($0)
      }
      guard let version else {
        return Finding(.missing, program.name, "\(path) does not run", remedy: "apt-get install \(program.package)")
      }
      return Finding(.ready, program.name, "\(path): \(version)")
    }
  }

  private static func firmware(_ options: Settings) -> Finding {
    (options.firmware.isEmpty ? FirmwareFiles.installed() : .chosen(options.firmware)).map {
      Finding(.ready, "EFI firmware", $0.code)
    }
      ?? Finding(
        .limited, "EFI firmware", "none: instances with fw_type efi, which is the default, cannot start",
        remedy: "apt-get install ovmf")
  }

  private static func acceleration(_ options: Settings) -> Finding {
    let device = "/dev/kvm"
    switch (options.virtualisation, Accelerators.obstacleToKVM()) {
    case (.software, _): return Finding(.limited, "KVM", "not used: -qemu-virtualisation is software")
    case (_, nil): return Finding(.ready, "KVM", device)
    case (let wanted, let obstacle?):
      return Finding(
        wanted == .kvm ? .missing : .limited, "KVM", "\(obstacle): machines run in software, many times slower",
        remedy: "load the kernel's module kvm_intel or kvm_amd, and add launcher-vmm's user to the group kvm")
    }
  }

  private static func console(_ kind: ConsoleKind) -> Finding {
    if let obstacle = kind.obstacle() {
      return Finding(.missing, "-with-ui=\(kind.rawValue)", obstacle.reason, remedy: obstacle.remedy)
    }
    return Finding(
      .ready, "-with-ui=\(kind.rawValue)",
      kind == .window ? "windows on display \(Display.named ?? "")" : "sockets in the folders of instances")
  }

  private static func volumes(_ path: String) -> Finding {
    guard access(path, X_OK) == 0 else {
      return Finding(
        .missing, "volumes", "\(path): user \(geteuid()) cannot open files of it: \(String(cString: strerror(errno)))",
        remedy: "make the folder, and give it to user \(geteuid())")
    }
    return Finding(.ready, "volumes", path)
  }

  private static func images(_ options: Settings) -> Finding {
    let path = "\(options.stateFolder)/images"
    if access(path, F_OK) != 0 && errno == ENOENT {
      return Finding(.limited, "images", "\(path) is not there yet", remedy: "start launcher, then put images there")
    }
    guard access(path, R_OK | X_OK) == 0 else {
      return Finding(
        .missing, "images", "\(path): user \(geteuid()) cannot read it", remedy: "chmod o+rx \(path)")
    }
    return Finding(.ready, "images", path)
  }
}

extension Program {
  /// Debian's package.
  fileprivate var package: String {
    switch self {
    case .qemu: "qemu-system-x86"
    case .qemuImg: "qemu-utils"
    case .xorriso: "xorriso"
    }
  }
}
