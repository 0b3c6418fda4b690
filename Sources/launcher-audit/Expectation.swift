import Glibc
import JSON
import Rights

/// What a process is to be, as far as a node may have it otherwise: from the rights in the programs, or from a file.
struct Expectation {
  struct Bad: Error, CustomStringConvertible {
    let description: String
  }

  /// By name or number; nil: any user.
  var user: String?
  /// By name or number.
  var groups: [String]
  var capabilities: [String]
  /// Of its own, where its unit runs it.
  var namespaces: [String]
  /// By the names of setrlimit(2); what is not named is not looked at.
  var limits: [(name: String, value: UInt64)]
  /// nil: not looked at.
  var libraries: [String]?
  /// Beginnings of what /proc/PID/fd shows, beside those in the rights.
  var descriptors: [String] = []
  var listens: Bool
  var writableCode: Bool

  init(_ rights: ProcessRights, _ observed: ObservedRights) {
    user = observed.user?.rawValue
    groups = observed.groups
    capabilities = rights.capabilities
    namespaces = observed.namespaces.map(\.name)
    limits = rights.limits.map { (name: $0.resource.rawValue, value: $0.value) }
    libraries = rights.isForeign ? nil : rights.libraries
    listens = observed.listens != nil
    writableCode = observed.writableCode != nil
  }

  var uid: uid_t? { user.flatMap { uid_t($0) ?? getpwnam($0)?.pointee.pw_uid } }

  /// A group that this system does not have is nobody's.
  var gids: [gid_t] { groups.compactMap { gid_t($0) ?? getgrnam($0)?.pointee.gr_gid } }

  /// Replaces what an object of an expectation file names.
  mutating func apply(_ object: JSONObject, to process: String) throws(Bad) {
    for member in object.members {
      func bad(_ what: String) -> Bad { Bad(description: "\(process): \(member.key): \(what)") }
      func texts() throws(Bad) -> [String] {
        let list = member.value.array?.map { $0.string ?? $0.int.map(String.init) } ?? [nil]
        guard !list.contains(nil) else { throw bad("is to be a list of names or numbers") }
        return list.compactMap { $0 }
      }
      func truth() throws(Bad) -> Bool {
        guard let value = member.value.bool else { throw bad("is to be true or false") }
        return value
      }
      switch member.key {
      case "user":
        guard let value = member.value.string ?? member.value.int.map(String.init) else {
          throw bad("is to be a name or a number")
        }
        user = value
      case "groups": groups = try texts()
      case "capabilities": capabilities = try texts()
      case "namespaces": namespaces = try texts()
      case "libraries": libraries = try texts()
      case "descriptors": descriptors = try texts()
      case "listens": listens = try truth()
      case "writable_code": writableCode = try truth()
      case "limits":
        limits = []
        for limit in member.value.object?.members ?? [] {
          guard let value = limit.value.int, value >= 0, LimitNames.kernel[limit.key] != nil else {
            throw bad("\(limit.key) is to be one of \(LimitNames.all) and a number")
          }
          limits.append((name: limit.key, value: UInt64(value)))
        }
      default:
        throw bad(
          "unknown; known are user, groups, capabilities, namespaces, limits, libraries, descriptors, listens, writable_code"
        )
      }
    }
  }
}

/// The expectations of a node: a file changes those that it names.
struct Expectations {
  /// Bytes of a file.
  private static let limit = 1_048_576

  private var changes: [String: JSONObject] = [:]

  init() {}

  /// Reads `{"processes": {"launcher-net": {"user": "…"}, …}}`.
  init(parsing bytes: [UInt8]) throws(Expectation.Bad) {
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: Self.limit))
    } catch {
      throw Expectation.Bad(description: "\(error)")
    }
    guard let processes = value["processes"]?.object, value.object?.members.count == 1 else {
      throw Expectation.Bad(description: "is to be an object with one member, processes")
    }
    for member in processes.members {
      guard let rights = ProcessRights.all.first(where: { $0.name == member.key }), let observed = rights.observed,
        let object = member.value.object
      else { throw Expectation.Bad(description: "\(member.key): no process of launcher has this name") }
      var probe = Expectation(rights, observed)
      try probe.apply(object, to: member.key)
      changes[member.key] = object
    }
  }

  func of(_ process: NodeProcess) throws(Expectation.Bad) -> Expectation {
    var expectation = Expectation(process.rights, process.observed)
    if process.sharesNodeNetwork { expectation.namespaces.removeAll { $0 == ObservedRights.network } }
    if let change = changes[process.rights.name] { try expectation.apply(change, to: process.rights.name) }
    return expectation
  }
}

/// Limits by setrlimit(2)'s names, and what /proc/PID/limits calls them.
enum LimitNames {
  static let kernel = [
    "RLIMIT_CORE": "Max core file size", "RLIMIT_NOFILE": "Max open files", "RLIMIT_NPROC": "Max processes",
    "RLIMIT_FSIZE": "Max file size", "RLIMIT_AS": "Max address space",
  ]
  static var all: String { kernel.keys.sorted().joined(separator: ", ") }
}
