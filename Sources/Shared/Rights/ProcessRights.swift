/// The rights of one process: the row of the design's table that code enforces, and that documentation and audit
/// are checked against.
public struct ProcessRights: Sendable {
  public let name: String
  /// Names of the capabilities it keeps, in libcap's spelling; the rest is dropped from every set.
  public internal(set) var capabilities: [String]
  /// Set and locked where the process has CAP_SETPCAP, which it has when it starts as root.
  public let securebits: Securebits
  public let limits: [ResourceLimit]
  public internal(set) var landlock: LandlockUse
  public internal(set) var seccomp: SeccompPolicy
  /// It may go on as root: it starts others as their users.
  public var mayBeRoot = false
  /// Shared libraries it may be linked with besides the C, C++ and GCC runtimes.
  public let libraries: [String]
  /// Not a program of launcher's, so what it is linked with is its own business.
  public var isForeign = false

  /// Every process of launcher and every program that it starts.
  public static let all = [
    frontEnd, net, resolver, manager, spawner, observer, network, containers, stats, qemu, qemuImg, xorriso,
    containerTool,
  ]
}

/// Bits of PR_SET_SECUREBITS, each with its lock (linux/securebits.h).
public struct Securebits: OptionSet, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// User 0 gets no capabilities by executing a program.
  public static let noRoot = Securebits(rawValue: 1 << 0 | 1 << 1)
  /// A change of user neither gives nor takes capabilities.
  public static let noSetuidFixup = Securebits(rawValue: 1 << 2 | 1 << 3)
  /// Capabilities cannot be kept over a change of user.
  public static let noKeepCapabilities = Securebits(rawValue: 1 << 5)
  /// No capability can be made ambient.
  public static let noAmbientRaise = Securebits(rawValue: 1 << 6 | 1 << 7)

  public static let all: Securebits = [.noRoot, .noSetuidFixup, .noKeepCapabilities, .noAmbientRaise]
}
