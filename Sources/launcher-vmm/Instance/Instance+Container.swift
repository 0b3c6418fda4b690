import AsyncLoop
import Glog
import Instances

/// What happens to an instance's container without a command.
extension Instance {
  /// Something may have happened to its container.
  func lookAgain() {
    isToBeLookedAt = true
    wake()
  }

  /// Removes a container that an interrupted command left, when it is its turn: a START that came before has an instance
  /// then, whose container it is.
  func removeLeftContainer() async {
    await withCheckedContinuation {
      removals.append($0)
      wake()
    }
  }

  func removeLeft() async {
    guard !exists else { return }
    log.info("\(id): removing its container, left by an interrupted command")
    do {
      try await node.containers?.discard(id)
    } catch {
      log.error("\(id): remove its container: \(error); tried again when launcher-vmm connects to the engine anew")
    }
  }

  func lookNow() async {
    guard let file, isContainer, let backend = node.backend(of: file.spec.kind) else { return }
    do {
      let present = try await backend.look(for: id)
      if let runner, runner.run == present?.run, runner.observed == present?.observed { return }
      runner?.noticeEnd()
      guard let present else { return }
      await use(present)
      log.info("\(id): runs in \(present.name)")
      node.announce(self)
    } catch {
      log.warning("\(id): \(error); whether it runs is asked again when the container engine answers")
    }
  }
}
