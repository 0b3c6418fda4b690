import Foundation
import Testing

extension Integration {
  /// Any process may die at any time: the machines run on, and are managed again.
  @Suite struct CrashTests {
    /// The server's name is to be resolved, so that there is a resolver.
    private static let options = Node.Options(server: "localhost")

    @Test(arguments: Node.Role.allCases)
    func `a process that is killed comes back, and machines neither notice nor are lost`(role: Node.Role) async throws {
      try await Node.run(Self.options) { node in
        let instance = try await node.startInstance()
        let machine = try node.machine(instance)
        try await node.crash(role)
        try await node.state("active", of: instance)
        #expect(try node.machine(instance) == machine)

        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        #expect(!ProcessTable.exists(machine))
        try await node.delete(instance)
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
      }
    }

    @Test(arguments: Node.Role.allCases)
    func `a process that is killed right after the start comes back`(role: Node.Role) async throws {
      try await Node.run(Self.options) { node in
        try await node.crash(role)
        let instance = try await node.startInstance()
        try await node.delete(instance)
      }
    }

    @Test func `SIGTERM ends launcher and no machine; the next launcher manages them`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        let machine = try node.machine(instance)
        #expect(try await node.stopLauncher() == 0)
        try await node.wait("its processes to end") { node.launcherProcesses.isEmpty }
        #expect(!node.exists(node.rendezvous))
        #expect(ProcessTable.exists(machine))

        let mark = try node.mark
        try await node.startLauncher()
        let status = try await node.frame("a status", since: mark) { $0.isStatus }
        #expect(status.operand == "READY")
        try await node.state("active", of: instance)
        #expect(try node.machine(instance) == machine)
        try await node.delete(instance)
        #expect(!ProcessTable.exists(machine))
      }
    }

    @Test func `a killed launcher takes its processes along and no machine; the next one manages them`() async throws {
      try await Node.run(Self.options) { node in
        let instance = try await node.startInstance()
        let machine = try node.machine(instance)
        try await node.killLauncher()
        try await node.wait("its processes to end") { node.launcherProcesses.isEmpty }
        #expect(ProcessTable.exists(machine))

        try await node.startLauncher()
        try await node.state("active", of: instance)
        #expect(try node.machine(instance) == machine)
        try await node.delete(instance)
        #expect(!ProcessTable.exists(machine))
      }
    }

    @Test func `a machine that ended while launcher was away is found exited, and boots again`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        let machine = try node.machine(instance)
        try await node.stopLauncher()
        Foundation.kill(machine, SIGKILL)
        try await node.wait("the machine to end") { !ProcessTable.exists(machine) }
        try await node.startLauncher()
        try await node.state("exited", of: instance)
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
      }
    }

    /// Stages of a START, each told by a file that has just appeared, and the last by a process.
    enum Stage: String, CaseIterable {
      case staging = ".staging-INSTANCE"
      case overlay = ".staging-INSTANCE/image.qcow2"
      case configDrive = ".staging-INSTANCE/config.iso"
      case state = ".staging-INSTANCE/state"
      case inPlace = "INSTANCE"
      case monitor = "INSTANCE/socket"
      case output = "INSTANCE/output"
      case machine = ""

      func isReached(by instance: String, on node: Node) -> Bool {
        if self == .machine { return !node.machines(instance).isEmpty }
        let sign = rawValue.replacingOccurrences(of: "INSTANCE", with: instance)
        // What is in staging is there for milliseconds: it may have got its name since.
        let signs = sign.hasPrefix(".staging") ? [sign, instance] : [sign]
        return signs.contains { access("\(node.instances)/\($0)", F_OK) == 0 }
      }
    }

    @Test(arguments: Stage.allCases)
    func `launcher-vmm killed within a START makes one whole instance in the end, and no failure`(stage: Stage)
      async throws
    {
      try await Node.run { node in
        let payload = StartPayload()
        let instance = payload.instance
        let vmm = try node.pid(of: .vmm)
        try node.send("START", payload.text)
        let came = try await eventually(every: .zero) { stage.isReached(by: instance, on: node) }
        Foundation.kill(vmm, SIGKILL)
        #expect(came)
        try await node.wait("launcher-vmm to come back") { node.find(.vmm).map { $0 != vmm } ?? false }
        try await node.state("active", of: instance)
        try await node.settle()
        #expect(node.frames(since: 0).filter { $0.type == "ERROR" }.count == 1, "only the one of `settle`")
        #expect(try FileManager.default.contentsOfDirectory(atPath: node.instances) == [instance])
        #expect(node.machines(instance).count == 1)
        try await node.delete(instance)
        #expect(node.machines(instance).isEmpty)
      }
    }

    @Test func `launcher-vmm killed within a DELETE leaves nothing, and InstanceDeleted comes`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        let vmm = try node.pid(of: .vmm)
        let machine = try node.machine(instance)
        let mark = try node.mark
        try node.send("DELETE", of: instance)
        _ = try await eventually(every: .zero) { !ProcessTable.exists(machine) }
        Foundation.kill(vmm, SIGKILL)
        try await node.frame("InstanceDeleted", since: mark) { $0.isDeleted(instance) }
        try await node.settle()
        #expect(try FileManager.default.contentsOfDirectory(atPath: node.instances) == [])
        #expect(node.frames(since: mark).filter { $0.isDeleted(instance) }.count == 1)
        #expect(node.frames(since: mark).filter { $0.type == "ERROR" }.count == 1, "only the one of `settle`")
      }
    }
  }
}
