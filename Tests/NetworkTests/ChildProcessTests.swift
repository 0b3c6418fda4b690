import Foundation
import Instances
import TestSupport
import Testing

@testable import Networking

/// The network child as a process, confined and as a user of its own, with network-probe in place of the manager.
@Suite(.serialized) struct ChildProcessTests {
  @Test(
    "it works with CAP_NET_ADMIN alone, as a user without files, groups or sockets to make",
    arguments: [ManagerProcess.Start.asRoot, .byUnit])
  func confined(_ start: ManagerProcess.Start) throws {
    try withManager(start) { node, manager in
      manager.ask("attach a1 67d8 192.168.8.0/24 10.9.0.2 02:00:00:00:00:01 192.168.8.5")
      #expect(try manager.line() == "attached 1 1450")
      let status = try String(contentsOfFile: "/proc/\(manager.child())/status", encoding: .utf8)
      let fields = Dictionary(
        status.split(separator: "\n").map { line in
          let parts = line.split(separator: ":", maxSplits: 1)
          return (
            String(parts[0]), parts.count > 1 ? parts[1].split(whereSeparator: \.isWhitespace).map(String.init) : []
          )
        }
      ) { $1 }
      let netAdmin = "0000000000001000"
      let nothing = "0000000000000000"
      #expect(fields["CapPrm"] == [netAdmin] && fields["CapEff"] == [netAdmin] && fields["CapBnd"] == [netAdmin])
      #expect(fields["CapInh"] == [nothing] && fields["CapAmb"] == [nothing])
      #expect(fields["Uid"] == [String](repeating: "64117", count: 4) && fields["Groups"] == [])
      #expect(fields["NoNewPrivs"] == ["1"] && fields["Seccomp"] == ["2"] && fields["Threads"] == ["1"])
      manager.ask("detach a1")
      #expect(try manager.line() == "detached")
      #expect(try node.made() == [])
    }
  }

  @Test("requests that come at once make one bridge") func concurrent() throws {
    try withManager { node, manager in
      manager.ask(
        (1...10).map { "attach a\($0) 67d8 192.168.8.0/24 10.9.0.2 02:00:00:00:00:0\($0 % 10) 192.168.8.\($0)" }
          .joined(separator: "\n"))
      for number in 1...10 { #expect(try manager.line() == "attached \(number) 1450") }
      #expect(try node.made().count == 12)
      manager.ask("list")
      let listed = try (1...11).map { _ in try manager.line() }
      #expect(Set(listed) == Set((1...10).map { "present a\($0)" } + ["listed"]))
    }
  }

  @Test("what a killed one has made the next one finds, or removes; taps that are open stay open") func killed() throws
  {
    try TestNode.with { node in
      let first = try ManagerProcess(in: node.namespace)
      first.ask("attach a1 67d8 192.168.8.0/24 10.9.0.2 02:00:00:00:00:01 192.168.8.5")
      #expect(try first.line() == "attached 1 1450")
      let before = try node.made()
      // In the middle of many, wherever that is.
      first.ask(
        (2...60).map { "attach b\($0) 67d8 192.168.\($0).0/24 10.9.0.2 02:00:00:00:00:02 192.168.\($0).5" }
          .joined(separator: "\n"))
      for _ in 0..<3 { _ = try first.line() }
      kill(try first.child(), SIGKILL)
      while try !first.line().hasPrefix("lost") {}
      #expect(try node.made().isSuperset(of: before))
      let carrier = try node.namespace.ip("link", "show", "type", "tun")
      #expect(carrier.contains("LOWER_UP"), "\(carrier)")

      let second = try ManagerProcess(in: node.namespace)
      second.ask("list")
      var present: [String] = []
      while true {
        let line = try second.line()
        if line == "listed" { break }
        present.append(String(line.split(separator: " ")[1]))
      }
      #expect(present.contains("a1") && present.count >= 4)
      // Each instance that is there has all: what was half made is gone.
      #expect(try node.made().count == 3 * present.count)
      for instance in present {
        second.ask("detach \(instance)")
        #expect(try second.line() == "detached")
      }
      #expect(try node.made() == [])
      first.end()
      second.end()
    }
  }

  @Test("without a compute network it says which option names it, and what there is") func noComputeNetwork() throws {
    try TestNode.with { node in
      let manager = try ManagerProcess(in: node.namespace, computeNetwork: "172.16.0.0/12")
      manager.end()
      #expect(
        manager.errors.contains(
          "find the compute network: no interface that is up has an address in 172.16.0.0/12 (-compute-net); "
            + "there are: lo 127.0.0.1, compute 10.9.0.1"), "\(manager.errors)")
    }
  }

