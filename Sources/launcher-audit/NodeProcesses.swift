import Glibc
import Linux
import Rights

/// A process, and which of launcher's it is.
struct NodeProcess {
  let state: ProcessState
  let rights: ProcessRights
  let observed: ObservedRights
  /// Seccomp filters that it wears because the front end does; 0 where systemd starts it or nobody is left who did.
  let inheritedFilters: Int
  /// Its unit is to leave it the node's own network.
  var sharesNodeNetwork = false

  /// For tables and sentences.
  var title: String { "\(rights.name) (process \(state.pid))" }
}

/// The processes of launcher on this node, found by what they execute and whose children they are.
struct NodeProcesses {
  var all: [NodeProcess] = []
  /// Processes that run as one of launcher's users and are none of launcher's.
  var strangers: [ProcessState] = []
  /// Kinds that every node has and this one does not.
  var missing: [String] = []
  /// The child that may use a container engine, where containers are on.
  var containers: NodeProcess? { all.first { $0.rights.name == ProcessRights.containers.name } }
  /// Its instances are made up.
  private(set) var isSimulation = false
  var hasFrontEnd: Bool { all.contains { $0.rights.name == ProcessRights.frontEnd.name } }

  /// Present wherever launcher runs; the resolver is there only where a scheduler has a name.
  private static let expected: [ProcessRights] = [.net, .manager, .stats]
  /// The same for what runs machines.
  private static let expectedForMachines: [ProcessRights] = [.spawner, .observer]

  /// - hasNetworks: the node is to have a part in tenants' networks.
  /// - isSimulation: the configuration says so; a command line may as well.
  /// - below: only what descends from this process, and the machines of its instances.
  /// - hasRBD: machines are Ceph's clients, by the node's network.
  init(
    below root: pid_t?, instances: String, hasNetworks: Bool, isSimulation isConfigured: Bool, hasRBD: Bool
  ) throws {
    let states = try Self.states()
    let byPID = Dictionary(uniqueKeysWithValues: states.map { ($0.pid, $0) })
    func descends(_ state: ProcessState) -> Bool {
      guard let root else { return true }
      var next: ProcessState? = state
      while let current = next {
        if current.pid == root { return true }
        next = byPID[current.parent]
      }
      return false
    }
    for state in states where descends(state) {
      let parent = byPID[state.parent]
      if let rights = Self.rights(of: state, parent: parent), let observed = rights.observed {
        let isBehindFrontEnd = parent?.programName == ProcessRights.frontEnd.name
        all.append(
          NodeProcess(
            state: state, rights: rights, observed: observed,
            inheritedFilters: isBehindFrontEnd ? parent?.seccompFilters ?? 0 : 0))
      }
    }
    addMachines(states.filter { root == nil || descends($0) || $0.holds(filesBelow: instances) })
    let names = Set(all.map(\.rights.name))
    isSimulation =
      isConfigured || all.contains { $0.rights.name == ProcessRights.manager.name && $0.state.isSimulation }
    let forMachines = Self.expectedForMachines + (hasNetworks ? [.network] : [])
    let expected = Self.expected + (isSimulation ? [] : forMachines)
    missing = names.isEmpty ? [] : expected.map(\.name).filter { !names.contains($0) }
    let inNodeNetwork = hasRBD ? ProcessRights.manager.name : ProcessRights.network.name
    if let unit = all.first(where: { $0.rights.name == inNodeNetwork })?.observed.unit {
      for index in all.indices where all[index].observed.unit == unit { all[index].sharesNodeNetwork = true }
    }
    // The users of the three, as they really run.
    let users = Set(all.filter { $0.observed.user != nil }.compactMap(\.state.users.first)).subtracting([0])
    let known = Set(all.map(\.state.pid))
    strangers = states.filter { state in
      !known.contains(state.pid) && !state.users.allSatisfy { !users.contains($0) }
        && !Self.tools.contains(state.programName) && (root == nil || descends(state))
    }
  }

  /// They live for moments; the spawner starts them.
  private static let tools: Set = [ProcessRights.qemuImg.name, ProcessRights.xorriso.name]

  /// Machines outlive the launcher-vmm that started them: they are known by its user, and by its unit's control group.
  private mutating func addMachines(_ states: [ProcessState]) {
    guard let observed = ProcessRights.qemu.observed else { return }
    let managers = all.filter { $0.rights.name == ProcessRights.manager.name }
    for state in states where state.programName == observed.program {
      let isOurs = managers.contains {
        $0.state.users.first == state.users.first
          || $0.isUnderUnit && state.controlGroup.contains("/\($0.observed.unit)")
      }
      if isOurs { all.append(NodeProcess(state: state, rights: .qemu, observed: observed, inheritedFilters: 0)) }
    }
  }

  /// Which of launcher's processes one is; nil: none.
  private static func rights(of state: ProcessState, parent: ProcessState?) -> ProcessRights? {
    let isChild = parent?.programName == state.programName
    return ProcessRights.all.first { rights in
      guard let observed = rights.observed, observed.program == state.programName,
        rights.name != ProcessRights.qemu.name
      else { return false }
      // Anybody may use docker; launcher's is the one that its own child has started.
      if rights.name == ProcessRights.containerTool.name {
        return parent?.threadName == ProcessRights.containers.observed?.threadName
      }
      return isChild ? observed.threadName == state.threadName : observed.threadName == nil
    }
  }

  /// All processes in this one's process namespace.
  private static func states() throws -> [ProcessState] {
    let own = try ProcessState.link("/proc/self/ns/pid")
    let folder = try Descriptor.open("/proc", O_RDONLY | O_DIRECTORY)
    let pids = try Files.names(in: folder).compactMap { pid_t($0) }.sorted().filter { pid in
      // Kernel threads execute nothing; what has ended meanwhile has no files.
      (try? ProcessState.link("/proc/\(pid)/exe")) != nil
        && (try? ProcessState.link("/proc/\(pid)/ns/pid")) == own
    }
    var networks: [String: pid_t] = [:]
    for pid in pids {
      if let network = try? ProcessState.link("/proc/\(pid)/ns/net") { networks[network] = pid }
    }
    let sockets = SocketTable(of: networks.values)
    return try pids.compactMap { try ProcessState($0, sockets) }
  }
}

extension ProcessState {
  fileprivate func holds(filesBelow folder: String) -> Bool {
    descriptors.contains { $0.link.hasPrefix(folder + "/") }
  }
}

extension NodeProcess {
  /// systemd runs it, so its unit's namespaces are to be seen.
  var isUnderUnit: Bool { !observed.unit.isEmpty && state.controlGroup.contains("/\(observed.unit)") }
}
