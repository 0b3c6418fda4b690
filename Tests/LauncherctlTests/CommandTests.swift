import Foundation
import Instances
import JSON
import SSNTP
import Testing

/// The built program as a person or a script uses it.
@Suite(.serialized) struct CommandTests {
  @Test func aConnectedAgentIsShownWithWhatItReports() throws {
    let server = try TestServer()
    let agent = try TestClient.agent(server)
    try agent.sendReady()
    try agent.sendStats([firstInstance: .active, secondInstance: .exited], hostName: "box\u{1b}[2J")

    let instances = try server.eventually("instances") { $0.count == 2 }
    #expect(instances[0]["instance_uuid"] == .string(firstInstance))
    #expect(instances[0]["state"] == "active")
    #expect(instances[0]["node_uuid"] == .string(agent.uuid.description))
    #expect(instances[0]["ssh_port"] == 33_001)
    #expect(instances[1]["state"] == "exited")

    let client = try #require(server.list("clients").first)
    #expect(client["node_uuid"] == .string(agent.uuid.description))
    #expect(client["role"] == "agent")
    #expect(client["status"] == "READY")
    #expect(client["instances"] == 2)

    let stats = try #require(server.list("stats").first)
    #expect(stats["mem_total_mb"] == 2000)
    #expect(stats["load"] == -1)
    #expect(stats["hostname"] == "box\u{1b}[2J")
    #expect(stats["networks"] == [["ip": "10.0.0.2", "mac": "02:00:00:00:00:01"]])

    let table = try server.run("stats").output
    #expect(table.hasPrefix("NODE "))
    #expect(table.contains("box\\x1b[2J"))
    #expect(!table.contains("\u{1b}"))
    #expect(try server.run("instances").output.contains("\(firstInstance)  active  \(agent.uuid)  10.0.0.9:33001"))
    #expect(try server.run("clients").output.contains("CN=launcherctl agent"))
  }

  @Test func aServerOfTheOtherDialectUsesItsNumbersAndSaysWhatItLacks() throws {
    let server = try TestServer(in: nil, "-ssntp-dialect", "2018")
    let agent = try TestClient.agent(server, .v2018)
    try agent.sendStats([secondInstance: .active])
    _ = try server.eventually("instances") { $0.count == 1 }
    #expect(try server.run("delete", secondInstance).status == 0)
    let delete = try agent.receiveFrame()
    #expect(delete.command == .delete && delete.operand == 4)
    for command in ["stop", "restart"] {
      let refused = try server.run(command, secondInstance)
      #expect(refused.status != 0)
      #expect(refused.errors.contains("SSNTP of 2018 has no \(command.uppercased())"), "\(refused.errors)")
    }
    try agent.send(.error(.deleteFailure, origin: agent.uuid))
    _ = try server.awaitEvent { $0["kind"] == "error" && $0["name"] == "DeleteFailure" }
  }

  @Test func commandsReachTheirNodeWithTheExactPayload() throws {
    let server = try TestServer()
    let older = try TestClient.agent(server)
    let newer = try TestClient.agent(server)
    try older.sendStats([secondInstance: .active])
    _ = try server.eventually("instances") { $0.count == 1 }

    let sent = try server.run("start", StartFixture.path)
    #expect(sent.status == 0)
    #expect(sent.output.contains("sent START of instance \(firstInstance)"))
    #expect(sent.output.contains("to node \(newer.uuid)"))
    let start = try newer.receiveFrame()
    #expect(start.command == .start)
    #expect(try start.payload == StartFixture.bytes)

    for (command, operand) in [("stop", SSNTP.Command.stop), ("restart", .restart), ("delete", .delete)] {
      #expect(try server.run(command, secondInstance).status == 0)
      let frame = try older.receiveFrame()
      #expect(frame.command == operand)
      #expect(String(decoding: frame.payload, as: UTF8.self) == "\(command):\n  instance_uuid: \"\(secondInstance)\"\n")
    }

    let text = try String(decoding: StartFixture.bytes, as: UTF8.self)
    let json = try server.run("start", "-", "-json", "-node", older.uuid.description, input: text).json
    #expect(json["node"] == .string(older.uuid.description))
    #expect(try older.receiveFrame().payload == StartFixture.bytes)
  }