  private func withManager(
    _ start: ManagerProcess.Start = .asRoot, _ body: (TestNode, ManagerProcess) throws -> Void
  ) throws {
    try TestNode.with { node in
      let manager = try ManagerProcess(in: node.namespace, start)
      defer { manager.end() }
      try body(node, manager)
    }
  }
}

/// network-probe, told by its standard input what to ask of the child.
final class ManagerProcess {
  private let folder: TemporaryFolder
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let errorOutput = Pipe()
  private var buffer = ""
  private(set) var errors = ""

  enum Start {
    /// As the front end does it: the child takes its user itself.
    case asRoot
    /// As launcher-vmm.service with its drop-in: with the user, and capabilities that are ambient.
    case byUnit

    private static let capabilities = "-all,+net_admin,+setpcap"

    fileprivate var command: [String] {
      switch self {
      case .asRoot: []
      case .byUnit:
        [
          "setpriv", "--reuid=64117", "--regid=64117", "--clear-groups", "--inh-caps=\(Self.capabilities)",
          "--ambient-caps=\(Self.capabilities)", "--bounding-set=\(Self.capabilities)",
        ]
      }
    }

    fileprivate var options: [String] { self == .asRoot ? ["-user=64117:64117:64118"] : [] }
  }

  /// In a tree of files where everybody may open /dev/net/tun, as on a Debian that udev set up.
  init(in namespace: NetworkNamespace, _ start: Start = .asRoot, computeNetwork: String = "10.9.0.0/16") throws {
    folder = try TemporaryFolder()
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    // Where every user may execute it, wherever it was built.
    chmod(folder.path, 0o755)
    let probe = "\(folder.path)/network-probe"
    try NetworkNamespace.command(
      "../bin/cp", [(own as NSString).deletingLastPathComponent + "/network-probe", probe])
    process.executableURL = URL(fileURLWithPath: "/usr/sbin/ip")
    let place = "mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec \"$@\""
    process.arguments =
      ["netns", "exec", namespace.name, "/bin/sh", "-c", place, "sh"] + start.command + [
        probe, "vxlan", "-compute-net=\(computeNetwork)", "-state-dir=/a", "-logtostderr",
      ] + start.options
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errorOutput
    try process.run()
  }

  func ask(_ lines: String) { input.fileHandleForWriting.write(Data((lines + "\n").utf8)) }

  func line() throws -> String {
    while true {
      if let end = buffer.firstIndex(of: "\n") {
        defer { buffer.removeSubrange(...end) }
        return String(buffer[..<end])
      }
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { throw NetworkNamespace.Failed(description: "the manager has ended: \(errors)") }
      buffer += String(decoding: data, as: UTF8.self)
    }
  }

  func child() throws -> pid_t {
    let pid = process.processIdentifier
    let children = try String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
    guard let child = children.split(separator: " ").first.flatMap({ pid_t($0) }) else {
      throw NetworkNamespace.Failed(description: "the manager has no child")
    }
    return child
  }

  func end() {
    try? input.fileHandleForWriting.close()
    errors += String(decoding: errorOutput.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
  }

  deinit { if process.isRunning { process.terminate() } }
}
