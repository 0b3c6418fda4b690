import AsyncLoop
import Glog
import Instances
import Linux
import Spawning

/// What runs an instance: watched, measured, recorded.
extension Instance {
  /// How often the removal of a machine's control group is tried, and the seconds between.
  private static let groupRemovals = 30
  private static let groupRemovalDelay = 1.0

  func watch(_ runner: any Runner) {
    guard !runner.hasEnded else { return }
    self.runner = runner
    (runner as? any VolumeHost)?.onAnswer = { [weak self] in
      self?.areVolumesToBeCompared = true
      self?.wake()
    }
    runner.onEnd = { [weak self] in
      guard let self else { return }
      self.runner = nil
      self.figures = nil
      self.removeGroup()
      log.info("\(self.id): \(self.isContainer ? "its container" : "its machine") has ended")
      self.node.announce(self)
    }
  }

  /// Watches, measures and records what runs.
  func use(_ runner: any Runner) async {
    watch(runner)
    if isRunning { await measure(runner) }
    if file?.run != runner.run { await record(runner) }
  }

  private func measure(_ runner: any Runner) async {
    guard let target = runner.observed, let observer = node.observer else { return }
    do {
      let opened = try await observer.figures(of: target)
      // Its number cannot have passed to another process while its end is not seen.
      if self.runner === runner { figures = opened }
    } catch {
      if self.runner === runner { log.error("\(id): \(error): its memory and CPU usage are reported as -1") }
    }
  }

  private func record(_ runner: any Runner) async {
    guard file != nil else { return }
    file?.run = runner.run
    do {
      let store = node.store
      if let file { try await store.lane.run { try store.writeState(file, in: store.folder(of: id)) } }
    } catch {
      log.error("\(id): record what runs it: \(error); after a restart it has to be found without")
    }
  }

  /// Removes the control group of a machine that has ended.
  func removeGroup(attempt: Int = 1) {
    guard let groups = node.groups, !groups.remove(id) else { return }
    guard attempt < Self.groupRemovals else {
      return log.warning("\(id): the kernel keeps its machine's control group; it goes at the next start")
    }
    LoopActor.loop.schedule(at: .after(seconds: Self.groupRemovalDelay)) {
      // Else it is the next machine's.
      if !self.isRunning && !self.isStarting { self.removeGroup(attempt: attempt + 1) }
    }
  }
}
