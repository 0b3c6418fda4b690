import CCap
import Glibc
import Rights

/// Holds what the kernel says of a process against what it is to be.
struct ProcessChecks {
  let process: NodeProcess
  let expectation: Expectation
  /// Beginnings of paths of the state folder's places.
  let places: [Place: String]
  /// What launcher runs with, by the names of `OptionRights`.
  let options: Set<String>

  private var state: ProcessState { process.state }
  private var rights: ProcessRights { process.rights }
  private var observed: ObservedRights { process.observed }

  var all: [Check] {
    identity + capabilities + [
      noNewPrivileges, seccomp, dumpable, threads, namespaces, openDescriptors, listeners, writableCode,
    ]
      + limits + libraries
  }

  private func check(_ right: String, _ found: String, _ expected: String, _ isInOrder: Bool, _ why: String) -> Check {
    Check(right: right, found: found, expected: expected, isInOrder: isInOrder, why: why)
  }

  private func list(_ items: [String], none: String = "none") -> String {
    items.isEmpty ? none : items.joined(separator: ", ")
  }

  // MARK: who it is

  private var identity: [Check] {
    guard let user = expectation.user else { return [] }
    let uid = expectation.uid
    let found = Set(state.users)
    let users = check(
      "user", list(found.sorted().map(name(ofUser:))),
      uid.map(name(ofUser:)) ?? "\(user), whom this system does not have",
      found.count == 1 && found.first == uid,
      "its files, its memory and its place at the rendezvous belong to the user it is to run as")
    let allowed = Set(expectation.gids)
    let extra = state.supplementaryGroups.filter { !allowed.contains($0) && !state.groups.contains($0) }
    let groups = check(
      "groups", list(state.supplementaryGroups.map(name(ofGroup:))), list(expectation.groups), extra.isEmpty,
      "each group opens files and devices that the process has no business with")
    return [users, groups]
  }

  private func name(ofUser uid: uid_t) -> String {
    getpwuid(uid).map { String(cString: $0.pointee.pw_name) } ?? "\(uid)"
  }

  private func name(ofGroup gid: gid_t) -> String {
    getgrgid(gid).map { String(cString: $0.pointee.gr_name) } ?? "\(gid)"
  }

  // MARK: capabilities and filters

  private var capabilities: [Check] {
    zip(ProcessState.capabilitySets, state.capabilities).map { set, bits in
      let found = Self.names(bits)
      // Nothing is passed on through exec, whatever a process may do itself.
      let expected = ["inheritable", "ambient"].contains(set) ? [] : expectation.capabilities
      let surplus = found.filter { !expected.contains($0) }
      return check(
        "\(set) capabilities", list(found), list(expected), surplus.isEmpty,
        "each capability is a part of what root can do, to whoever takes the process over")
    }
  }

  private static func names(_ bits: UInt64) -> [String] {
    (0..<64).filter { bits & 1 << $0 != 0 }.map { number in
      guard let text = cap_to_name(cap_value_t(number)) else { return "capability \(number)" }
      defer { cap_free(text) }
      return String(cString: text)
    }
  }

  private var noNewPrivileges: Check {
    check(
      "no_new_privs", state.noNewPrivileges ? "set" : "not set", "set", state.noNewPrivileges,
      "without it a program with the set-user-ID bit gives back what was given up")
  }

  private var seccomp: Check {
    let names = ["off", "strict", "filter"]
    var found = names.indices.contains(state.seccompMode) ? names[state.seccompMode] : "\(state.seccompMode)"
    let hasOwn = state.seccompMode == 2 && state.seccompFilters > process.inheritedFilters
    if state.seccompMode == 2 && !hasOwn { found = "no filter of its own, only what its parent wears" }
    return check(
      "seccomp", found, "filter", hasOwn,
      "without it the process reaches what \(rights.seccomp.rules.count) rules say it does not need or must not have")
  }

  private var dumpable: Check {
    check(
      "dumpable", state.isDumpable ? "yes" : "no", observed.dumpable == nil ? "no" : "yes or no",
      !state.isDumpable || observed.dumpable != nil, "other processes of its user could read its memory, keys included")
  }

