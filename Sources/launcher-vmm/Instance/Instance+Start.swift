import AsyncLoop
import Channel
import Glog
import Instances
import Linux

/// START and RESTART.
extension Instance {
  func start(_ request: Request, _ spec: InstanceSpec, _ guestData: GuestData, isRestart: Bool) async
    -> Failure?
  {
    if let file, request.isRepeated, file.request == request.number { return await resumeStart() }
    if exists && isRestart { return await startAgain(request) }
    guard !exists else {
      return isRunning
        ? Failure(reason: .alreadyRunning, cause: "it runs") : Failure(reason: .instanceExists, cause: "it exists")
    }
    if node.maintenance.isOn { return Failure(reason: .fullComputeNode, cause: Maintenance.cause) }
    guard let backend = node.backend(of: spec.kind) else {
      return Failure(reason: .launchFailure, cause: "vm_type \(spec.kind.name): \(Node.containersAreOff)")
    }
    if let obstacle = backend.obstacle(to: spec) ?? heldElsewhere(spec.volumes) {
      return Failure(reason: .launchFailure, cause: obstacle)
    }
    do {
      let image = try backend.backingImage(of: spec)
      let promise = Promise(spec, image)
      if let limit = node.limitExceeded(by: promise) {
        return Failure(reason: .fullComputeNode, cause: limit)
      }
      reserved = promise
      reservedVolumes = spec.volumes
      defer {
        reserved = nil
        reservedVolumes = VolumeList()
      }
      let place: NetworkPlace?
      (file, place) = try await Creation(
        node: node, backend: backend, file: InstanceFile(spec: spec, image: image, request: request.number),
        guestData: guestData
      ).run()
      StopPoint.created.reach()
      node.tellOfArrival(of: self)
      log.info("\(id): created from image \(spec.image?.text ?? spec.container?.image.text ?? "of a volume")")
      return await bootNew(place)
    } catch {
      return Failure(reason: Self.reason(of: error, else: .imageFailure), cause: "\(error)")
    }
  }

  private static func reason(of error: any Error, else reason: FailureReason) -> FailureReason {
    switch error {
    case is TenantNetworks.Failure: .networkFailure
    case is Unlaunchable: .launchFailure
    default: reason
    }
  }

  /// Goes on with a START that made the instance before launcher-vmm was interrupted.
  private func resumeStart() async -> Failure? {
    if !hasNeverRun { node.tellOfArrival(of: self, again: true) }
    guard hasNeverRun, !isRunning else { return nil }
    guard !node.maintenance.isOn else {
      return Failure(reason: .launchFailure, cause: Maintenance.cause, changedCensus: true)
    }
    return await bootNew(nil)
  }

  /// A START with `restart: true` of an instance that is here: it goes on as it was made, whatever the payload says of
  /// its image and resources. Its failures are START's.
  private func startAgain(_ request: Request) async -> Failure? {
    var failure = await restart(request)
    if failure?.reason == .instanceCorrupt { failure?.reason = .instanceExists }
    if failure?.reason == .launchFailure && node.maintenance.isOn { failure?.reason = .fullComputeNode }
    return failure
  }

  /// Starts an instance that a START has made; of one without its place in its network nothing is left.
  private func bootNew(_ place: NetworkPlace?) async -> Failure? {
    let failure = await boot(place, changedCensus: true)
    guard failure?.reason == .networkFailure else { return failure }
    do { try await remove() } catch { log.error("\(id): remove it again: \(error)") }
    return failure
  }

  /// Starts an instance that exists and does not run.
  /// `place` nil: what it needs of a network is attached, again.
  private func boot(_ place: NetworkPlace? = nil, changedCensus: Bool) async -> Failure? {
    guard let file else { return Failure(reason: .instanceCorrupt, cause: corruption ?? "no state") }
    guard let backend = node.backend(of: file.spec.kind) else {
      return Failure(
        reason: .launchFailure, cause: "vm_type \(file.spec.kind.name): \(Node.containersAreOff)",
        changedCensus: changedCensus)
    }
    isStarting = true
    node.announce(self)
    defer {
      isStarting = false
      node.announce(self)
    }
    do {
      let started = Moment.now
      let runner = try await backend.start(file, in: node.store.folder(of: id), place)
      await use(runner)
      StopPoint.runRecorded.reach()
      log.info("\(id): runs in \(runner.name), \(Int(started.age * 1000)) ms after its start")
      return nil
    } catch {
      removeGroup()
      return Failure(
        reason: Self.reason(of: error, else: .launchFailure), cause: "\(error)", changedCensus: changedCensus)
    }
  }

  func restart(_ request: Request) async -> Failure? {
    guard exists else { return Failure(reason: .noInstance, cause: "no such instance") }
    if isRunning { return request.isRepeated ? nil : Failure(reason: .alreadyRunning, cause: "it runs") }
    if node.maintenance.isOn { return Failure(reason: .launchFailure, cause: Maintenance.cause) }
    return await boot(changedCensus: false)
  }
}