  @Test func aCommandThatHasNoNodeIsNotSent() throws {
    let server = try TestServer()
    #expect(try server.run("start", StartFixture.path).errors.contains("no agent is connected"))
    let agent = try TestClient.agent(server)
    let stop = try server.run("stop", firstInstance)
    #expect(stop.status == 1)
    #expect(stop.errors.contains("no connected agent reports instance \(firstInstance)"))
    #expect(try server.run("stop", firstInstance, "-node", NodeUUID.random().description).status == 1)
    #expect(try server.run("stop", firstInstance, "-node", agent.uuid.description).status == 0)
    #expect(try agent.receiveFrame().command == .stop)
  }

  @Test func aBadPayloadIsSentOnlyWhenThatIsAskedFor() throws {
    let server = try TestServer()
    let agent = try TestClient.agent(server)
    let path = try server.folder.write("start: {instance_uuid: ../x}\n", to: "bad.yaml")
    let refused = try server.run("start", path)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("-raw"))
    #expect(try server.run("stop", "no uuid").status == 2)

    let waiting = try server.launch(["start", path, "-raw", "-wait", "20"])
    #expect(String(decoding: try agent.receiveFrame().payload, as: UTF8.self) == "start: {instance_uuid: ../x}\n")
    try agent.sendFailure(.startFailure, "", .invalidData)
    let result = try waiting.finish()
    #expect(result.status == 1)
    #expect(result.errors.contains("StartFailure, reason invalid_data"))

