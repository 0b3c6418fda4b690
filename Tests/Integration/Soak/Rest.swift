import Foundation

/// Between storms: whether everything is as the model says, and whether anything was left or lost.
extension Soak.Run {
  /// Seconds without any news before the last word is taken for the last.
  private static let silence = 2.0

  private func trouble(_ what: String) -> HarnessError { node.trouble(what) }

  /// Waits until all commands are done, and compares what there is with what there may be.
  func rest(clearing: Bool) async throws {
    emptyDisk()
    try await connect()
    try await settle()
    // In the order of each instance's commands it is the last, and always answered: by what the instance is.
    for index in 0..<Soak.Schedule.instances { try await send(.startInVain, uuid(index)) }
    try await judge()
    totals.rests += 1
    guard clearing else { return }
    try await send("Restore", .restore)
    for index in 0..<Soak.Schedule.instances { try await send(.delete, uuid(index)) }
    try await judge()
    totals.clears += 1
    try await comparePossessions()
  }

  /// Waits until what is there and what was told are what the model allows, and goes on from there.
  private func judge() async throws {
    let clock = ContinuousClock()
    for (uuid, shared) in sharedElsewhere() { histories[uuid]!.isSharedElsewhere = shared }
    var (since, last) = (clock.now, Evidence())
    var known: [String: Set<Soak.History.Hypothesis>] = [:]
    var all: [String: (told: Int, Set<Soak.History.Hypothesis>)] = [:]
    try await wait("the node to come to rest") {
      let evidence = gather()
      if evidence != last { (since, last) = (clock.now, evidence) }
      var isDoubtful = false
      for (uuid, history) in histories {
        let seen = seen[uuid] ?? []
        if all[uuid]?.told != seen.count {
          all[uuid] = (seen.count, history.hypotheses { history.agrees(seen, $0) })
        }
        let hypotheses = all[uuid]!.1
        guard hypotheses.contains(where: { history.mayPrecede(seen, $0) }) else {
          throw trouble("\(uuid): \(describe(history, hypotheses)): \(seen) were told")
        }
        known[uuid] = hypotheses.filter { history.matches(seen, $0) && evidence.agrees(with: $0.state, of: uuid) }
        if known[uuid]!.isEmpty {
          guard clock.now - since > .seconds(Self.patience) else { return false }
          throw trouble(
            "\(uuid): \(describe(history, hypotheses)): \(seen) were told, it is \(evidence.description(of: uuid))")
        }
        // More may come.
        if hypotheses.count > known[uuid]!.count || history.isLossy { isDoubtful = true }
      }
      return !isDoubtful || clock.now - since > .seconds(Self.silence)
    }
    if let stranger = seen.keys.first(where: { histories[$0] == nil }) {
      throw trouble("\(seen[stranger]!) were told of \(stranger), for which nothing was sent")
    }
    let isInMaintenance = try await compareMaintenance()
    let (hadMembers, faults) = (tenantsWithMembers(), histories[""]!.events)
    for (uuid, hypotheses) in known {
      histories[uuid]!.restart(from: Set(hypotheses.map(\.state)), isInMaintenance: isInMaintenance)
    }
    histories = histories.filter { $0.key.isEmpty || pool.contains($0.key) }
    seen = [:]
    try compareTenants(since: hadMembers, faults)
    try await compareStats()
    try await compareRemains()
  }

  /// Seconds without any news in spite of something that is missing.
  private static let patience = 60.0

  var pool: [String] { (0..<Soak.Schedule.instances).map(uuid) }

  private struct Evidence: Equatable {
    var seen: [String: [Soak.Answer]] = [:]
    var machines: [String: [pid_t]] = [:]
    var folders: Set<String> = []
    /// What files of states say.
    var volumes: [String: Set<Soak.Volume>] = [:]
    /// What machines hold.
    var disks: [String: Set<Soak.Volume>] = [:]

    func agrees(with state: Soak.State, of uuid: String) -> Bool {
      let disks = disks[uuid, default: []]
      return folders.contains(uuid) == state.exists
        && machines[uuid, default: []].count == (state.life == .active ? 1 : 0)
        && volumes[uuid, default: []] == state.volumes
        && (state.life != .active
          || disks.isSubset(of: state.volumes) && disks.isSuperset(of: state.volumes.subtracting(state.loose)))
    }

    func description(of uuid: String) -> String {
      let (written, held) = (volumes[uuid, default: []].sorted(), disks[uuid, default: []].sorted())
      return "\(folders.contains(uuid) ? "there" : "absent"), with \(machines[uuid, default: []].count) machines, "
        + "volumes \(written), disks \(held)"
    }
  }