  private var threads: Check {
    check(
      "threads", "\(state.threads)", observed.threads == nil ? "1" : "any number",
      state.threads == 1 || observed.threads != nil,
      "Landlock, capabilities and no_new_privs bind single threads: one more may be bound by none of them")
  }

  private var namespaces: Check {
    let expected = process.isUnderUnit ? expectation.namespaces : []
    let missing = expected.filter { !state.ownNamespaces.contains($0) }
    return check(
      "own namespaces", list(state.ownNamespaces), list(expected), missing.isEmpty,
      "its unit is to keep it apart: "
        + list(
          observed.namespaces.filter { missing.contains($0.name) }.map { "\($0.name), because \($0.reason)" },
          none: "nothing is missing"))
  }

  // MARK: what it holds

  private var openDescriptors: Check {
    let surplus = state.descriptors.filter { !isExpected($0) }
    return check(
      "open descriptors",
      surplus.isEmpty
        ? "\(state.descriptors.count), all of known kinds" : list(surplus.map { "\($0.number): \(describe($0))" }),
      "standard input, output and error, and those in its rights", surplus.isEmpty,
      "what is open can be used whatever files and sockets the process may open")
  }

  private func describe(_ descriptor: ProcessState.Descriptor) -> String {
    descriptor.socket.map { "\(descriptor.link) (\($0.rawValue))" } ?? descriptor.link
  }

  private func isExpected(_ descriptor: ProcessState.Descriptor) -> Bool {
    // Standard input, output and error are what the process was given.
    if descriptor.number < 3 || expectation.descriptors.contains(where: descriptor.link.hasPrefix) { return true }
    let more = rights.underOptions.filter { options.contains($0.option) }.flatMap(\.descriptors)
    return (observed.descriptors + more).contains { rule in
      switch rule.kind {
      case .link(let prefix): descriptor.link.hasPrefix(prefix)
      case .socket(let kind): descriptor.socket == kind
      case .place(let place): isBelow(places[place], descriptor.link)
      }
    }
  }

  private func isBelow(_ folder: String?, _ path: String) -> Bool {
    guard let folder else { return false }
    return path == folder || path.hasPrefix(folder + "/")
  }

  private var listeners: Check {
    let isInOrder = state.listeners.isEmpty || expectation.listens && !state.listeners.contains { $0.hasPrefix("TCP") }
    return check(
      "listening sockets", list(state.listeners),
      observed.listens.map { "only in its rights: \($0)" } ?? "none", isInOrder,
      "nobody is to come to the process but by its channels")
  }

  private var writableCode: Check {
    check(
      "writable and executable memory", list(state.writableCode), observed.writableCode ?? "none",
      state.writableCode.isEmpty || expectation.writableCode,
      "who can write to such memory can execute whatever he has written")
  }

  private var limits: [Check] {
    expectation.limits.map { limit in
      let found = LimitNames.kernel[limit.name].flatMap { state.limits[$0] }
      return check(
        limit.name, found.map { $0.hard == .max ? "unlimited" : "\($0.hard)" } ?? "unknown", "at most \(limit.value)",
        found.map { $0.hard <= limit.value && $0.soft <= limit.value } ?? false,
        rights.limits.first { $0.resource.rawValue == limit.name }?.reason ?? "the policy bounds it")
    }
  }

  private var libraries: [Check] {
    guard let expected = expectation.libraries else { return [] }
    let allowed = expected + Self.runtime
    let surplus = state.libraries.filter { file in
      let name = String(file.prefix { $0 != "." })
      return !allowed.contains { name == $0 || name.hasPrefix("\($0)-") }
        && !observed.loadedLibraries.contains(where: name.hasPrefix)
    }
    return [
      check(
        "libraries", surplus.isEmpty ? "\(state.libraries.count), all in its rights" : list(surplus),
        list(expected) + " and the runtimes of C, C++ and GCC", surplus.isEmpty,
        "code that is not there has no holes")
    ]
  }

  private static let runtime = ["libc", "libm", "libstdc++", "libgcc_s", "ld-linux-x86-64", "ld-linux-aarch64"]
}
