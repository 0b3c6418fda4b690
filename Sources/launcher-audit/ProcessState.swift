import Glibc
import Linux
import Rights

/// What the kernel says of one process.
struct ProcessState {
  struct Unreadable: Error, CustomStringConvertible {
    let description: String
  }

  struct Descriptor: Equatable {
    let number: Int
    /// What `/proc/PID/fd` shows.
    let link: String
    /// nil: no socket.
    let socket: DescriptorRule.SocketKind?
  }

  struct Limit {
    let soft: UInt64
    let hard: UInt64
  }

  let pid: pid_t
  let parent: pid_t
  /// The name that the process has for itself.
  let threadName: String
  /// It was started with `-simulation`.
  let isSimulation: Bool
  /// The file that it executes; a file that was replaced since ends in " (deleted)".
  let program: String
  let users: [uid_t]
  let groups: [gid_t]
  let supplementaryGroups: [gid_t]
  /// In the order of /proc: inheritable, permitted, effective, bounding, ambient.
  let capabilities: [UInt64]
  let noNewPrivileges: Bool
  let seccompMode: Int
  /// How many filters it wears; those of whoever started it are among them.
  let seccompFilters: Int
  let threads: Int
  let isDumpable: Bool
  /// The path of its control group; empty where that cannot be read.
  let controlGroup: String
  /// Kinds of namespace in which it is apart from whoever looks.
  let ownNamespaces: [String]
  let descriptors: [Descriptor]
  /// Sockets that others can connect to.
  let listeners: [String]
  /// Mappings that are writable and executable, by address.
  let writableCode: [String]
  /// Shared objects, by their file names.
  let libraries: [String]
  /// By the kernel's names in /proc/PID/limits.
  let limits: [String: Limit]

  static let capabilitySets = ["inheritable", "permitted", "effective", "bounding", "ambient"]

  /// The last part of the program's path.
  var programName: String {
    let path = program.hasSuffix(Self.replaced) ? String(program.dropLast(Self.replaced.count)) : program
    return path.split(separator: "/").last.map(String.init) ?? path
  }

  static let replaced = " (deleted)"
}

extension ProcessState {
  /// Bytes of a file of /proc: a process has thousands of mappings at most.
  private static let fileLimit = 64 << 20

  /// Reads everything; nil when the process has ended meanwhile.
  init?(_ pid: pid_t, _ sockets: SocketTable) throws {
    do {
      try self.init(reading: pid, sockets)
    } catch let error as SystemError where error.code == ENOENT || error.code == ESRCH {
      return nil
    }
  }

  private init(reading pid: pid_t, _ sockets: SocketTable) throws {
    func text(_ name: String) throws -> String {
      String(decoding: try Files.read("/proc/\(pid)/\(name)", limit: Self.fileLimit), as: UTF8.self)
    }
    self.pid = pid
    let status = Self.fields(try text("status"))
    func numbers(_ key: String) -> [Int] {
      (status[key] ?? "").split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    }
    parent = pid_t(numbers("PPid").first ?? 0)
    threadName = status["Name"] ?? ""
    isSimulation = try text("cmdline").split(separator: "\0").contains {
      $0.drop { $0 == "-" } == "simulation" || $0.drop { $0 == "-" } == "simulation=true"
    }
    program = try Self.link("/proc/\(pid)/exe")
    users = numbers("Uid").map { uid_t($0) }
    groups = numbers("Gid").map { gid_t($0) }
    supplementaryGroups = numbers("Groups").map { gid_t($0) }
    capabilities = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map {
      UInt64(status[$0] ?? "", radix: 16) ?? .max
    }
    noNewPrivileges = numbers("NoNewPrivs").first == 1
    seccompMode = numbers("Seccomp").first ?? 0
    seccompFilters = numbers("Seccomp_filters").first ?? 0
    threads = numbers("Threads").first ?? 0
    var owner = stat()
    guard stat("/proc/\(pid)/status", &owner) == 0 else { throw SystemError("stat", "/proc/\(pid)/status") }
    // The kernel gives the files of a process that is not dumpable to root; of root's own processes that tells nothing.
    isDumpable = owner.st_uid != 0
    let unified = try text("cgroup").split(separator: "\n").first { $0.hasPrefix(Self.unifiedHierarchy) }
    controlGroup = String(unified?.dropFirst(Self.unifiedHierarchy.count) ?? "")
    ownNamespaces = try Self.namespaces.filter {
      try Self.link("/proc/\(pid)/ns/\($0)") != Self.link("/proc/self/ns/\($0)")
    }
    let links = try Self.descriptorLinks(pid)
    descriptors = links.map { Descriptor(number: $0.0, link: $0.1, socket: sockets.kind($0.1)) }
    listeners = links.compactMap { sockets.listener($0.1) }
    let mappings = try text("maps").split(separator: "\n").map { Mapping($0) }
    writableCode = mappings.filter { $0.isWritable && $0.isExecutable }.map(\.range)
    libraries = Set(mappings.map(\.file).filter { $0.contains(".so") }.compactMap { $0.split(separator: "/").last })
      .map(String.init).sorted()
    limits = Self.limits(try text("limits"))
  }

  /// How the line of cgroup v2 begins.
  private static let unifiedHierarchy = "0::"
  private static let namespaces = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]

  private static func fields(_ text: String) -> [String: String] {
    var fields: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { fields[String(parts[0])] = String(parts[1].drop { $0 == "\t" || $0 == " " }) }
    }
    return fields
  }

  static func link(_ path: String) throws(SystemError) -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink(path, &buffer, buffer.count)
    guard length >= 0 else { throw SystemError("readlink", path) }
    return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func descriptorLinks(_ pid: pid_t) throws -> [(Int, String)] {
    let folder = try Linux.Descriptor.open("/proc/\(pid)/fd", O_RDONLY | O_DIRECTORY)
    return try Files.names(in: folder).compactMap { Int($0) }.sorted().compactMap { number in
      // One that was closed meanwhile is no finding.
      (try? link("/proc/\(pid)/fd/\(number)")).map { (number, $0) }
    }
  }

  private static func limits(_ text: String) -> [String: Limit] {
    var limits: [String: Limit] = [:]
    for line in text.split(separator: "\n").dropFirst() {
      // The name takes a column of 26 characters, and has spaces.
      let name = String(line.prefix(25)).split(separator: " ").joined(separator: " ")
      let values = line.dropFirst(25).split(separator: " ").prefix(2).map { UInt64($0) ?? .max }
      if values.count == 2 { limits[name] = Limit(soft: values[0], hard: values[1]) }
    }
    return limits
  }

  /// A line of /proc/PID/maps.
  private struct Mapping {
    let range: String
    let isWritable: Bool
    let isExecutable: Bool
    let file: String

    init(_ line: Substring) {
      let parts = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      range = parts.first.map(String.init) ?? ""
      isWritable = parts.count > 1 && parts[1].contains("w")
      isExecutable = parts.count > 1 && parts[1].contains("x")
      file = parts.count > 5 ? String(parts[5].drop { $0 == " " }) : ""
    }
  }
}