  private func gather() -> Evidence {
    let machines = machines()
    return Evidence(
      seen: seen, machines: machines, folders: Set(instanceFolders()),
      volumes: Dictionary(uniqueKeysWithValues: pool.map { ($0, writtenVolumes(of: $0)) }),
      disks: machines.reduce(into: [:]) { disks, machine in
        disks[machine.key] = Set(machine.value.flatMap { openVolumes(of: $0, machine.key) })
      })
  }

  private func describe(_ history: Soak.History, _ hypotheses: Set<Soak.History.Hypothesis>) -> String {
    "after \(history.initial.map(\.description)) and \(history.events)"
      + " any of \(hypotheses.prefix(6).map { "\($0.told) and \($0.state)" })"
  }

  /// All QEMUs of this node, also those of instances that nobody knows. In a simulation a file stands for each.
  private func machines() -> [String: [pid_t]] {
    if kind.isSimulated {
      // An empty one says nothing: it was not written to its end.
      let running = instanceFolders().filter {
        FileManager.default.contents(atPath: "\(node.instances)/\($0)/running")?.isEmpty == false
      }
      return Dictionary(uniqueKeysWithValues: running.map { ($0, [0]) })
    }
    let prefix = "\(node.instances)/"
    return ProcessTable.all.reduce(into: [:]) { machines, pid in
      let arguments = ProcessTable.arguments(of: pid)
      guard arguments.first?.hasSuffix("qemu-system-x86_64") ?? false,
        let argument = arguments.first(where: { $0.contains(prefix) }), let range = argument.range(of: prefix)
      else { return }
      let place = argument[range.upperBound...]
      machines[String(place.prefix { $0.isHexDigit || $0 == "-" }), default: []].append(pid)
    }
  }

  /// The names in the folder of instances, but for the marks of a simulation and of maintenance.
  private func instanceFolders() -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: node.instances)) ?? []).filter {
      ![".simulation", ".maintenance"].contains($0)
    }
  }

  /// Whether the node is in maintenance, which is on the disk and known to the scheduler.
  private func compareMaintenance() async throws -> Bool {
    let isInMaintenance = node.exists("\(node.instances)/.maintenance")
    guard histories[""]!.maintenance().contains(isInMaintenance) else {
      throw trouble("maintenance: \(isInMaintenance), after \(histories[""]!.events)")
    }
    try await wait("the status to say so if the node is in maintenance") {
      (status == "MAINTENANCE") == isInMaintenance
    }
    return isInMaintenance
  }

  /// The next STATS say what there is, and of nothing else.
  private func compareStats() async throws {
    lastStats = nil
    var wrong = "none came"
    do {
      try await wait("STATS that agree with the model") {
        guard let stats = lastStats else { return false }
        wrong = stats.payload
        return stats.instances.count == pool.count { state(of: $0).exists }
          && pool.allSatisfy { uuid in
            let state = state(of: uuid)
            return stats.instances[uuid]?["state"]
              == (state.exists ? state.life == .active ? "active" : "exited" : nil)
              && Set(stats.volumes[uuid] ?? []) == Set(state.volumes.map { volume($0, of: uuid) })
          }
      }
    } catch {
      throw HarnessError("\(error)\nSTATS: \(wrong)\nmodel: \(pool.map { "\($0) \(state(of: $0))" })")
    }
  }

  /// One of those that it may be: they differ in nothing that can be seen.
  func state(of uuid: String) -> Soak.State { histories[uuid]!.initial.first! }

  /// Nothing is left of what is not there, and of what is there nothing is missing.
  private func compareRemains() async throws {
    let present = Set(pool.filter { state(of: $0).exists })
    let running = Set(pool.filter { state(of: $0).life == .active })
    guard Set(machines().keys) == running else { throw trouble("machines of \(machines().keys), not of \(running)") }
    guard Set(instanceFolders()) == present else { throw trouble("folders \(instanceFolders()), not \(present)") }
    try compareVolumes()
    for uuid in present {
      let files = Set((try? FileManager.default.contentsOfDirectory(atPath: "\(node.instances)/\(uuid)")) ?? [])
      let due: Set<String> = kind.isSimulated ? ["state"] : ["state", "image.qcow2", "config.iso"]
      guard files.isSuperset(of: due), !files.contains(".config-drive") else {
        throw trouble("\(uuid): its folder holds \(files)")
      }
    }
    guard kind.hasNetwork else { return }
    try await wait("as many taps as there are instances") {
      let taps = try node.devices("tun").compactMap(\.ifalias)
      return taps.allSatisfy { tap in present.contains { tap.hasSuffix($0) } }
        && running.allSatisfy { uuid in taps.count { $0.hasSuffix(uuid) } == 1 }
    }
  }
}
