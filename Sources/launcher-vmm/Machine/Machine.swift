import AsyncLoop
import CShims
import Channel
import Glibc
import Glog
import Instances
import JSON
import Linux
import Loop
import Settings

/// A QEMU that runs: its process, its monitor and its console.
@LoopActor final class Machine {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  static let qmpSocketName = "socket"
  /// Seconds from the start of QEMU to its answer on QMP: software emulation on a busy node takes a few.
  private static let startDeadline = 60.0
  /// Seconds for an answer of a machine that runs.
  nonisolated static let commandDeadline = 10.0
  /// Seconds to wait for a greeting at take-over before the machine counts as running but not answering.
  private static let takeoverDeadline = 5.0
  /// Seconds between attempts to reach a monitor that does not answer.
  static var reconnectDelay = 5.0
  /// Seconds that QEMU may take to end after `quit`, and after SIGKILL.
  private static let endDeadline = 10.0
  /// Bytes of QEMU's log that a failure message quotes.
  private static let quotedLog = 1024

  let instance: Identifier
  nonisolated let pid: pid_t
  private let pidfd: Descriptor
  private let folder: Descriptor
  private(set) var qmp: QMPClient?
  /// An attempt to reach its monitor is due or being made: there is one at a time, whatever QEMU does to connections.
  private var isReconnecting = false
  private var console: Recorder? {
    didSet { console?.onBytes = { [weak self] in self?.consoleServer?.show($0) } }
  }
  private var consoleServer: ConsoleServer?
  private var spiceServer: SpiceServer?
  private var output: Recorder?
  var leaving = LeavingDevices()
  /// Opened when the device of a name is gone, or the machine.
  var leavingGates: [String: Gate] = [:]
  /// Called when its monitor answers again.
  var onAnswer: (() -> Void)?
  private let endGate = Gate()
  private(set) var hasEnded = false
  /// Called once, when the process is gone.
  var onEnd: (() -> Void)?

  private init(_ instance: Identifier, pid: pid_t, pidfd: Descriptor, folder: Descriptor) {
    self.instance = instance
    self.pid = pid
    self.pidfd = pidfd
    self.folder = folder
    LoopActor.loop.onReadable(pidfd.raw) { [weak self] in self?.processEnded() }
  }

  private func processEnded() {
    guard !hasEnded else { return }
    hasEnded = true
    LoopActor.loop.forget(pidfd.raw)
    qmp?.close()
    qmp = nil
    console?.finish()
    console = nil
    output?.finish()
    output = nil
    consoleServer?.close()
    spiceServer?.close()
    for gate in leavingGates.values { gate.open() }
    endGate.open()
    onEnd?()
    onEnd = nil
  }

  /// Lets go of a machine that goes on running.
  func release() {
    LoopActor.loop.forget(pidfd.raw)
    onEnd = nil
    onAnswer = nil
    qmp?.close()
    console?.finish()
    output?.finish()
  }

  // MARK: start

  /// Starts QEMU in an instance's folder and returns when it answers on QMP; `onProcess` is called before that, when
  /// there is a process.
  static func start(
    _ task: SpawnTask, of instance: Identifier, in folder: InstanceStore.Folder, tap: Descriptor?,
    volumes: [Descriptor] = [], spawner: SpawnerClient<SpawnTask>, input: Descriptor, onProcess: (pid_t) -> Void
  ) async throws(Failure) -> Machine {
    let child: ChildProcess
    var recorder: Recorder?
    do {
      let qmp = try UnixSocket.listener(qmpSocketName, in: folder.handle)
      let console = try UnixSocket.listener(Recorder.serialSocketName, in: folder.handle)
      let output = try Recorder.makeOutputPipe(in: folder.handle)
      recorder = Recorder.output(in: folder.handle)
      StopPoint.socketsMade.reach()
      child = try await spawner.spawn(
        task, [input, output, output, qmp, console] + (tap.map { [$0] } ?? []) + volumes)
      onProcess(child.pid)
      StopPoint.machineStarted.reach()
    } catch {
      recorder?.close()
      throw Failure(description: "start QEMU: \(error)")
    }
    let machine = Machine(instance, pid: child.pid, pidfd: child.pidfd, folder: folder.handle)
    machine.output = recorder
    do {
      machine.console = .console(in: folder.handle)
      try await machine.openMonitor(until: .after(seconds: startDeadline))
      return machine
    } catch {
      child.signal(SIGKILL)
      let end = await child.waitForEnd(until: .after(seconds: endDeadline))
      machine.release()
      let fate = end.map { "it \($0)" } ?? "it does not end"
      throw Failure(description: "QEMU did not come up (\(error)): \(fate): \(quoteLog(in: folder.handle))")
    }
  }

