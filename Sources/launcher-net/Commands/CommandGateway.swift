import AsyncLoop
import Channel
import Glog
import Instances
import Linux
import Payloads
import SSNTP

/// Turns the scheduler's commands into requests for launcher-vmm, and keeps each until launcher-vmm is done with it:
/// when launcher-vmm ends in between, its next run gets them again.
@LoopActor final class CommandGateway {
  private struct Open {
    let number: UInt64
    let make: (Request) -> NetToVMM
    /// What it keeps in memory files.
    let bytes: Int
    let whenDone: (() -> Void)?
    /// launcher-vmm may know of it.
    var wasSent = false
  }

  /// Bytes of user-data and meta-data that open requests may keep; one alone may exceed it.
  static let memoryBudget = 64 * 1_048_576

  /// In order of arrival.
  private var open: [Open] = []
  private var openBytes = 0
  private let room = Gate()
  /// How many connections have been lost.
  private var losses = 0
  private var nextNumber = UInt64.random(in: 0..<UInt64.max / 2)
  private let network: NodeNetwork
  private let node: NodeUUID
  private let send: (NetToVMM) -> Bool
  private let fail: (InstanceCommand, PayloadError) -> Void

  /// `send` gives a message to launcher-vmm, and says whether it is there; `fail` tells the scheduler of a payload that is no good.
  init(
    network: NodeNetwork, node: NodeUUID,
    send: @escaping (NetToVMM) -> Bool, fail: @escaping (InstanceCommand, PayloadError) -> Void
  ) {
    self.network = network
    self.node = node
    self.send = send
    self.fail = fail
  }

  /// Takes a command's payload from a scheduler; returns when there is room for the next one. `whenDone` is called when
  /// the command is carried out or has failed.
  func take(
    _ command: InstanceCommand, _ payload: [UInt8], from host: SchedulerHost? = nil, whenDone: (() -> Void)? = nil
  ) async {
    do {
      let (make, bytes) = try request(command, payload, host)
      await keep(make, bytes, whenDone)
      log.step("request-sent")
    } catch let error as PayloadError {
      log.error("\(command.name): \(error)")
      fail(command, error)
      whenDone?()
    } catch {
      log.error("\(command.name): \(error)")
      fail(command, PayloadError(reason: .invalidData, instance: nil, message: "\(error)"))
      whenDone?()
    }
  }

  /// Takes a command to the node itself. One that is no good, or another node's, changes nothing: SSNTP knows no failure
  /// of these.
  func take(_ command: NodeCommand, _ payload: [UInt8]) async {
    do {
      let target = try parseNode(payload, of: command)
      guard NodeUUID(target.text) == node else {
        return log.error("\(command.name): it is for node \(target), this is node \(node): nothing changes")
      }
    } catch {
      return log.error("\(command.name): \(error): nothing changes")
    }
    switch command {
    case .evacuate: await keep({ .evacuate($0) }, 0)
    case .restore: await keep({ .restore($0) }, 0)
    }
  }

  /// The scheduler's connection is lost: what waits for room goes with it, since what comes behind it cannot be read.
  func connectionLost() {
    losses += 1
    room.open()
  }

  /// Keeps a request when there is room for it, and sends it.
  private func keep(_ make: @escaping (Request) -> NetToVMM, _ bytes: Int, _ whenDone: (() -> Void)? = nil) async {
    let before = losses
    while open.count >= NetToVMM.maximumInFlight || (!open.isEmpty && openBytes + bytes > Self.memoryBudget) {
      _ = await room.wait()
      guard losses == before else {
        log.warning("\(open.count) commands are in hand: the one that waited went with its connection")
        whenDone?()
        return
      }
    }
    open.append(Open(number: nextNumber, make: make, bytes: bytes, whenDone: whenDone))
    openBytes += bytes
    nextNumber += 1
    send(at: open.count - 1)
  }

  private func send(at index: Int) {
    let request = Request(number: open[index].number, isRepeated: open[index].wasSent)
    if send(open[index].make(request)) { open[index].wasSent = true }
  }

  private func request(_ command: InstanceCommand, _ payload: [UInt8], _ host: SchedulerHost?) throws -> (
    make: (Request) -> NetToVMM, bytes: Int
  ) {
    switch command {
    case .start:
      let start = try parseStart(payload, for: network)
      let userData = try SealedMemory.make("user-data", start.userData)
      let metaData = try start.metaData.map { try SealedMemory.make("meta-data", $0) }
      let scheduler = network == .nn ? host : nil
      return (
        {
          .start(
            $0, start.spec, userData: userData, metaData: metaData, scheduler: scheduler, isRestart: start.isRestart)
        },
        start.userData.count + (start.metaData?.count ?? 0)
      )
    case .stop:
      let instance = try parseTarget(payload, of: command)
      return ({ .stop($0, instance) }, 0)
    case .restart:
      let instance = try parseTarget(payload, of: command)
      return ({ .restart($0, instance) }, 0)
    case .delete:
      let delete = try parseDelete(payload)
      return ({ delete.isStop ? .withdraw($0, delete.instance) : .delete($0, delete.instance) }, 0)
    case .attachVolume:
      let target = try parseVolumeTarget(payload, of: command, nodeUUID: node.description)
      return ({ .attachVolume($0, target.instance, volume: target.volume) }, 0)
    case .detachVolume:
      let target = try parseVolumeTarget(payload, of: command, nodeUUID: node.description)
      return ({ .detachVolume($0, target.instance, volume: target.volume) }, 0)
    }
  }

  func completed(_ number: UInt64) {
    log.step("request-completed")
    guard let index = open.firstIndex(where: { $0.number == number }) else { return }
    open.remove(at: index).whenDone?()
    openBytes = open.reduce(0) { $0 + $1.bytes }
    room.open()
  }

  /// Sends what is open to a new run of launcher-vmm.
  func sendAll() {
    for index in open.indices { send(at: index) }
    if !open.isEmpty { log.info("\(open.count) open commands given to launcher-vmm") }
  }
}
