import AsyncLoop
import Channel
import Glibc
import Glog
import Linux
import Loop

/// A tool that did not do what it was to do.
struct ToolFailure: Error, CustomStringConvertible {
  let description: String
}

/// Runs the tools of a spawner: a bounded number at once, each with a deadline, their complaints kept.
@LoopActor final class ToolRunner<Task: SpawnableTask> {
  typealias Failure = ToolFailure

  /// Seconds a killed tool may take to be gone.
  private static var killDeadline: Double { 10 }
  /// Bytes of a tool's last words that are kept.
  private static var keptWords: Int { 2048 }

  private let spawner: SpawnerClient<Task>
  private let null: Descriptor
  /// Seconds.
  private let deadline: Double
  private let slots: Slots

  /// - width: tools at once. Those of disks compete for the disk, so more of them do not end sooner.
  init(spawner: SpawnerClient<Task>, null: Descriptor, deadline: Double, width: Int = 8) {
    self.spawner = spawner
    self.null = null
    self.deadline = deadline
    slots = Slots(width)
  }

  /// Runs a tool to its successful end, or throws what it said.
  func run(_ task: Task) async throws(Failure) {
    await slots.take()
    defer { slots.give() }
    let words = LastWords(limit: Self.keptWords)
    try await run(task, output: words, complaints: words, deadline: deadline)
  }

  /// Runs a tool to its successful end and gives what it wrote on standard output, `limit` bytes at most; or throws what
  /// it said on standard error. `seconds` are added to its deadline.
  func output(of task: Task, limit: Int, longer seconds: Double = 0, onLine: ((String) -> Void)? = nil)
    async throws(Failure) -> [UInt8]
  {
    await slots.take()
    defer { slots.give() }
    let output = LastWords(limit: limit, onLine: onLine)
    let complaints = LastWords(limit: Self.keptWords)
    try await run(task, output: output, complaints: complaints, deadline: deadline + seconds)
    guard !output.isCut else { throw Failure(description: "\(task.programName) wrote more than \(limit) bytes") }
    return output.bytes
  }

  private func run(_ task: Task, output: LastWords, complaints: LastWords, deadline: Double) async throws(Failure) {
    let name = task.programName
    let child: ChildProcess
    do {
      let writer = try output.open()
      child = try await spawner.spawn(task, [null, writer, output === complaints ? writer : try complaints.open()])
    } catch {
      output.finish()
      complaints.finish()
      throw Failure(description: "start \(name): \(error)")
    }
    log.step("\(name)-started")
    let end = await child.waitForEnd(until: .after(seconds: deadline))
    log.step("\(name)-ended")
    if end == nil {
      child.signal(SIGKILL)
      _ = await child.waitForEnd(until: .after(seconds: Self.killDeadline))
    }
    output.finish()
    complaints.finish()
    guard let end else {
      throw Failure(description: "\(name) did not end within \(Int(deadline)) s: \(complaints.text)")
    }
    guard end == .exited(0) else { throw Failure(description: "\(name) \(end): \(complaints.text)") }
  }
}

/// The end of what a program writes.
@LoopActor final class LastWords {
  private let limit: Int
  private let onLine: ((String) -> Void)?
  private var reader: Descriptor?
  private var line: [UInt8] = []
  private(set) var bytes: [UInt8] = []
  /// More was written than is kept.
  private(set) var isCut = false
  /// Bytes of a line that is told.
  private static let longestLine = 4096

  /// `onLine` is told each line as it comes.
  init(limit: Int, onLine: ((String) -> Void)? = nil) {
    self.limit = limit
    self.onLine = onLine
  }

  /// Makes the pipe; gives its writing end, which the program gets and nobody else keeps.
  func open() throws(SystemError) -> Descriptor {
    let pipe = try Descriptor.pipe()
    try pipe.reader.setNonBlocking()
    reader = pipe.reader
    LoopActor.loop.onReadable(pipe.reader.raw) { [weak self] in self?.take() }
    return pipe.writer
  }

  /// Takes what is there yet, and closes the pipe: due also where no program got it, because the loop watches it.
  func finish() {
    take()
    close()
  }

  private func close() {
    guard let reader else { return }
    LoopActor.loop.forget(reader.raw)
    self.reader = nil
  }

  /// Takes at most what a pipe holds, so that a tool that never stops talking does not keep everything else waiting.
  private func take() {
    for _ in 0..<16 {
      guard let reader else { return }
      var piece = [UInt8](repeating: 0, count: 4096)
      guard let outcome = try? piece.withUnsafeMutableBytes({ try reader.read(into: $0) }) else { return close() }
      guard case .bytes(let count) = outcome else {
        if outcome == .end { close() }
        return
      }
      keep(piece[..<count])
    }
  }

  private func keep(_ piece: ArraySlice<UInt8>) {
    bytes += piece
    if bytes.count > limit {
      bytes.removeFirst(bytes.count - limit)
      isCut = true
    }
    guard let onLine else { return }
    for byte in piece {
      if byte != UInt8(ascii: "\n") {
        if line.count < Self.longestLine { line.append(byte) }
        continue
      }
      onLine(VisibleText.decoding(line))
      line = []
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
