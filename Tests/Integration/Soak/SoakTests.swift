import Foundation
import Testing

extension Soak {
  /// What instances are.
  enum Kind: String, CaseIterable {
    /// Records with a made-up life.
    case simulation
    /// Machines on tenants' networks.
    case real

    var hasNetwork: Bool { self == .real }
    var isSimulated: Bool { self == .simulation }

    /// The server's name is to be resolved, so that there is a resolver.
    var options: Node.Options {
      var options =
        isSimulated
        ? Node.Options(["simulation": "true", "mem-limit": "true", "reject-when-full": "true"]) : Node.Options(.cn)
      options.server = "localhost"
      options.hasVolumes = !isSimulated
      return options
    }
  }

  /// What `make soak` asks for.
  struct Order {
    var kinds = Kind.allCases
    var seed: UInt64 = 1
    var seconds = 60.0
    var steps = Int.max
    /// Each step is told when it begins, and the log of a run that fails is kept in this folder.
    var folder: String?

    init(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
      if let kind = environment["LAUNCHER_SOAK_KIND"].flatMap(Kind.init) { kinds = [kind] }
      if let seed = environment["LAUNCHER_SOAK_SEED"].flatMap({ UInt64($0) }) { self.seed = seed }
      if let minutes = environment["LAUNCHER_SOAK_MINUTES"].flatMap({ Double($0) }) { seconds = minutes * 60 }
      if let steps = environment["LAUNCHER_SOAK_STEPS"].flatMap({ Int($0) }) { self.steps = steps }
      folder = environment["LAUNCHER_SOAK_FOLDER"]
    }
  }
}

extension Integration {
  /// Random commands and faults for a time, against the model.
  @Suite struct SoakTests {
    private static let order = Soak.Order()
    /// Room for all instances and a little more, so that it is soon full.
    private static let disk = 24_576
    private static let keptSteps = 40

    @Test(arguments: order.kinds)
    func `whatever comes in whatever order, the node is in a state that it may be in`(kind: Soak.Kind) async throws {
      let order = Self.order
      try await Node.run(kind.options, prepare: { try Self.prepare($0) }) { node in
        var steps: [String] = []
        let run = Soak.Run(node, kind) {
          steps = steps.suffix(Self.keptSteps) + [$0]
          if order.folder != nil { print("\(kind.rawValue) \($0)") }
        }
        do {
          try await Self.run(run, order)
        } catch {
          if let folder = order.folder {
            try? FileManager.default.copyItem(
              atPath: node.logFile, toPath: "\(folder)/\(kind.rawValue)-\(order.seed).log")
          }
          throw HarnessError(
            "make soak KIND=\(kind.rawValue) SEED=\(order.seed) STEPS=\(run.totals.steps) does it again, perhaps:\n"
              + "\(steps.joined(separator: "\n"))\n\(error)")
        }
        print("\(kind.rawValue), seed \(order.seed): \(run.totals); KiB at most: \(run.peak)")
      }
    }

    private static func prepare(_ node: Node) throws {
      try node.limitInstances(to: disk)
      try node.addImage(Soak.Run.lettingGo, Soak.Run.guestThatLetsGo)
      if node.options.hasVolumes { try Soak.Run.makeVolumes(on: node) }
    }

    private static func run(_ run: Soak.Run, _ order: Soak.Order) async throws {
      var schedule = Soak.Schedule(seed: order.seed)
      let end = ContinuousClock.now + .seconds(order.seconds)
      try await run.carryOut(.rest(clearing: true))
      // So many steps, or so long.
      let hasEnd = order.steps != .max
      while hasEnd ? run.totals.steps < order.steps : ContinuousClock.now < end {
        try await run.carryOut(schedule.next())
      }
      try await run.carryOut(.rest(clearing: true))
    }
  }
}
