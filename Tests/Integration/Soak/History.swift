extension Soak {
  /// What was done to one instance since it was last known for certain, and what may have come of it.
  struct History {
    /// A way in which it may have gone.
    struct Hypothesis: Hashable {
      var state: State
      /// In order, or sorted where the order is open.
      var told: [Answer] = []
      /// So many of the first may be lost.
      var losable = 0
    }

    /// What it may have been at the beginning.
    var initial: Set<State> = [.absent]
    private(set) var events: [Event] = []
    /// The node was in maintenance at the beginning.
    var wasInMaintenance = false
    var isDiskFull = false
    var isSimulated = false
    var letsGo = false
    /// Another instance has had the shared volume since the beginning.
    var isSharedElsewhere = Soak.Certainty.no

    mutating func add(_ event: Event) {
      events.append(event)
      if event.endsConnection { isLossy = true }
    }

    /// Begins anew with what is known now.
    mutating func restart(from states: Set<State>, isInMaintenance: Bool) {
      self = History(initial: states, wasInMaintenance: isInMaintenance, isSimulated: isSimulated, letsGo: letsGo)
    }

    /// Answers may be lost or come twice: their number is bounded, their order open.
    private(set) var isLossy = false

    // MARK: what may have been

    /// All ways in which it may have gone of which `isPossible` holds, which is asked again and again on the way.
    func hypotheses(_ isPossible: (Hypothesis) -> Bool = { _ in true }) -> Set<Hypothesis> {
      var all: Set<Hypothesis> = []
      for fates in fates() {
        for state in initial { all.formUnion(run(fates, from: state, isPossible)) }
      }
      return all
    }

    private enum Fate { case arrives, breaksOff, isLost }

    /// Each possible way of what is lost: for each event one fate.
    private func fates() -> [[Fate]] {
      var all = [events.map { _ in Fate.arrives }]
      var begin = 0
      for (index, event) in events.enumerated() {
        if event == .barrier || event.endsConnection {
          if event.endsConnection { all = all.flatMap { cut(begin..<index, of: $0, leavingRemains: false) } }
          begin = index + 1
        }
      }
      // Nobody knows any more of what was in hand when the second of the two ended.
      if let net = events.lastIndex(of: .netEnded), let vmm = events.lastIndex(of: .vmmEnded) {
        all = all.flatMap { cut(0..<min(net, vmm), of: $0, leavingRemains: true) }
      }
      return Array(Set(all))
    }

    /// Loses the last of the commands in `range`: none, one, up to all.
    private func cut(_ range: Range<Int>, of fates: [Fate], leavingRemains: Bool) -> [[Fate]] {
      var variants = [fates]
      var current = fates
      for index in range.reversed() {
        guard events[index].isSent, current[index] == .arrives else { continue }
        if leavingRemains {
          var variant = current
          variant[index] = .breaksOff
          variants.append(variant)
        }
        current[index] = .isLost
        variants.append(current)
      }
      return variants
    }

    private struct Branch: Hashable {
      var hypothesis: Hypothesis
      /// Indices of crashes that have had their effect.
      var spent: Set<Int> = []
    }

    private func run(_ fates: [Fate], from state: State, _ isPossible: (Hypothesis) -> Bool) -> Set<Hypothesis> {
      let crashes = events.indices.filter { events[$0] == .crash }
      var branches: Set<Branch> = [Branch(hypothesis: Hypothesis(state: state))]
      for (index, event) in events.enumerated() {
        branches = withCrashes(branches, crashes.filter { $0 >= index })
        switch event {
        case .command(let command):
          branches = Set(branches.flatMap { carryOut(command, at: index, fates, $0, crashes) })
            .filter { isPossible($0.hypothesis) }
        case .crash:
          // The latest moment for its effect.
          branches = Set(branches.compactMap { strike($0, index) })
        case .evacuate, .restore: break
        case .disconnected, .netEnded:
          branches = Set(
            branches.map {
              var branch = $0
              branch.hypothesis.told.sort()
              branch.hypothesis.losable = branch.hypothesis.told.count
              return branch
            })
        case .barrier, .vmmEnded: break
        }
        if isEvacuated(after: index, fates) { branches = withEvacuation(branches) }
        if events[index...].contains(.vmmEnded) { branches = withTakeOver(branches) }
      }
      if isEvacuated(after: events.count, fates), maintenance(at: events.count, fates) == [true] {
        branches = branches.filter { $0.hypothesis.state.life != .active }
      }
      return Set(branches.map(\.hypothesis)).filter(isPossible)
    }

    // MARK: maintenance

    /// What may be the case when a command that was sent at `index` is carried out, which may be later.
    private func maintenance(at index: Int, _ fates: [Fate]) -> Set<Bool> {
      var values: Set<Bool> = [wasInMaintenance]
      for (place, event) in events.enumerated() where fates[place] != .isLost {
        guard let value = event.maintenance else { continue }
        values = place < index && fates[place] == .arrives ? [value] : values.union([value])
      }
      return values
    }

    /// What may be the case in the end.
    func maintenance() -> Set<Bool> { Set(fates().flatMap { maintenance(at: events.count, $0) }) }

    /// An evacuation has begun by then, and may stop what runs at any time.
    private func isEvacuated(after index: Int, _ fates: [Fate]) -> Bool {
      events.indices.contains { $0 <= index && events[$0] == .evacuate && fates[$0] != .isLost }
    }

    private func withEvacuation(_ branches: Set<Branch>) -> Set<Branch> {
      branches.union(
        branches.filter { $0.hypothesis.state.life == .active }.map {
          var branch = $0
          branch.hypothesis.state = $0.hypothesis.state.becoming(.exited)
          return branch
        })
    }

    /// A launcher-vmm that begins may find that machines have no disks of some volumes.
    private func withTakeOver(_ branches: Set<Branch>) -> Set<Branch> {
      var all = branches
      for volume in Soak.Volume.allCases {
        for branch in all where branch.hypothesis.state.loose.contains(volume) {
          var other = branch
          other.hypothesis.state = branch.hypothesis.state.without(volume)
          all.insert(other)
        }
      }
      return all
    }

    /// Each branch as it is, and with any of the crashes that may strike now.
    private func withCrashes(_ branches: Set<Branch>, _ crashes: [Int]) -> Set<Branch> {
      var all = branches
      for crash in crashes { all.formUnion(all.compactMap { $0.spent.contains(crash) ? nil : strike($0, crash) }) }
      return all
    }

    private func strike(_ branch: Branch, _ crash: Int) -> Branch? {
      var branch = branch
      guard branch.spent.insert(crash).inserted else { return branch }
      if branch.hypothesis.state.life == .active { branch.hypothesis.state = branch.hypothesis.state.becoming(.exited) }
      return branch
    }

    private func carryOut(_ command: Command, at index: Int, _ fates: [Fate], _ branch: Branch, _ crashes: [Int])
      -> [Branch]
    {
      let state = branch.hypothesis.state
      var circumstances = Circumstances(
        isRepeated: events[index...].contains(.vmmEnded), isDiskFull: isDiskFull, isSimulated: isSimulated,
        letsGo: letsGo, isSharedElsewhere: isSharedElsewhere)
      switch fates[index] {
      case .isLost: return [branch]
      case .breaksOff:
        return remains(of: command, in: state, circumstances).map {
          var next = branch
          next.hypothesis.state = $0
          return next
        }
      case .arrives:
        var next: [Branch] = []
        for isInMaintenance in maintenance(at: index, fates) {
          circumstances.isInMaintenance = isInMaintenance
          next += outcomes(of: command, in: state, circumstances).map { end(branch, by: $0) }
        }
        for crash in crashes where crash >= index && !branch.spent.contains(crash) {
          for outcome in outcomesWithCrash(of: command, in: state, circumstances) {
            var struck = end(branch, by: outcome)
            // A machine's monitor ends before it does: to the next command it may run.
            if command.change != nil {
              var late = struck
              late.hypothesis.state = outcome.state.becoming(.active)
              next.append(late)
            }
            struck.spent.insert(crash)
            next.append(struck)
          }
        }
        return next
      }
    }

    private func end(_ branch: Branch, by outcome: Outcome) -> Branch {
      var branch = branch
      branch.hypothesis.state = outcome.state
      if let answer = outcome.answer { branch.hypothesis.told.append(answer) }
      // Fewer branches differ.
      if isLossy { branch.hypothesis.told[branch.hypothesis.losable...].sort() }
      return branch
    }
  }
}