  private static func quoteLog(in folder: Descriptor) -> String {
    guard let file = try? Descriptor.open(Recorder.outputLogName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, in: folder),
      let size = try? Int(file.status().st_size), size > 0,
      let bytes = try? file.read(at: max(0, size - quotedLog), count: quotedLog)
    else { return "it said nothing" }
    return VisibleText.decoding(bytes)
  }

  // MARK: take-over

  /// What is left of a machine after a restart of launcher.
  struct Found {
    fileprivate let instance: Identifier
    let folder: InstanceStore.Folder
    /// nil: it was being started when launcher ended, and who it is will be known by its greeting.
    let machine: Machine?
    /// nil: nobody listens at its monitor's socket.
    fileprivate let monitor: QMPClient?
    fileprivate let events: EventForwarder
  }

  /// Looks for the machine of an instance after a restart of launcher; nil when none runs.
  ///
  /// It is known by the recorded process and its start time, also when its monitor hangs. Without a record its
  /// monitor's socket is the proof of life: nobody listens there once QEMU is gone, and the kernel names the process
  /// that greets.
  static func find(_ instance: Identifier, in folder: InstanceStore.Folder, recorded run: InstanceFile.Run?) -> Found? {
    var machine: Machine?
    if case .process(let run) = run { machine = adopt(instance, run.pid, folder) { isAlive(run) } }
    let events = EventForwarder()
    do {
      let monitor = try QMPClient(
        qmpSocketName, in: folder.handle, onEvent: { events.machine?.event($0, $1) },
        onClose: { events.machine?.monitorLost() })
      return Found(instance: instance, folder: folder, machine: machine, monitor: monitor, events: events)
    } catch {
      guard let machine else { return nil }
      log.warning("\(instance): process \(machine.pid) runs, but \(error)")
      return Found(instance: instance, folder: folder, machine: machine, monitor: nil, events: events)
    }
  }

  /// Connects to the machine that was found; nil when it has ended meanwhile.
  static func takeOver(_ found: Found) async -> Machine? {
    var answers = false
    do {
      // A machine that is not recorded was being started when launcher ended: it may take its time.
      try await found.monitor?.negotiate(
        until: .after(seconds: found.machine == nil ? startDeadline : takeoverDeadline))
      answers = found.monitor != nil
    } catch {
      log.warning("\(found.instance): \(error)")
    }
    let greeter = found.machine == nil ? found.monitor?.peer : nil
    let machine = found.machine ?? greeter.flatMap({ adopt(found.instance, $0, found.folder) })
    // One that did not come up closes its monitor first and ends then: its START has failed, and is not done.
    if let machine, !answers, found.machine == nil { await machine.waitForEnd(until: .after(seconds: endDeadline)) }
    guard let machine, !machine.hasEnded else {
      found.monitor?.close()
      return nil
    }
    if answers, let monitor = found.monitor {
      found.events.machine = machine
      machine.use(monitor)
    } else {
      found.monitor?.close()
      machine.reconnectLater()
    }
    machine.console = .console(in: found.folder.handle)
    machine.output = .output(in: found.folder.handle)
    return machine
  }

  private static func isAlive(_ run: InstanceFile.Run.Process) -> Bool {
    // Of a boot without a name nothing is known: such a machine is recognised by its monitor.
    !run.bootID.isEmpty && run.bootID == ProcessIdentity.bootID()
      && ProcessIdentity.startTime(of: run.pid) == run.startTime
  }

  /// `isRight` is asked when the number can no longer pass to another process unseen.
  private static func adopt(
    _ instance: Identifier, _ pid: pid_t, _ folder: InstanceStore.Folder, isRight: () -> Bool = { true }
  ) -> Machine? {
    let raw = sh_pidfd_open(pid)
    guard raw >= 0 else { return nil }
    let pidfd = Descriptor(raw)
    return isRight() ? Machine(instance, pid: pid, pidfd: pidfd, folder: folder.handle) : nil
  }

  /// What identifies the process in the instance's state file.
  var run: InstanceFile.Run? {
    ProcessIdentity.startTime(of: pid).map {
      .process(InstanceFile.Run.Process(pid: pid, startTime: $0, bootID: ProcessIdentity.bootID()))
    }
  }

  // MARK: monitor

  fileprivate final class EventForwarder {
    weak var machine: Machine?
  }

