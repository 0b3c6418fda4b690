import CShims
import Channel
import Glibc
import Rights

/// Where the spawner's programs are on this node, looked up once before anything is confined.
public struct ProgramPaths {
  /// Searched in order; PATH is not asked, so that an environment cannot choose what is executed.
  public static let folders = ["/usr/local/bin", "/usr/bin", "/bin"]

  private let paths: [Program: String]

  public init() {
    var paths: [Program: String] = [:]
    for program in Program.allCases {
      paths[program] = Self.folders.map { "\($0)/\(program.name)" }.first { access($0, X_OK) == 0 }
    }
    self.init(paths)
  }

  /// For tests, which put a program of their own in place of another.
  public init(_ paths: [Program: String]) { self.paths = paths }

  subscript(program: Program) -> String? { paths[program] }

  public func path(of program: Program) -> String? { paths[program] }

  public var missing: [Program] { Program.allCases.filter { paths[$0] == nil } }
}

/// How a program is started: what distinguishes a machine, which outlives the launcher, from a tool, which does not.
extension Program {
  var spawnFlags: UInt32 {
    switch self {
    case .qemu: UInt32(SH_SPAWN_SETSID)
    case .qemuImg, .xorriso: UInt32(SH_SPAWN_SETSID | SH_SPAWN_DIE_WITH_PARENT)
    }
  }

  func rights(hasWindows: Bool, hasRBD: Bool) -> ProcessRights {
    switch self {
    case .qemu:
      var rights = ProcessRights.qemu
      if hasWindows { rights = rights.withWindow }
      return hasRBD ? rights.withRBD : rights
    case .qemuImg: return .qemuImg
    case .xorriso: return .xorriso
    }
  }
}
