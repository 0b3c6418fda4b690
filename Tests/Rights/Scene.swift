import Foundation

/// Where attempts are made: folders, sockets and a process for them to be made on, all gone at the end.
final class Scene {
  /// A user that nothing else runs as, in place of those of launcher.
  static let user: uid_t = 64_117

  struct Unusable: Error, CustomStringConvertible { let description: String }

  let folder: String
  private let probe: String
  private let allowed = Result { try Listener() }
  private let other = Result { try Listener() }
  private var sockets: [Listener] = []
  /// Some attempts mount over it; true: it was not there.
  private let madeCeph = mkdir(Scene.ceph, 0o755) == 0
  private static let ceph = "/etc/ceph"
  private var victim: (run: ProbeRun, input: ProbeRun.Pipe)?

  init() throws {
    var template = Array("/tmp/launcher-rights-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Unusable(description: "make a folder in /tmp") }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    probe = "\(folder)/rights-probe"
    do {
      try copyProbe()
      try layOut()
      try startVictim()
    } catch {
      remove()
      throw error
    }
  }

  /// Ends the victim and removes the folder.
  func remove() {
    if let victim {
      close(victim.input.writing)
      _ = victim.run.waitForEnd()
    }
    sockets = []
    if madeCeph { rmdir(Self.ceph) }
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// The probe stands beside the tests' own program, unless other binaries are to be tested.
  private static func builtProbe() throws -> String {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let folder =
      ProcessInfo.processInfo.environment["LAUNCHER_BINARIES"] ?? (own as NSString).deletingLastPathComponent
    let path = "\(folder)/rights-probe"
    guard access(path, X_OK) == 0 else { throw Unusable(description: "\(path) is not there: run `swift build` first") }
    return path
  }

  /// By a process of its own: a child that some other test starts meanwhile would inherit a descriptor that writes the
  /// probe, and as long as there is one the kernel executes it for nobody.
  private func copyProbe() throws {
    let copy = try ProbeRun(
      ["/bin/cp", try Self.builtProbe(), probe], environment: [], input: nil, output: nil, errors: nil)
    guard copy.waitForEnd() == .exited(0) else { throw Unusable(description: "copy the probe to \(probe)") }
  }

  private func layOut() throws {
    guard geteuid() == 0 else { throw Unusable(description: "these tests take users and need root") }
    chmod(folder, 0o755)
    for path in ["outside", "mount", "state", "state/images", "state/instances"] { try makeFolder(path) }
    try makeFile("outside/readable", mode: 0o644)
    try makeFile("outside/writable", mode: 0o666)
    chmod("\(folder)/outside", 0o777)
    // Writable by everybody, so that it is not its owner that keeps a process from writing.
    try makeFile("state/images/image", mode: 0o666)
    try makeFile("state/images/other", mode: 0o666)
    // In place of the unit's control group.
    try makeFolder("state/groups", isInstances: true)
    try makeFolder("state/groups/vm-a", isInstances: true)
    try makeFile("state/groups/vm-a/memory.max", mode: 0o600, isInstances: true)
    for instance in ["a", "b", "e", ".staging-c"] {
      try makeFolder("state/instances/\(instance)", isInstances: true)
      for name in ["image.qcow2", "config.iso", "state"] where instance != "e" || name != "image.qcow2" {
        try makeFile("state/instances/\(instance)/\(name)", mode: 0o600, isInstances: true)
      }
    }
    chown("\(folder)/state/instances", Self.user, Self.user)
    try makeFolder("state/volumes", isInstances: true)
    try makeFile("state/volumes/0a", mode: 0o600, isInstances: true)
    // What a taken-over manager may put in the way of the spawner, and what an operator may do.
    for (link, destination) in [
      ("state/instances/d", "\(folder)/outside"), ("state/instances/.staging-d", "\(folder)/outside"),
      ("state/instances/e/image.qcow2", "../b/image.qcow2"), ("state/images/away", "../../outside/readable"),
      ("state/images/beside", "image"),
    ] {
      try FileManager.default.createSymbolicLink(atPath: "\(folder)/\(link)", withDestinationPath: destination)
    }
    guard mkfifo("\(folder)/state/images/pipe", 0o666) == 0 else { throw Unusable(description: "make a pipe") }
    sockets = [
      try Listener(path: "\(folder)/outside/socket"), try Listener(path: "\(folder)/state/instances/b/socket"),
    ]
  }

  private func makeFolder(_ path: String, isInstances: Bool = false) throws {
    try FileManager.default.createDirectory(atPath: "\(folder)/\(path)", withIntermediateDirectories: false)
    if isInstances { chown("\(folder)/\(path)", Self.user, Self.user) }
  }

  private func makeFile(_ path: String, mode: mode_t, isInstances: Bool = false) throws {
    let whole = "\(folder)/\(path)"
    try Data("x".utf8).write(to: URL(fileURLWithPath: whole))
    chmod(whole, mode)
    if isInstances { chown(whole, Self.user, Self.user) }
  }

  /// A process of the same user that lives until its input ends, also when this test is killed.
  private func startVictim() throws {
    let input = try ProbeRun.Pipe()
    let run = try start("user", "become-victim", input: input.reading, output: nil)
    close(input.reading)
    victim = (run, input)
    // It is there when it has become cat: then it can be traced and looked at like any program.
    let deadline = Date(timeIntervalSinceNow: 30)
    while (try? String(contentsOfFile: "/proc/\(run.pid)/comm", encoding: .utf8)) != "cat\n" {
      guard Date() < deadline, run.isRunning else { throw Unusable(description: "start the victim") }
      usleep(5000)
    }
    sockets.append(try Listener(path: "\0launcher-rights-\(run.pid)"))
  }

  private func start(_ process: String, _ attempt: String, input: Int32?, output: Int32?, errors: Int32? = nil) throws
    -> ProbeRun
  {
    try ProbeRun(
      [
        probe, process, String(Self.user), attempt, folder, String(victim?.run.pid ?? 0),
        String(try allowed.get().port), String(try other.get().port),
      ], environment: ["LAUNCHER_SECRET=in the environment of launcher"], input: input, output: output, errors: errors)
  }

  /// The line that the probe printed as `process`, what it and its children logged, and how it ended.
  func line(_ process: String, _ attempt: String) throws -> (line: String, log: String, end: ProbeRun.End) {
    let output = try ProbeRun.Pipe()
    let errors = try ProbeRun.Pipe()
    let run = try start(process, attempt, input: nil, output: output.writing, errors: errors.writing)
    close(output.writing)
    close(errors.writing)
    // Both are a few lines, so neither pipe fills; both end when the probe and all it started have ended.
    let line = output.drain()
    let log = errors.drain()
    return (line.trimmingCharacters(in: .newlines), log, run.waitForEnd())
  }

  func outcome(of attempt: String, as process: String) throws -> Outcome {
    let (line, log, end) = try line(process, attempt)
    if case .killed(let signal) = end { return .killed(signal) }
    guard let outcome = Outcome(line: line) else {
      throw Unusable(description: "\(attempt) as \(process): \(end), output '\(line)', log: \(log)")
    }
    return outcome
  }
}