  /// Connects to the monitor and makes it take commands.
  private func openMonitor(until deadline: Moment) async throws(QMPClient.Failure) {
    let client = try QMPClient(
      Self.qmpSocketName, in: folder, onEvent: { [weak self] in self?.event($0, $1) },
      onClose: { [weak self] in self?.monitorLost() })
    do {
      try await client.negotiate(until: deadline)
    } catch {
      client.close()
      throw error
    }
    use(client)
  }

  private func use(_ client: QMPClient) {
    guard !hasEnded else { return client.close() }
    qmp?.close()
    qmp = client
  }

  private func event(_ name: String, _ data: JSONValue?) {
    log.verbose(1) { "\(instance): QMP event \(name)" }
    if let device = leaving.notice(name, data) { leavingGates[device]?.open() }
  }

  private func monitorLost() {
    // A connection that does not come up is its opener's affair.
    guard qmp?.closed != nil else { return }
    qmp = nil
    // Mostly QEMU is ending, which its pidfd tells at once; else its monitor broke and is looked for again.
    reconnectLater()
  }

  private func reconnectLater() {
    guard !isReconnecting else { return }
    isReconnecting = true
    LoopActor.loop.schedule(at: .after(seconds: Self.reconnectDelay)) { [weak self] in
      guard let self, !hasEnded else { return }
      LoopActor.start { await self.reconnect() }
    }
  }

  private func reconnect() async {
    do {
      try await openMonitor(until: .after(seconds: Self.commandDeadline))
      isReconnecting = false
      if console == nil, !hasEnded { console = .console(in: folder) }
      log.info("\(instance): QMP answers again")
      if !hasEnded { onAnswer?() }
    } catch {
      log.verbose(1) { "\(instance): \(error)" }
      isReconnecting = false
      if !hasEnded { reconnectLater() }
    }
  }

  // MARK: people

  /// Lets people at the machine in the way that the operator chose.
  func offer(_ kind: ConsoleKind) {
    guard !hasEnded else { return }
    do {
      switch kind {
      case .nc: consoleServer = try ConsoleServer(in: folder) { [weak self] in self?.console?.write($0) ?? $0.count }
      case .spice: spiceServer = try SpiceServer(in: folder) { [weak self] in try await self?.takeSpiceClient($0) }
      case .none, .window: break
      }
    } catch {
      log.error("\(instance): -with-ui=\(kind.rawValue): \(error)")
    }
  }

  private func takeSpiceClient(_ client: Descriptor) async throws(QMPClient.Failure) {
    guard let qmp else { throw .closed("its monitor does not answer") }
    let deadline = Moment.after(seconds: Self.commandDeadline)
    try await qmp.execute("getfd", ["fdname": "spice"], passing: client, until: deadline)
    // Who may open the socket in the instance's folder needs no ticket.
    try await qmp.execute(
      "add_client", ["protocol": "spice", "fdname": "spice", "skipauth": true], until: deadline)
  }

  // MARK: stop

  /// Asks the guest to power down and waits up to `grace` seconds, or until `hurry` opens. `isHurried` tells that it was
  /// opened while QEMU had not answered yet.
  func askToEnd(grace: Double, hurry: Gate, isHurried: () -> Bool) async {
    guard grace > 0, let qmp, !hasEnded else { return }
    let deadline = Moment.after(seconds: grace)
    do {
      try await qmp.execute("system_powerdown", until: deadline)
      StopPoint.powerDownAsked.reach()
      if !isHurried() { await waitForEnd(until: deadline, or: hurry) }
    } catch {
      log.warning("\(instance): ask the guest to power down: \(error)")
    }
  }

  /// Ends QEMU: by `quit`, so that its disk is flushed, else by SIGKILL. False when it is still there after that.
  func pullPlug() async -> Bool {
    if hasEnded { return true }
    if let qmp {
      _ = try? await qmp.execute("quit", until: .after(seconds: Self.commandDeadline))
      StopPoint.quitAsked.reach()
      await waitForEnd(until: .after(seconds: Self.endDeadline))
    }
    return await kill()
  }

  /// Ends QEMU by SIGKILL. False when it is still there after that.
  func kill() async -> Bool {
    if !hasEnded {
      _ = sh_pidfd_signal(pidfd.raw, SIGKILL)
      await waitForEnd(until: .after(seconds: Self.endDeadline))
    }
    return hasEnded
  }

  func waitForEnd(until deadline: Moment, or hurry: Gate? = nil) async {
    if hasEnded { return }
    guard let hurry else {
      _ = await endGate.wait(until: deadline)
      return
    }
    let either = Gate()
    for gate in [endGate, hurry] {
      LoopActor.start {
        _ = await gate.wait(until: deadline)
        either.open()
      }
    }
    _ = await either.wait(until: deadline)
  }
}
