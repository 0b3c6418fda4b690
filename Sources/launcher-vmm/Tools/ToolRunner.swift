import AsyncLoop
import Channel
import Glibc
import Glog
import Linux
import Loop

/// Runs qemu-img and xorriso: a bounded number at once, each with a deadline, their complaints kept.
@LoopActor final class ToolRunner {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Tools at once: they compete for the disk, so more do not end sooner.
  private static let width = 8
  /// Seconds a killed tool may take to be gone.
  private static let killDeadline = 10.0
  /// Bytes of a tool's last words that are kept.
  private static let keptOutput = 2048

  private let spawner: SpawnerClient
  private let null: Descriptor
  /// Seconds.
  private let deadline: Double
  private let slots = Slots(ToolRunner.width)

  init(spawner: SpawnerClient, null: Descriptor, deadline: Double) {
    self.spawner = spawner
    self.null = null
    self.deadline = deadline
  }

  /// Runs a tool to its successful end, or throws what it said.
  func run(_ task: SpawnTask) async throws(Failure) {
    let program = task.program
    await slots.take()
    defer { slots.give() }
    let output: (reader: Descriptor, writer: Descriptor)
    let child: ChildProcess
    do {
      output = try Descriptor.pipe()
      try output.reader.setNonBlocking()
      child = try await spawner.spawn(task, [null, output.writer, output.writer])
    } catch {
      throw Failure(description: "start \(program.name): \(error)")
    }
    output.writer.close()
    let words = LastWords(limit: Self.keptOutput)
    LoopActor.loop.onReadable(output.reader.raw) { words.take(output.reader) }
    defer { LoopActor.loop.forget(output.reader.raw) }
    if let end = await child.waitForEnd(until: .after(seconds: deadline)) {
      words.take(output.reader)
      guard end == .exited(0) else { throw Failure(description: "\(program.name) \(end): \(words.text)") }
      return
    }
    child.signal(SIGKILL)
    _ = await child.waitForEnd(until: .after(seconds: Self.killDeadline))
    throw Failure(description: "\(program.name) did not end within \(Int(deadline)) s: \(words.text)")
  }
}

/// The end of what a program wrote.
@LoopActor private final class LastWords {
  private let limit: Int
  private var bytes: [UInt8] = []

  init(limit: Int) { self.limit = limit }

  /// Takes at most what a pipe holds, so that a tool that never stops talking does not keep everything else waiting.
  func take(_ source: Descriptor) {
    for _ in 0..<16 {
      var piece = [UInt8](repeating: 0, count: 4096)
      guard let outcome = try? piece.withUnsafeMutableBytes({ try source.read(into: $0) }) else {
        return LoopActor.loop.forget(source.raw)
      }
      guard case .bytes(let count) = outcome else {
        if outcome == .end { LoopActor.loop.forget(source.raw) }
        return
      }
      bytes += piece[..<count]
      if bytes.count > limit { bytes.removeFirst(bytes.count - limit) }
    }
  }

  var text: String { bytes.isEmpty ? "it said nothing" : VisibleText.decoding(bytes) }
}

/// A bounded number of places that tasks take and give back, first come, first served.
@LoopActor final class Slots {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) { free = count }

  func take() async {
    if free > 0 {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func give() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}

/// Runs jobs side by side; throws the error of the first that failed once all have ended.
@LoopActor func together(_ jobs: [@LoopActor () async throws -> Void]) async throws {
  let gate = Gate()
  var failure: (any Error)?
  var left = jobs.count
  for job in jobs {
    LoopActor.start {
      do { try await job() } catch { failure = failure ?? error }
      left -= 1
      if left == 0 { gate.open() }
    }
  }
  while left > 0 { _ = await gate.wait() }
  if let failure { throw failure }
}
