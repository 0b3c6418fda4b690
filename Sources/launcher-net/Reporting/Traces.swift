import AsyncLoop
import Glibc
import Glog
import Payloads
import SSNTP

/// Traces of commands that are done with: told to the scheduler with the next STATS.
@LoopActor final class Traces {
  /// Traces that wait; the first is dropped for one more.
  nonisolated static let maximum = 256
  /// Nodes and bytes of label of a trace that is told; honest paths have a handful of nodes.
  nonisolated static let maximumNodes = 32
  nonisolated static let maximumLabel = 256

  private var waiting: [TracedFrame] = []

  nonisolated init() {}

  /// What is to be called when a frame's command is done with; nil for a frame without a trace that can be told.
  func follow(_ frame: Frame) -> (() -> Void)? {
    guard frame.isTraced, let trace = frame.trace else { return nil }
    guard trace.path.count <= Self.maximumNodes, trace.label.count <= Self.maximumLabel else {
      log.warning(
        "trace of \(frame): \(trace.path.count) nodes and a label of \(trace.label.count) bytes are too much to tell:"
          + " at most \(Self.maximumNodes) and \(Self.maximumLabel)")
      return nil
    }
    var told = TracedFrame(frame, trace)
    return { [weak self] in
      told.end = GobTime.now.description
      self?.add(told)
    }
  }

  private func add(_ trace: TracedFrame) {
    if waiting.count >= Self.maximum { waiting.removeFirst() }
    waiting.append(trace)
  }

  /// The payload of a report of all that wait, which they no longer do; nil when none does.
  func takeReport() -> [UInt8]? {
    guard !waiting.isEmpty else { return nil }
    defer { waiting = [] }
    return traceReportPayload(waiting)
  }
}

extension TracedFrame {
  fileprivate init(_ frame: Frame, _ trace: FrameTrace) {
    self.init(
      label: String(decoding: trace.label, as: UTF8.self), type: frame.frameType?.description ?? "",
      operand: frame.command?.description ?? "", start: trace.start?.description ?? "",
      end: trace.end?.description ?? "",
      nodes: trace.path.map {
        Node(
          uuid: $0.uuid.description, role: $0.role.description, sent: $0.sent?.description ?? "",
          received: $0.received?.description ?? "")
      })
  }
}

extension GobTime {
  /// By the system's clock, in UTC.
  static var now: GobTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    guard let now = GobTime(unixSeconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec)) else {
      preconditionFailure("the kernel's nanoseconds are \(time.tv_nsec)")
    }
    return now
  }
}