    #expect(try server.run("stop", "no uuid", "-raw", "-node", agent.uuid.description).status == 0)
    #expect(String(decoding: try agent.receiveFrame().payload, as: UTF8.self) == "stop:\n  instance_uuid: no uuid\n")
  }

  @Test func waitEndsWithTheOutcome() throws {
    let server = try TestServer()
    let agent = try TestClient.agent(server)
    func outcome(
      _ arguments: [String], _ answer: () throws -> Void
    ) throws -> Program.Result {
      let program = try server.launch(arguments + ["-node", agent.uuid.description, "-wait", "20"])
      _ = try agent.receiveFrame()
      try answer()
      return try program.finish()
    }

    let started = try outcome(["start", StartFixture.path]) {
      try agent.sendStats([firstInstance: .pending])
      try agent.sendStats([firstInstance: .active])
    }
    #expect(started.status == 0)
    #expect(started.output.hasSuffix("instance \(firstInstance): active\n"))

    let failed = try outcome(["start", StartFixture.path]) {
      try agent.sendFailure(.startFailure, secondInstance, .fullComputeNode)
      try agent.sendFailure(.startFailure, firstInstance, .instanceExists)
    }
    #expect(failed.status == 1)
    #expect(failed.errors == "instance \(firstInstance): StartFailure, reason instance_exists\n")

    let stopped = try outcome(["stop", firstInstance, "-json"]) { try agent.sendStats([firstInstance: .exited]) }
    #expect(stopped.status == 0)
    let line = try #require(stopped.output.split(separator: "\n").last)
    let json = try JSONValue(parsing: Array(line.utf8), limits: JSONLimits(bytes: 1000))
    #expect(json["success"] == true && json["outcome"] == "exited")

    let restarted = try outcome(["restart", firstInstance]) {
      try agent.sendFailure(.restartFailure, firstInstance, .instanceCorrupt)
    }
    #expect(restarted.status == 1)
    #expect(restarted.errors.contains("RestartFailure, reason instance_corrupt"))

    #expect(try outcome(["delete", firstInstance]) { try agent.sendDeleted(firstInstance) }.status == 0)
    let notDeleted = try outcome(["delete", firstInstance]) {
      try agent.sendFailure(.deleteFailure, firstInstance, .noInstance)
    }
    #expect(notDeleted.status == 1)
    #expect(notDeleted.errors.contains("no_instance"))
  }

  @Test func aVolumeIsAttachedAndDetachedAndTheOutcomeToldOfThatVolumeAlone() throws {
    let server = try TestServer()
    let agent = try TestClient.agent(server)
    let (volume, other) = ("0e5f1c0a-7a34-4c11-9b0a-5f7a3f3f6c52", "1e5f1c0a-7a34-4c11-9b0a-5f7a3f3f6c52")
    let nowhere = try server.run("attach", firstInstance, volume)
    #expect(nowhere.status == 1 && nowhere.errors.contains("no connected agent reports instance \(firstInstance)"))
    try agent.sendStats([firstInstance: .active])
    _ = try server.eventually("instances") { $0.count == 1 }
    let commands: [(String, InstanceCommand, SSNTP.Command, before: [String], after: [String])] = [
      ("attach", .attachVolume, .attachVolume, [other], [other, volume]),
      ("detach", .detachVolume, .detachVolume, [volume, other], [other]),
    ]
    for (name, command, operand, before, after) in commands {
      func outcome(_ answer: () throws -> Void) throws -> Program.Result {
        let program = try server.launch([name, firstInstance, volume, "-wait", "20"])
        let frame = try agent.receiveFrame()
        #expect(frame.command == operand)
        #expect(
          String(decoding: frame.payload, as: UTF8.self) == """
            \(name)_volume:
              instance_uuid: \(firstInstance)
              volume_uuid: \(volume)
              workload_agent_uuid: \(agent.uuid)

            """)
        try agent.sendVolumeFailure(command, firstInstance, other, .invalidData)
        try agent.sendVolumeFailure(command, secondInstance, volume, .invalidData)
        try answer()
        return try program.finish()
      }
      let done = try outcome {
        try agent.sendStats([firstInstance: .active], volumes: before)
        try agent.sendStats([firstInstance: .active], volumes: after)
      }
      #expect(done.status == 0 && done.output.hasSuffix("instance \(firstInstance): \(name)ed\n"), "\(done)")
      let reason: FailureReason = command == .attachVolume ? .alreadyAttached : .notAttached
      let failed = try outcome { try agent.sendVolumeFailure(command, firstInstance, volume, reason) }
      #expect(failed.status == 1)
      #expect(
        failed.errors.contains("instance \(firstInstance): \(operand)Failure, reason \(reason.name)"),
        "\(failed.errors)")

      for operands in [["no uuid", volume], [firstInstance, "no uuid"], [firstInstance]] {
        #expect(try server.launch([name] + operands).finish().status == 2)
      }
      #expect(try server.run(name, "x", "y", "-raw", "-node", agent.uuid.description).status == 0)
      #expect(
        String(decoding: try agent.receiveFrame().payload, as: UTF8.self)
          .hasPrefix("\(name)_volume:\n  instance_uuid: x\n  volume_uuid: y\n"))
    }
  }

  @Test func aNodeIsEvacuatedAndRestoredAndAnInstanceTakenFromIt() throws {
    let server = try TestServer()
    let agent = try TestClient.agent(server)
    func outcome(
      _ arguments: [String], _ command: SSNTP.Command, _ payload: String, _ answer: () throws -> Void
    ) throws -> Program.Result {
      let program = try server.launch(arguments + ["-wait", "20"])
      let frame = try agent.receiveFrame()
      #expect(frame.command == command)
      #expect(String(decoding: frame.payload, as: UTF8.self) == payload)
      try answer()
      return try program.finish()
    }

    let node = agent.uuid.description
    let evacuated = try outcome(
      ["evacuate", node], .evacuate, "evacuate:\n  workload_agent_uuid: \"\(node)\"\n"
    ) {
      try agent.sendReady()
      try agent.sendReady(.maintenance)
    }
    #expect(evacuated.status == 0)
    #expect(evacuated.output.hasSuffix("bytes) to node \(node)\nnode: MAINTENANCE\n"))
    let client = try #require(server.list("clients").first)
    #expect(client["status"] == "MAINTENANCE")

    let restored = try outcome(["restore", node], .restore, "restore:\n  workload_agent_uuid: \"\(node)\"\n") {
      try agent.sendReady(.full)
    }
    #expect(restored.status == 0)
    #expect(restored.output.hasSuffix("node: FULL\n"))

    let payload = "delete:\n  instance_uuid: \"\(firstInstance)\"\n  stop: true\n"
    let taken = try outcome(["delete", "-stop", firstInstance, "-node", node], .delete, payload) {
      try agent.sendStopped(firstInstance)
    }
    #expect(taken.output.hasSuffix("instance \(firstInstance): InstanceStopped\n"))

    #expect(try server.run("evacuate", "node").status == 2)
    #expect(try server.run("restore", NodeUUID.random().description).errors.contains("is not connected"))
    #expect(try server.run("restore", node, "-wait", "50ms").status == 3)
  }

  @Test func waitEndsWithStatusThreeWhenNothingIsHeard() throws {
    let server = try TestServer()
    let agent = try TestClient.agent(server)
    let result = try server.run("delete", firstInstance, "-wait", "50ms", "-node", agent.uuid.description)
    #expect(result.status == 3)
    #expect(result.errors.contains("timed out"))
    #expect(result.errors.contains(firstInstance))
  }

  @Test func eventsFollowShowsWhatHappensALineEach() throws {
    let server = try TestServer()
    let program = try server.launch(["events", "--follow", "--json"])
    let agent = try TestClient.agent(server)
    try agent.sendReady()
    try agent.sendFailure(.stopFailure, firstInstance, .alreadyStopped)
    try agent.sendDeleted(firstInstance)
    try agent.send(.event(.tenantAdded, origin: agent.uuid, payload: Array("tenant_added: {agent_ip: 10.0.0.1}".utf8)))
    try agent.send(.status(.full, origin: agent.uuid, payload: Array("- not a report".utf8)))
    agent.close()

    var entries: [JSONValue] = []
    for _ in 0..<8 {
      entries.append(try JSONValue(parsing: Array(program.line().utf8), limits: JSONLimits(bytes: 10_000)))
    }
    #expect(
      entries.map { $0["kind"]?.string }
        == ["connected", "status", "error", "event", "event", "unreadable", "status", "disconnected"])
    #expect(entries.allSatisfy { $0["node"] == .string(agent.uuid.description) })
    #expect(entries.allSatisfy { $0["time"]?.string?.hasSuffix("Z") == true })
    #expect(entries[1]["name"] == "READY")
    #expect(entries[2]["name"] == "StopFailure")
    #expect(entries[2]["instance"] == .string(firstInstance))
    #expect(entries[2]["reason"] == "already_stopped")
    #expect(entries[3]["name"] == "InstanceDeleted")
    #expect(entries[3]["instance"] == .string(firstInstance))
    #expect(entries[4]["payload"] == ["tenant_added": ["agent_ip": "10.0.0.1"]])

    let table = try server.run("events").output
    #expect(table.hasPrefix("TIME "))
    #expect(table.contains("error StopFailure"))
    #expect(table.split(separator: "\n").count == 9)
  }

  @Test func aCommandIsInTheJournal() throws {
    let server = try TestServer()
    let agent = try TestClient.agent(server)
    try server.run("stop", firstInstance, "-node", agent.uuid.description)
    let entry = try server.awaitEvent { $0["kind"] == "sent" }
    #expect(entry["name"] == "STOP")
    #expect(entry["instance"] == .string(firstInstance))
  }

  @Test func withoutAServerACommandSaysHowToStartOne() throws {
    let folder = try Folder()
    for arguments in [["clients"], ["events", "-follow"], ["stop", firstInstance]] {
      let result = try Program(arguments + ["-dir", folder.path]).finish()
      #expect(result.status == 1)
      #expect(result.errors.contains("launcherctl serve"))
      #expect(result.output.isEmpty)
    }
  }

  @Test func aFollowerIsToldThatTheServerEnded() throws {
    let server = try TestServer()
    let program = try server.launch(["events", "-follow"])
    _ = try program.line()
    server.program.signal(SIGTERM)
    let result = try program.finish()
    #expect(result.status == 1)
    #expect(result.errors.contains("server ended"))
  }

  @Test func aWrongCommandLineExitsWithTwo() throws {
    for arguments in [
      [], ["bogus"], ["clients", "x"], ["clients", "-bogus"], ["serve", "-listen", "0.0.0.0:1"], ["certs"],
    ] {
      let result = try Program(arguments).finish()
      #expect(result.status == 2, "\(arguments)")
      #expect(!result.errors.isEmpty && result.output.isEmpty)
    }
    for arguments in [["help"], ["--help"], ["help", "start"], ["start", "x", "-help"]] {
      let result = try Program(arguments).finish()
      #expect(result.status == 0, "\(arguments)")
      #expect(result.output.contains("usage: launcherctl") && result.errors.isEmpty)
    }
  }
}
