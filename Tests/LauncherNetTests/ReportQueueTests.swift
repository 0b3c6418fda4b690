import AsyncLoop
import Channel
import Instances
import Payloads
import SSNTP
import Testing

@testable import launcher_net

/// A queue in front of a connection that is there or not, and takes frames when it is told to.
@LoopActor private final class Scene {
  private(set) var queue: ReportQueue!
  var isConnected = false
  private var sending: [(frame: Frame, whenSent: () -> Void)] = []
  private(set) var acknowledged: [UInt64] = []

  init() {
    queue = ReportQueue(
      send: { [unowned self] make, whenSent in
        if isConnected { sending.append((make(NodeUUID(bytes: Array(repeating: 1, count: 16))!), whenSent)) }
      },
      interfaces: [], acknowledge: { [unowned self] in acknowledged.append($0) })
  }

  func connect() {
    isConnected = true
    queue.connected()
  }

  func disconnect() {
    isConnected = false
    sending = []
  }

  /// The payloads of all that waits on the connection.
  var onTheWay: [String] { sending.map { String(decoding: $0.frame.payload, as: UTF8.self) } }

  var operands: [UInt8] { sending.map(\.frame.operand) }

  /// The connection takes so many frames.
  func leave(_ count: Int) {
    let left = sending.prefix(count)
    sending.removeFirst(left.count)
    for (_, whenSent) in left { whenSent() }
  }
}

private let instance = Identifier("0a")!

private func error(_ reason: FailureReason, _ instance: Identifier?, isRestart: Bool = false) -> PayloadError {
  PayloadError(reason: reason, instance: instance, isRestart: isRestart, message: "")
}

/// What these tests do happens at once; they borrow the loop's isolation without running the loop.
private func isolated(_ body: @LoopActor () throws -> Void) rethrows {
  try withoutActuallyEscaping(body) { try unsafeBitCast($0, to: (() throws -> Void).self)() }
}

@Test func whatCouldNotBeSentIsSentInOrderOnTheNextConnection() throws {
  isolated {
    let scene = Scene()
    scene.queue.take(.start, error(.invalidPayload, nil))
    scene.queue.take(7, .failure(.stop, instance, .noInstance))
    scene.queue.take(.delete, error(.invalidData, instance))
    #expect(scene.onTheWay.isEmpty)
    scene.connect()
    let all = scene.onTheWay
    #expect(all.count == 3)
    #expect(zip(all, ["invalid_payload", "no_instance", "invalid_data"]).allSatisfy { $0.contains($1) }, "\(all)")
    // The connection ends when it has taken one of them.
    scene.leave(1)
    scene.disconnect()
    scene.connect()
    #expect(scene.onTheWay == Array(all.dropFirst()))
    #expect(scene.acknowledged.isEmpty)
    scene.leave(2)
    #expect(scene.acknowledged == [7])
    scene.disconnect()
    scene.connect()
    #expect(scene.onTheWay.isEmpty)
  }
}

@Test func aReportThatIsRepeatedIsSentOnce() {
  isolated {
    let scene = Scene()
    scene.connect()
    for _ in 0..<2 { scene.queue.take(7, .deleted(instance)) }
    #expect(scene.onTheWay.count == 1)
  }
}

@Test func failuresThatNobodyReadsAreBoundedAndTheLastAreKept() {
  isolated {
    let scene = Scene()
    scene.queue.take(7, .deleted(instance))
    scene.queue.take(.stop, error(.invalidPayload, nil))
    for _ in 0..<ReportQueue.maximumOwn { scene.queue.take(.stop, error(.invalidData, nil)) }
    scene.connect()
    let all = scene.onTheWay
    #expect(all.count == ReportQueue.maximumOwn + 1)
    #expect(all[0].contains("instance_deleted"))
    #expect(!all.contains { $0.contains("invalid_payload") })
  }
}

@Test func whatWasStoppedIsToldApartFromWhatWasDeletedAndAFailedRestartFromAFailedStart() {
  isolated {
    let scene = Scene()
    scene.connect()
    scene.queue.take(7, .stopped(instance))
    scene.queue.take(8, .restartingFailure(instance, .fullComputeNode))
    scene.queue.take(9, .failure(.start, instance, .fullComputeNode))
    scene.queue.take(.start, error(.invalidData, instance, isRestart: true))
    let failure = "instance_uuid: \"0a\"\nreason: \"full_cn\"\n"
    #expect(
      scene.onTheWay == [
        "instance_stopped:\n  instance_uuid: \"0a\"\n", failure + "restart: true\n", failure,
        "instance_uuid: \"0a\"\nreason: \"invalid_data\"\nrestart: true\n",
      ])
    #expect(scene.operands == [9, 1, 1, 1])
  }
}
