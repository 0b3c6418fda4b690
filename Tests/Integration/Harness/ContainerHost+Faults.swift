import Foundation

extension ContainerHost {
  /// Kills dockerd, as a crash or the want of memory does. Its containerd dies with it; containers and their shims stay.
  ///
  /// dockerd takes the process that its containerd's file names for a containerd that runs, also where it is a zombie:
  /// an init reaps it at once, but not that of every machine on which tests run. So the file goes.
  func crash() async throws {
    guard let daemon else { return }
    let file = "\(folder)/exec/containerd/containerd.pid"
    let child = (try? String(contentsOfFile: file, encoding: .utf8)).flatMap { pid_t($0) }
    daemon.signal(SIGKILL)
    let isOver = try await eventually { daemon.hasEnded && child.map { !ProcessTable.exists($0) } ?? true }
    guard isOver else { throw HarnessError("dockerd or its containerd cannot be killed") }
    if child != nil { try FileManager.default.removeItem(atPath: file) }
    self.daemon = nil
  }
}
