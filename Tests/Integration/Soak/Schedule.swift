extension Soak {
  /// Numbers that a seed decides: SplitMix64.
  struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
  }

  /// A process of launcher's that is killed.
  enum Victim: String, CaseIterable {
    case net, resolver, vmm, spawner, observer, network, stats

    var endsNet: Bool { self == .net || self == .resolver }
    var endsVMM: Bool { [.vmm, .spawner, .observer, .network].contains(self) }
  }

  enum Step: CustomStringConvertible {
    case command(Command, instance: Int)
    /// For an instance that there never was.
    case stranger(Command)
    case flood([(Command, instance: Int)])
    case crash(instance: Int)
    case kill(Victim)
    /// All of launcher's processes end, killed or in good order, and start again.
    case restartLauncher(inOrder: Bool)
    /// The server ends the connection, and perhaps refuses the next ones for a while.
    case disconnect(inOrder: Bool, refusing: Bool)
    case replaceServer
    case fillDisk
    case evacuate
    case restore
    case barrier
    case pause(milliseconds: Int)
    /// Everything comes to rest and is compared with the model; with `clearing` all instances are deleted as well.
    case rest(clearing: Bool)

    var description: String {
      switch self {
      case .command(let command, let instance): "\(command.rawValue) \(instance)"
      case .stranger(let command): "\(command.rawValue) of nobody"
      case .flood(let commands):
        "flood: " + commands.map { "\($0.0.rawValue) \($0.instance)" }.joined(separator: ", ")
      case .crash(let instance): "kill the machine of \(instance)"
      case .kill(let victim): "kill \(victim.rawValue)"
      case .restartLauncher(let inOrder): inOrder ? "stop launcher and start it" : "kill launcher and start it"
      case .disconnect(let inOrder, let refusing):
        (inOrder ? "close the connection" : "drop the connection") + (refusing ? " and refuse the next" : "")
      case .replaceServer: "replace the server"
      case .fillDisk: "fill the disk"
      case .evacuate: "evacuate the node"
      case .restore: "restore the node"
      case .barrier: "barrier"
      case .pause(let milliseconds): "pause \(milliseconds) ms"
      case .rest(let clearing): clearing ? "clear" : "rest"
      }
    }
  }

  /// All steps of a run, decided by its seed alone.
  ///
  /// A run is a sequence of spells of weather, each of a few times between two rests; at the end of each spell the node
  /// is cleared. In good weather only machines and the scheduler misbehave, so that launcher's processes grow old; in a
  /// storm everything does. Between two rests each process ends at most once: what may be lost then stays countable.
  struct Schedule {
    static let instances = 6
    private static let floodLength = 50
    /// Rests of a long time of good weather.
    private static let longSpell = 100

    private var numbers: Numbers
    private var isStormy = false
    private var restsUntilClear = 0
    private var stepsUntilRest = 0
    private var mayEndNet = false
    private var mayEndVMM = false
    private var mayFlood = false
    /// Else it may evacuate: of an evacuation that cannot be written down nobody knows what will be.
    private var mayFill = false

    init(seed: UInt64) {
      numbers = Numbers(seed: seed)
      beginSpell()
    }

    private mutating func beginSpell() {
      isStormy.toggle()
      // What grows, grows with the age of a process.
      restsUntilClear = !isStormy && numbers.chance(10) ? Self.longSpell : Int.random(in: 3...8, using: &numbers)
      endRest()
    }

    private mutating func endRest() {
      stepsUntilRest = Int.random(in: 2...14, using: &numbers)
      // Else there are too many ways in which it may have gone.
      mayFlood = numbers.chance(10)
      mayFill = numbers.chance(50)
      mayEndNet = isStormy && !mayFlood && numbers.chance(50)
      mayEndVMM = isStormy && numbers.chance(50)
    }

    mutating func next() -> Step {
      guard stepsUntilRest > 0 else {
        restsUntilClear -= 1
        let clearing = restsUntilClear == 0
        if clearing { beginSpell() } else { endRest() }
        return .rest(clearing: clearing)
      }
      stepsUntilRest -= 1
      return switch Int.random(in: 0..<100, using: &numbers) {
      case 0..<45: instanceCommand()
      case 45..<52:
        .stranger((numbers.chance(30) ? Command.ofStrangers : Command.ofNone).randomElement(using: &numbers)!)
      case 52..<60: .crash(instance: instance())
      case 60..<66: .pause(milliseconds: Int.random(in: 1...400, using: &numbers))
      case 66..<70: .barrier
      case 70..<72: mayFill ? .fillDisk : .evacuate
      case 72..<75: .restore
      case 75..<78: flood() ?? instanceCommand()
      case 78..<83: endConnection() ?? instanceCommand()
      default: end() ?? instanceCommand()
      }
    }

    private mutating func instance() -> Int { Int.random(in: 0..<Self.instances, using: &numbers) }

    private mutating func instanceCommand() -> Step { .command(likelyCommand(), instance: instance()) }

    private mutating func likelyCommand() -> Command {
      switch Int.random(in: 0..<30, using: &numbers) {
      case 0..<6: .start
      case 6: .startWithOwn
      case 7: .startWithShared
      case 8: .startOrRestart
      case 9: .startOversized
      case 10: .startInVain
      case 11..<14: .stop
      case 14..<18: .restart
      case 18: .withdraw
      case 19..<22: .delete
      case 22..<27:
        [.attachOwn, .attachSecond, .attachShared, .attachShared, .attachMissing].randomElement(using: &numbers)!
      default: [.detachOwn, .detachSecond, .detachShared, .detachMissing].randomElement(using: &numbers)!
      }
    }

    private mutating func flood() -> Step? {
      guard mayFlood else { return nil }
      mayFlood = false
      return .flood((0..<Self.floodLength).map { _ in (likelyCommand(), instance()) })
    }

    private mutating func endConnection() -> Step? {
      guard mayEndNet else { return nil }
      mayEndNet = false
      return numbers.chance(30)
        ? .replaceServer : .disconnect(inOrder: numbers.chance(50), refusing: numbers.chance(20))
    }

    private mutating func end() -> Step? {
      switch Int.random(in: 0..<10, using: &numbers) {
      case 0..<3:
        guard mayEndNet else { return nil }
        mayEndNet = false
        return .kill(numbers.chance(75) ? .net : .resolver)
      case 3..<8:
        guard mayEndVMM else { return nil }
        mayEndVMM = false
        return .kill(numbers.chance(60) ? .vmm : [.spawner, .observer, .network].randomElement(using: &numbers)!)
      case 8:
        guard mayEndNet, mayEndVMM else { return nil }
        (mayEndNet, mayEndVMM) = (false, false)
        return .restartLauncher(inOrder: numbers.chance(50))
      default:
        return isStormy ? .kill(.stats) : nil
      }
    }
  }
}
