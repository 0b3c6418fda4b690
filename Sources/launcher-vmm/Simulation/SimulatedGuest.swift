import AsyncLoop
import Channel
import Glog
import Instances
import Linux
import Loop

/// A simulated instance that runs.
///
/// How its guest behaves is decided by the last digit of its identifier, so that whoever chooses identifiers knows what
/// will happen, and whoever takes them as they come meets all of it.
@LoopActor final class SimulatedGuest: Runner {
  /// Seconds until it runs.
  static let bootTime = 0.05
  /// Seconds until a guest that is asked to power down has done so.
  static let powerDownTime = 0.05
  /// Seconds until a guest that powers itself down does.
  static let shortLife = 10.0

  enum Habit: Equatable {
    /// It runs until it is stopped.
    case steady
    /// It powers itself down after `shortLife`.
    case endsByItself
    /// It does not hear that it is to power down.
    case deaf

    init(of instance: Identifier) {
      self =
        switch instance.text.last {
        case "f", "F": .endsByItself
        case "e", "E": .deaf
        default: .steady
        }
    }
  }

  private let instance: Identifier
  private let store: InstanceStore
  private var timer: EventLoop.Timer?
  private(set) var hasEnded = false
  var onEnd: (() -> Void)?

  init(_ instance: Identifier, since start: Moment, _ store: InstanceStore) {
    self.instance = instance
    self.store = store
    guard Habit(of: instance) == .endsByItself else { return }
    let due = Moment(nanoseconds: start.nanoseconds + Int64(Self.shortLife * 1_000_000_000))
    if due <= .now {
      finish()
    } else {
      timer = LoopActor.loop.schedule(at: due) { [weak self] in self?.finish() }
    }
  }

  nonisolated var name: String { "a simulation" }
  var observed: ObserveRequest.Target? { nil }
  var run: InstanceFile.Run? { .simulated }

  func stop(grace: Double, hurry: Gate, isHurried: () -> Bool) async throws {
    if !isHurried(), grace > 0 {
      StopPoint.powerDownAsked.reach()
      let patience = Habit(of: instance) == .deaf ? grace : min(grace, Self.powerDownTime)
      _ = await hurry.wait(until: .after(seconds: patience))
    }
    finish()
  }

  func end() async throws { finish() }

  private func finish() {
    guard !hasEnded else { return }
    do {
      try Files.remove(SimulatedRun.name, in: store.folder(of: instance).handle)
    } catch {
      log.error("\(instance): \(error): after a restart of launcher it runs again")
    }
    hasEnded = true
    if let timer { LoopActor.loop.cancel(timer) }
    timer = nil
    onEnd?()
    onEnd = nil
  }
}

extension InstanceRecord {
  /// Figures such as a machine of this size might have: the same for an instance whenever it runs.
  mutating func makeUpFigures(_ spec: InstanceSpec) {
    var seed = spec.instance.text.utf8.reduce(UInt64(5381)) { $0 &* 33 &+ UInt64($1) }
    func percentage(of whole: Int, _ range: ClosedRange<UInt64>) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1
      return whole * Int(range.lowerBound + (seed >> 33) % (range.upperBound - range.lowerBound + 1)) / 100
    }
    diskMB = percentage(of: spec.resources.diskMB ?? 2000, 5...60)
    guard state == .active else { return }
    memoryMB = percentage(of: spec.resources.memoryMB, 20...90)
    cpuUsage = percentage(of: 100, 0...40)
  }
}
